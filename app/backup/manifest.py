"""What an archive holds: `manifest.json`, its last member. An archive without it was not finished. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from domain import Instant, Lane

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1


class ArchivedFile(Struct, frozen=True):
    """A file of the data directory: path in it, size in bytes and SHA-256 as hexadecimal digits."""

    name: str
    bytes: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """The files, and what shows that they belong together: every position is at most `journal`.

    `checkpoint` and `history` are the journal positions up to which engine state and history are saved; the journal
    replays the rest. `schema`: newest migration of the database. `readings`: whether the history's are in it.
    """

    format: int = FORMAT
    at: Instant
    version: str
    schema: str
    journal: int
    checkpoint: dict[Lane, int]
    history: dict[Lane, int]
    readings: bool
    files: Sequence[ArchivedFile]

    @property
    def total_bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def encode(manifest: Manifest) -> bytes:
    """As indented JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def decode(content: bytes) -> Manifest:
    """Inverse of `encode`. Raises ValueError for another format."""
    found = msgspec.json.decode(content, type=Manifest)
    if found.format != FORMAT:
        raise ValueError(f"its format is {found.format}, this version reads {FORMAT}")
    return found


def inconsistencies(manifest: Manifest) -> Iterator[str]:
    """Positions that do not fit: a state ahead of the journal, or a history behind the state."""
    for what, positions in (("engine state", manifest.checkpoint), ("history", manifest.history)):
        for lane, pos in positions.items():
            if pos > manifest.journal:
                yield f"the {what} is at {pos} of lane {lane.value}, the journal ends at {manifest.journal}"
    for lane, pos in manifest.checkpoint.items():
        if manifest.history and manifest.history.get(lane, 0) < pos:
            yield f"the history is at {manifest.history.get(lane, 0)} of lane {lane.value}, the engine state at {pos}"

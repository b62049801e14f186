"""A restored data directory is a copy: until a person says that it takes over, no service works on it.

It has the signing key, the broker's session, the open alerts and the ledger's address of the service that it was made
of. Beside that one it would take its messages away, call people a second time and answer its watchdog. See
docs/decisions/0090.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.backup.archive import sync_folder
from app.errors import UserError
from app.private_files import write_private

MARKER: Final = "restored-copy"
"""A file in a data directory: this is a copy, and which archive it was made of."""


class NoCopy(UserError):
    """The data directory waits for no takeover."""


def mark_as_copy(data: Path, origin: str) -> None:
    """Write the marker; `origin` says what it was restored from."""
    write_private(data / MARKER, origin + "\n")
    sync_folder(data)


def origin_of_copy(data: Path) -> str | None:
    """What a copy was restored from; None for a data directory that is at work, or was taken over."""
    try:
        return (data / MARKER).read_text("utf-8", "replace").strip() or "?"
    except FileNotFoundError:
        return None


def take_over(data: Path) -> str:
    """From now on the copy is the service: one that waits on it goes on within a second. Raises NoCopy."""
    origin = origin_of_copy(data)
    if origin is None:
        raise NoCopy(f"{data} waits for no takeover: a restored copy has the file {MARKER}")
    (data / MARKER).unlink()
    sync_folder(data)
    return origin

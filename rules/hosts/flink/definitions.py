"""JobDefinitions: kinds, rulebooks and options of a job, in one file that its submitter writes and its workers read."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domain.kind import Kind
from rules.hosts.keyed.migration import version_of
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import dump_rulebooks, load_rulebooks

FORMER_MAX: Final = 10
"""A key without an event or a timer since so many changes keeps its findings until its next event; then those of rules
that are gone are forgotten without a word."""


class JobDefinitions(Struct):
    """What the rules of a job are made of. `emit_shadow`: findings of rules in shadow are emitted, as in trials.
    `former`: the rulebooks of earlier jobs, newest first; states of a savepoint are migrated from them.
    """

    kinds: dict[str, Kind]
    books: list[Rulebook]
    zone: str = "Asia/Shanghai"
    emit_shadow: bool = False
    former: list[list[Rulebook]] = []

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def dump(self) -> bytes:
        """The definitions as JSON."""
        kinds = {
            name: kind.model_dump(mode="json", exclude_defaults=True, by_alias=True, context={"as_written": True})
            for name, kind in self.kinds.items()
        }
        books = msgspec.Raw(dump_rulebooks(self.books))
        former = [msgspec.Raw(dump_rulebooks(one)) for one in self.former]
        plain = {"kinds": kinds, "books": books, "zone": self.zone, "emit_shadow": self.emit_shadow, "former": former}
        return msgspec.json.encode(plain)

    def after(self, earlier: JobDefinitions) -> JobDefinitions:
        """These, for a job that goes on from a savepoint of a job of the earlier ones."""
        known = {version_of(one): one for one in (earlier.books, *earlier.former)}
        known.pop(version_of(self.books), None)
        return replace(self, former=list(known.values())[:FORMER_MAX])

    @classmethod
    def load(cls, written: bytes) -> JobDefinitions:
        """Raises ValueError for definitions that this version cannot read."""
        plain = msgspec.json.decode(written)
        return cls(
            {name: Kind.model_validate(kind) for name, kind in plain["kinds"].items()},
            load_rulebooks(msgspec.json.encode(plain["books"])),
            plain["zone"],
            plain["emit_shadow"],
            [load_rulebooks(msgspec.json.encode(one)) for one in plain.get("former", ())],
        )

    @classmethod
    def read(cls, path: str) -> JobDefinitions:
        """From a file that every worker can read."""
        return cls.load(Path(path).read_bytes())

"""What a change of the registry did, and the version number that every change increments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from secrets import token_urlsafe
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from domain import Instant
from store.database.system import key_values, versions

_VERSION: Final = "registry_version"
_LOG: Final = "registry_change_log"
IDS_MAX: Final = 500
"""Of one change; more are recorded as a change of the whole table."""
LOGGED_IDS_MAX: Final = 2_000
"""Of all changes that are kept: the log is written again with each change, while alerts wait."""
ENTRIES_MAX: Final = 64

_Entry = tuple[int, str, list[str] | None, str]
"""Version, table, ids of the changed rows, and a token by which the change is known: after a server was put back to an
earlier instant, the same version number means another change."""


class _Log(Struct, frozen=True):
    """The latest changes. `lineage` is the same while every change was recorded."""

    lineage: str = ""
    entries: list[_Entry] = []

    @property
    def last(self) -> tuple[int, str]:
        """Version and token of the change recorded last."""
        return (self.entries[-1][0], self.entries[-1][3]) if self.entries else (0, "")


class RegistryChanges(Struct, frozen=True):
    """Ids by what a `put_*` function did to them."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.removed)


def registry_version(tx: Connection) -> int:
    """A number that every change of devices, places, cells, people or duties increments."""
    return int(key_values.get(tx, _VERSION, 0))


def bump_version(tx: Connection, now: Instant, table: str, ids: Iterable[str]) -> int:
    """Increment the version after a change of these rows of a table; returns the new one."""
    before, log = registry_version(tx), _log(tx)
    key_values.put(tx, _VERSION, before + 1, now)
    changed = list(ids)
    entry: _Entry = (before + 1, table, changed if len(changed) <= IDS_MAX else None, token_urlsafe(9))
    is_continued = log.last[0] == before
    kept = _newest([*log.entries, entry] if is_continued else [entry])
    lineage = log.lineage if is_continued and log.entries else entry[3]
    key_values.put(tx, _LOG, {"lineage": lineage, "entries": kept}, now)
    versions.record_version(tx, versions.REGISTRY, str(before + 1), now)
    return before + 1


def change_lineage(tx: Connection) -> str | None:
    """The same while every change was recorded; None after a change by a program that records none."""
    log = _log(tx)
    return log.lineage if log.last[0] == registry_version(tx) else None


def begin_lineage(tx: Connection, now: Instant) -> None:
    """Record changes from this version on, where an earlier version of the program recorded none."""
    if change_lineage(tx) is None:
        bump_version(tx, now, "places", ())


def last_change(tx: Connection) -> str:
    """The token of the present version."""
    return _log(tx).last[1]


def changed_since(tx: Connection, version: int, token: str) -> dict[str, set[str] | None] | None:
    """Ids of the rows that changed since a version, by table; None in place of ids: any row may have changed. None in
    place of all: any row of any table, because not every change since is known."""
    log = _log(tx)
    if log.last[0] != registry_version(tx):
        return None
    if log.last == (version, token):
        return {}
    known = [number for number, entry in enumerate(log.entries) if (entry[0], entry[3]) == (version, token)]
    if not known:
        return None
    found: dict[str, set[str] | None] = {}
    for _, table, ids, _token in log.entries[known[0] + 1 :]:
        before = found.setdefault(table, set())
        found[table] = None if before is None or ids is None else before | set(ids)
    return found


def _log(tx: Connection) -> _Log:
    """A log of another form is none: whoever reads changes then reads everything."""
    try:
        return msgspec.convert(key_values.get(tx, _LOG, {}), _Log)
    except msgspec.ValidationError:
        return _Log()


def _newest(entries: Sequence[_Entry]) -> list[_Entry]:
    """The latest entries, the one of now in any case."""
    kept, ids = list[_Entry](), 0
    for entry in reversed(entries[-ENTRIES_MAX:]):
        ids += len(entry[2] or ())
        if kept and ids > LOGGED_IDS_MAX:
            break
        kept.append(entry)
    return kept[::-1]

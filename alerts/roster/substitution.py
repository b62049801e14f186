"""Who works in place of whom: overrides of a roster, and absences.

Of several overrides for one person the newest is followed. An override with a substitute comes before a leave without
one, so that an arrangement is not lost by a leave registered after it. A substitute may be replaced in turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain import Instant
from domain.rosters import Override, OverrideKind

LEAVE: Final = OverrideKind.LEAVE


class Substitution(Struct, frozen=True):
    """The person who works (None: nobody), and the overrides that made it so, first to last."""

    person: str | None
    overrides: tuple[Override, ...] = ()


class Substitutes:
    """The overrides in force at an instant, and the people whom an absence takes off duty."""

    def __init__(self, overrides: Mapping[str, Sequence[Override]], absent: Collection[str], at: Instant) -> None:
        self._overrides, self._absent, self._at = overrides, absent, at

    def is_away(self, person: str) -> bool:
        """Whether an absence or a leave takes the person off duty everywhere."""
        return person in self._absent or any(override.kind is LEAVE for override in self._active(person))

    def resolve(self, person: str, cell: str, role: str, replaced: tuple[str, ...] = ()) -> Substitution:
        """Who works in place of a person in a role for a cell; `replaced` are those whose turn it was before."""
        candidates = [
            override
            for override in self._active(person)
            if override.cell in (None, cell)
            and override.role in (None, role)
            and override.substitute not in (*replaced, person)
        ]
        if not candidates:
            return Substitution(None if person in self._absent else person)
        for override in candidates:
            if override.substitute is not None:
                found = self.resolve(override.substitute, cell, role, (*replaced, person))
                if found.person is not None:
                    return Substitution(found.person, (override, *found.overrides))
        return Substitution(None, (candidates[0],))

    def _active(self, person: str) -> list[Override]:
        """The overrides of a person that hold now, the one to follow first."""
        if person not in self._overrides:
            return []
        held = [one for one in self._overrides[person] if one.since <= self._at < one.until]
        return sorted(held, key=lambda one: (one.substitute is not None, one.made_at, one.id), reverse=True)

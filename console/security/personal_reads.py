"""Which reads of personal data are written to the audit trail: the first of a reader and a person in ten minutes.

The desk reads an alert again with each of its events; an entry for every one would bury the trail.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain import MINUTE, Instant

SAME_READ_MS: Final = 10 * MINUTE
PAIRS_MAX: Final = 100_000
"""Pairs of reader and person that are remembered; the oldest are forgotten first, and then written once more."""


class PersonalReads:
    """Remembers who read whose data lately. In memory: a restart writes some reads again."""

    def __init__(self) -> None:
        self._read_at: dict[tuple[str, str], Instant] = {}

    def unrecorded(self, reader: str, people: Iterable[str], now: Instant) -> list[str]:
        """Those of the people whose data this reader has not read in the last ten minutes; they count as read now."""
        before = now - SAME_READ_MS
        new = [one for one in dict.fromkeys(people) if self._read_at.get((reader, one), before) <= before]
        for person in new:
            self._read_at.pop((reader, person), None)
            self._read_at[reader, person] = now
        while len(self._read_at) > PAIRS_MAX:
            self._read_at.pop(next(iter(self._read_at)))
        return new

"""The times when nobody could be heard: our restart, a link down, a dead gateway. They do not count as silence. It
knows no devices; times are arrival (journal) times.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import MINUTE, SECOND, Instant

MOST_OUTAGES: Final = 1_000
"""Older ones are forgotten; by then every device was heard again or told absent."""
HEARD_AGAIN_MS: Final = 5 * SECOND
"""So long after an outage what was said meanwhile may still be on its way from the broker."""


class Outages(Struct):
    """Closed outages in order, never overlapping, and one that may still be open."""

    closed: list[tuple[Instant, Instant]] = []
    open_since: Instant | None = None

    def note(self, begin: Instant, end: Instant | None) -> None:
        """An outage that is over, or with `end` None one that has begun."""
        if end is None:
            self.open_since = begin if self.open_since is None else min(begin, self.open_since)
            return
        if self.open_since is not None and end >= self.open_since:
            begin, self.open_since = min(begin, self.open_since), None
        self._merge(begin, end)

    def _merge(self, begin: Instant, end: Instant) -> None:
        apart = [known for known in self.closed if known[1] < begin or known[0] > end]
        touching = [known for known in self.closed if known[1] >= begin and known[0] <= end]
        whole = (min([begin, *(b for b, _ in touching)]), max([end, *(e for _, e in touching)]))
        self.closed = sorted([*apart, whole])[-MOST_OUTAGES:]

    def beside(self, others: Outages, after: Instant) -> Outages:
        """These, and the closed ones of others that ended later than `after`."""
        both = Outages(self.closed, self.open_since)
        for begin, end in others.closed:
            if end > after:
                both._merge(begin, end)
        return both

    def deadline(self, heard: Instant, patience_ms: int) -> Instant:
        """When a silence that began at `heard` has lasted `patience_ms`, closed outages not counted."""
        due = heard + patience_ms
        for begin, end in self.closed:
            if end > heard and begin < due:
                due += end - max(begin, heard)
        return due

    def heard_again(self, due: Instant) -> Instant | None:
        """When a wait that was over in an outage, or right after it, may be believed; None when there was none.

        While an outage lasts nothing is postponed: nobody knows how long it will, and a danger may stand.
        """
        settled = (end + HEARD_AGAIN_MS for begin, end in self.closed if begin <= due < end + HEARD_AGAIN_MS)
        return next(settled, None)

    def postponed(self, due: Instant) -> Instant | None:
        """While nobody can be heard no silence is over: look again a minute later. None when we can hear."""
        return due + MINUTE if self.open_since is not None and self.open_since <= due else None

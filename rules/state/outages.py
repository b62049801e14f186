"""Intervals in which nothing could be received: a restart, a lost link, a silent gateway. They do not count as silence.
Times are arrival times.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import MINUTE, SECOND, Instant

MAX_OUTAGES: Final = 1_000
"""Older ones are dropped; by then every device was received again or reported absent."""
SETTLE_MS: Final = 5 * SECOND
"""How long after an outage earlier readings may still be on their way from the broker."""


class Outages(Struct):
    """Closed outages in order, never overlapping, and one that may still be open."""

    closed: list[tuple[Instant, Instant]] = []
    open_since: Instant | None = None

    def record(self, begin: Instant, end: Instant | None) -> None:
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
        self.closed = sorted([*apart, whole])[-MAX_OUTAGES:]

    def merged_with(self, others: Outages, after: Instant) -> Outages:
        """These, and of others an open one and the closed ones that ended later than `after`."""
        begun = [since for since in (self.open_since, others.open_since) if since is not None]
        both = Outages(self.closed, min(begun, default=None))
        for begin, end in others.closed:
            if end > after:
                both._merge(begin, end)
        return both

    def deadline(self, since: Instant, allowed_silence_ms: int) -> Instant:
        """When a silence since `since` (arrival time) has lasted `allowed_silence_ms`, closed outages not counted."""
        due = since + allowed_silence_ms
        for begin, end in self.closed:
            if end > since and begin < due:
                due += end - max(begin, since)
        return due

    def outage_ms(self, since: Instant, until: Instant) -> int:
        """For how long nothing could be received between two instants, an open outage included."""
        total, counted_to = 0, since
        still_open = [] if self.open_since is None else [(self.open_since, until)]
        for begin, end in sorted([*self.closed, *still_open]):
            begin, end = max(begin, counted_to), min(end, until)
            if end > begin:
                total, counted_to = total + end - begin, end
        return total

    def settle_time(self, due: Instant) -> Instant | None:
        """When a wait that elapsed in an outage, or right after it, may be completed; None without one.

        An open outage postpones nothing: its end is unknown, and a danger may be active.
        """
        settled = (end + SETTLE_MS for begin, end in self.closed if begin <= due < end + SETTLE_MS)
        return next(settled, None)

    def retry_time(self, due: Instant) -> Instant | None:
        """While an outage is open no silence is judged: the time of the next check, a minute later. None without an
        outage.
        """
        return due + MINUTE if self.open_since is not None and self.open_since <= due else None

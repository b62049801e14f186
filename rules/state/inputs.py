"""The values a rule was last evaluated with, kept where time or another finding alone may change the result: for
dangers that are held back (outside their schedule, or inhibited) and for active findings.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from domain import Instant, Value
from rules.state.outages import Outages

Measured = dict[str, tuple[Instant, Value]]
"""By quantity: when it was measured, and its value."""


class RuleInputs(Struct, array_like=True):
    """What one rule was judged by. `at`: event time up to which its answer is known; `edge`: when time changes it."""

    measured: Measured
    at: Instant
    edge: Instant | None = None
    unlatched: bool = False
    """A named person reset it while it was still dangerous: the next all-clear ends it, as if the rule had no latch."""

    @property
    def newest_measurement(self) -> Instant | None:
        """When the last of the values was measured; None where no value is needed (absences, groups)."""
        return max((at for at, _ in self.measured.values()), default=None)

    def current_values(self, outages: Outages, allowed_silence_ms: int, at: Instant) -> dict[str, Value]:
        """The values that may still be believed: the device is not silent for longer than its reporting plan allows."""
        kept = self.measured.items()
        return {name: value for name, (since, value) in kept if outages.deadline(since, allowed_silence_ms) > at}


class PendingReevaluation(Struct, array_like=True):
    """Of one device or group: the inputs of those rules that must be judged again without a reading, and when.

    `at` is the event time of that, `due` its journal time: a batch of yesterday passes the edges of yesterday.
    """

    inputs: dict[str, RuleInputs]
    at: Instant = 0
    due: Instant | None = None

    def schedule_next_edge(self, now: Instant) -> None:
        """The next edge of any of its rules."""
        edges = [one.edge for one in self.inputs.values() if one.edge is not None]
        self.at = min(edges, default=0)
        self.due = max(self.at, now) if edges else None

    def request_at(self, at: Instant, now: Instant) -> None:
        """Another finding began or ended: its answers may be others now."""
        self.at = at if self.due is None or self.due > now else min(self.at, at)
        self.due = now


def merge_late(known: Mapping[str, tuple[Instant, Value]], values: Mapping[str, Value], at: Instant) -> Measured:
    """The newest values, where a late reading is newer for a stored quantity."""
    later = {name: (at, values[name]) for name, (since, _) in known.items() if name in values and at > since}
    return {**known, **later}

"""A restart in mixed states, a few devices of each: benchmarks/restart.py does the same with 100,000."""

from __future__ import annotations

from benchmarks.restart import DOWN_MS, STATES, compared
from rules.state.outages import SETTLE_MS


def test_a_restart_loses_nothing_tells_nothing_twice_and_nothing_later_than_it_was_down() -> None:
    outcome = compared(80 * len(STATES))
    assert (outcome.lost, outcome.twice) == (0, 0)
    # What the broker kept comes a moment after the service: until then no hold of the downtime is believed.
    assert 0 < outcome.late_ms_max <= DOWN_MS + SETTLE_MS
    assert all(outcome.states.get(phase) for phase in ("pending", "firing", "clearing", "stale"))
    assert outcome.false == {}

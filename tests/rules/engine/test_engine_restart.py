"""A restart in mixed states, a few devices of each: benchmarks/restart.py does the same with 100,000."""

from __future__ import annotations

from benchmarks.restart import DOWN_MS, STATES, compare_engines
from rules.state.outages import SETTLE_MS


def test_a_restart_loses_and_repeats_no_finding_and_delays_none_beyond_its_downtime() -> None:
    outcome = compare_engines(80 * len(STATES))
    assert (outcome.lost, outcome.twice) == (0, 0)
    # The backlog of the broker arrives shortly after the start: until then no hold completes within the downtime.
    assert 0 < outcome.late_ms_max <= DOWN_MS + SETTLE_MS
    assert all(outcome.states.get(phase) for phase in ("pending", "firing", "clearing", "stale"))
    assert outcome.false == {}

"""The short form of `python -m benchmarks.crash`: kill -9 under full load, counted to the last reading and finding."""

from __future__ import annotations

from benchmarks.crash import disturbed


def test_after_kills_each_reading_is_in_the_history_once_and_the_findings_are_those_of_a_quiet_run() -> None:
    with_kills, without = disturbed(kills=3, each=15_000, seed=7, log=False)

    assert (0, 0) == (with_kills.lost, with_kills.repeated)
    assert (0, 0) == (without.lost, without.repeated)
    assert (0, 0) == (with_kills.untold, without.untold)
    assert without.findings == with_kills.findings

"""The short form of `python -m benchmarks.crash`: kill -9 under full load, every reading and finding counted."""

from __future__ import annotations

import pytest

from benchmarks.crash import run_with_and_without_kills


@pytest.mark.thorough
def test_after_kills_each_reading_is_stored_once_and_the_findings_are_those_of_a_run_without_kills() -> None:
    with_kills, without = run_with_and_without_kills(kills=2, readings_per_kill=2_500, seed=7, log=False, devices=50)

    assert (0, 0) == (with_kills.lost, with_kills.repeated)
    assert (0, 0) == (without.lost, without.repeated)
    assert (0, 0) == (with_kills.missing_alarms, without.missing_alarms)
    assert without.findings == with_kills.findings

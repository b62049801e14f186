"""How the rules of a run stood at an instant, as it was recorded."""

from pathlib import Path

from alerts.handling.finding_status import FindingStatus
from app.score.recorded_run import (
    RecordedArrival,
    RecordedDay,
    RecordedRules,
    RuleChange,
    read_recorded,
    write_recorded,
)
from rules.lifecycle.transitions import Phase

FINDING = "gas-alarm@1/device:gas-1/1795269600000"


def change(at: int, phase: str, received: int, rule: str = "gas-alarm") -> RuleChange:
    return RuleChange(at, rule, "gas-1", Phase(phase), received)


def status(changes: list[RuleChange], now: int, received_since: int | None = None) -> FindingStatus:
    return RecordedRules(changes, lambda: now).finding_status(FINDING, "gas-1", received_since)


def test_a_finding_is_active_while_its_rule_fires_and_its_device_was_received_since():
    changes = [change(100, "firing", 99), change(200, "firing", 199), change(300, "clearing", 299)]
    changes += [change(400, "firing", 399), change(500, "stale", 399), change(600, "quiet", 599)]
    assert status(changes, 150) is FindingStatus.ACTIVE
    assert status(changes, 150, 99) is FindingStatus.NOT_RECEIVED
    assert status(changes, 250, 99) is FindingStatus.ACTIVE
    assert status(changes, 350) is FindingStatus.NOT_RECEIVED, "while clearing"
    assert status(changes, 450) is FindingStatus.ACTIVE
    assert status(changes, 550) is FindingStatus.NOT_RECEIVED
    assert status(changes, 650) is FindingStatus.OVER


def test_what_changes_at_an_instant_is_known_after_it():
    changes = [change(100, "firing", 99)]
    assert status(changes, 100) is FindingStatus.OVER
    assert status(changes, 101) is FindingStatus.ACTIVE
    assert status([change(100, "firing", 99, rule="gas-high")], 101) is FindingStatus.OVER


def test_all_days_of_a_run_are_recorded_or_none_counts(tmp_path: Path):
    day = RecordedDay([RecordedArrival(100, [])], [change(100, "firing", 99)])
    write_recorded(tmp_path, 1, day)
    assert read_recorded(tmp_path, 2) is None, "its first day was run before days were recorded"
    write_recorded(tmp_path, 0, RecordedDay())
    assert read_recorded(tmp_path, 2) == [RecordedDay(), day]

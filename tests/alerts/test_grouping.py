"""What joins and what opens: one story, but every door with a life behind it stands alone."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from alerts.alert import Alert, State
from alerts.storm import STORM_WINDOW_MS, Why, join, raises
from domain import Ledger, Severity, Subject

START = 1_767_333_900_000


def like(finding: Any, number: int = 1, **changes: Any) -> Alert:
    plain = Alert(
        id=number,
        rule=finding.rule,
        title=finding.title,
        hazard=finding.hazard,
        severity=finding.severity,
        ledger=finding.ledger,
        subject=finding.subject,
        started_at=START,
        opened_at=START,
        updated_at=START,
        device=finding.device,
        building="b3",
    )
    return replace(plain, **changes)


def elsewhere(finding: Any, number: int, **changes: Any) -> Alert:
    return like(finding, number, subject=Subject("device", f"other-{number}"), device=f"other-{number}", **changes)


def test_the_same_subject_and_the_same_device_join(finding: Any) -> None:
    one = finding()
    same = join(one, "b3", [like(one)], START)
    assert same is not None
    assert same.why is Why.SAME_SUBJECT
    device = join(one, None, [like(one, rule="gas-high")], START)
    assert device is not None
    assert device.why is Why.SAME_DEVICE


def test_nothing_joins_what_is_settled_or_in_the_other_ledger(finding: Any) -> None:
    one = finding()
    assert join(one, "b3", [like(one, state=State.RESOLVED), like(one, ledger=Ledger.HEALTH)], START) is None


def test_without_a_device_only_the_subject_joins(finding: Any) -> None:
    one = finding(device=None)
    assert join(one, None, [like(one, rule="other", device=None)], START) is None


def test_critical_alerts_of_one_building_stand_alone(finding: Any) -> None:
    one = finding()
    assert join(one, "b3", [elsewhere(one, n) for n in range(2, 9)], START) is None


def test_from_the_fourth_on_lesser_dangers_of_one_building_join_the_first(finding: Any) -> None:
    one = finding(severity=Severity.HIGH)
    near = [elsewhere(one, n) for n in (7, 5, 6)]
    joined = join(one, "b3", near, START)
    assert joined is not None
    assert (joined.why, joined.alert.id) == (Why.SAME_BUILDING, 5)
    assert join(one, "b3", near[:2], START) is None
    assert join(one, None, near, START) is None
    assert join(one, "b3", near, START + STORM_WINDOW_MS + 1) is None


def test_broken_devices_of_one_building_are_one_story_at_once(finding: Any) -> None:
    one = finding(severity=Severity.MEDIUM, ledger=Ledger.HEALTH)
    joined = join(one, "b3", [elsewhere(one, 2)], START)
    assert joined is not None


def test_only_a_worse_finding_raises(finding: Any) -> None:
    alert = like(finding(), severity=Severity.HIGH)
    assert raises(finding(), alert)
    assert not raises(finding(severity=Severity.HIGH), alert)

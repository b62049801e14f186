"""Types and data of events: what counts as a change, and that no person is in it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alerts.alert import State
from alerts.exchange.case_events import CASE_TYPES, case_data, case_event_type, finding_data, location_data
from alerts.exchange.messages import AlertChange
from domain import Finding, FindingPhase, Ledger, Place, Severity, Subject
from domain.people import community
from tests.alerts.exchange.builders import T0, an_alert

PLACES = (
    Place("garden", "枫林苑", "小区", lon=104.08, lat=30.657, datum="CGCS2000", attributes={"admin_code": "510104"}),
    Place("b3", "3栋", "楼栋", "garden"),
)
COMMUNITY = community(PLACES)


def test_a_new_alert_and_every_state_have_a_type() -> None:
    assert case_event_type(AlertChange(None, an_alert())) == "cn.fengshao.case.opened.v1"
    assert set(CASE_TYPES) == set(State)
    changed = AlertChange(an_alert(), an_alert(state=State.ON_SITE))
    assert case_event_type(changed) == "cn.fengshao.case.arrived.v1"


@pytest.mark.parametrize(
    ("change", "is_event"),
    [
        ({"severity": Severity.LOW}, True),
        ({"title": "火情"}, True),
        ({"stale": True}, True),
        ({"returned_to": "street"}, True),
        ({"climb_at": T0 + 1}, False),
        ({"rung": 3, "updated_at": T0 + 5}, False),
    ],
)
def test_only_what_others_can_see_is_a_change(change: dict[str, Any], is_event: bool) -> None:
    kind = case_event_type(AlertChange(an_alert(), an_alert(**change)))

    assert kind == ("cn.fengshao.case.updated.v1" if is_event else None)


def test_the_data_names_place_and_times_and_no_person() -> None:
    alert = an_alert(
        place="b3", owner="w-zhang", owner_name="张三", due_at=T0 + 1_000, description="王小明家 13800138000",
        title="燃气味，13800138000", merged_into=7,
    )  # fmt: skip
    data = case_data(AlertChange(an_alert(), alert), COMMUNITY)
    text = msgspec.json.encode(data).decode()

    assert data["location"] == {
        "place": "b3",
        "address": "枫林苑3栋402",
        "latitude": 30.657,
        "longitude": 104.08,
        "datum": "WGS-84",
        "admin_code": "510104",
    }
    assert (data["opened_at"], data["deadline_at"]) == ("2026-11-21T14:05:00Z", "2026-11-21T14:05:01Z")
    assert (data["title"], data["merged_into"], data["previous_state"]) == ("燃气味，***", "7", "open")
    assert not {"张三", "w-zhang", "13800138000", "王小明"} & set(text.replace('"', " ").replace("，", " ").split())


def test_an_unknown_place_has_no_coordinates() -> None:
    assert location_data(COMMUNITY, None, "")["latitude"] is None
    elsewhere = community([Place("x", "点", "点位", lon=1.0, lat=1.0, datum="?")])
    assert location_data(elsewhere, "x", "")["longitude"] is None


@pytest.mark.parametrize(("subject", "named"), [("device", True), ("person", False)])
def test_a_finding_about_a_person_has_no_id(subject: str, named: bool) -> None:
    finding = Finding(
        id="band-sos@1/person:r-1/0", rule="band-sos", version="1", phase=FindingPhase.ENDED, hazard="person",
        title="求助", severity=Severity.HIGH, ledger=Ledger.DANGER, subject=Subject(subject, "r-1"), begin=T0, at=T0,
        now=T0, place="b3",
    )  # fmt: skip
    data = finding_data(finding, COMMUNITY)

    assert (data["id"] is not None) == named
    assert "r-1" not in msgspec.json.encode({**data, "id": None}).decode()
    assert (data["phase"], data["location"]["address"]) == ("ended", "枫林苑3栋")

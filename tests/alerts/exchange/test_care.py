"""Events for a care platform: only with consent, of one person, without others."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from alerts.alert import State
from alerts.exchange.care import FIELDS, CareEventType, care_event, care_person, event_type, to_csv
from domain import Device, Evidence, Ledger, Person, Place, Subject
from domain.people import community
from tests.alerts.exchange.builders import T0, an_alert

WANG = Person("r-wang", "王小明", "13800138000", home="door", attributes={"care_consent": True, "care_id": "YL-81"})
SILENT = Person("r-li", "李四", home="other", attributes={"care_consent": "yes"})
COMMUNITY = community([Place("door", "402", "户"), Place("other", "403", "户")], people=[WANG, SILENT])
BAND = Device("band", "wristband", attributes={"person": "r-wang"})
SOS: dict[str, Any] = {"rule": "band-sos", "hazard": "person", "subject": Subject("person", "r-wang"), "place": "door"}


@pytest.mark.parametrize(
    ("changes", "device", "exported"),
    [
        ({}, None, True),
        ({"subject": Subject("device", "band")}, BAND, True),
        ({"exercise": True}, None, False),
        ({"ledger": Ledger.HEALTH}, None, False),
        ({"hazard": "gas"}, None, False),
        ({"subject": Subject("person", "r-li")}, None, False),
        ({"subject": Subject("device", "x"), "place": None}, None, False),
    ],
)
def test_only_a_person_who_consented_is_exported(
    changes: dict[str, Any], device: Device | None, exported: bool
) -> None:
    assert (care_person(COMMUNITY, an_alert(**{**SOS, **changes}), device) is WANG) is exported


def test_where_two_live_behind_a_door_nothing_is_exported() -> None:
    two = community([Place("door", "402", "户")], people=[WANG, Person("r-2", "王大", home="door")])

    assert care_person(two, an_alert(**{**SOS, "subject": Subject("device", "smoke")}), None) is None


@pytest.mark.parametrize(
    ("rule", "evidence", "expected"),
    [
        ("band-sos", (), CareEventType.SOS),
        ("button-medical", (), CareEventType.SOS),
        ("band-fall-still", (), CareEventType.FALL),
        ("band-heart-rate", (), CareEventType.VITALS),
        ("home-no-motion", (), CareEventType.INACTIVITY),
        ("door-unused", (), CareEventType.INACTIVITY),
        ("band-geofence", (), CareEventType.OTHER),
        ("our-own", (Evidence("x", 1), Evidence("spo2_pct", 85, "%")), CareEventType.VITALS),
    ],
)
def test_the_type_follows_the_quantity_else_the_rule(rule: str, evidence: Any, expected: CareEventType) -> None:
    assert event_type(an_alert(rule=rule, evidence=evidence)) is expected


def test_an_event_has_the_outcome_and_no_name() -> None:
    evidence = (Evidence("heart_rate_bpm", 150, "bpm", at=T0), Evidence("worn", True))
    alert = an_alert(**SOS, state=State.CLOSED, disposition="false_alarm", taken_at=T0, evidence=evidence)
    event = care_event(alert, WANG)

    assert tuple(event) == FIELDS
    assert (event["person_id"], event["status"], event["outcome"], event["false_alarm"]) == (
        "YL-81", "closed", "false_alarm", True
    )  # fmt: skip
    assert event["measurements"][0] == {
        "quantity": "heart_rate_bpm", "value": 150, "unit": "bpm", "at": "2026-11-21T14:05:00Z"
    }  # fmt: skip
    assert "王小明" not in str(event)
    assert care_event(an_alert(**SOS), SILENT)["person_id"] == "r-li"


def test_the_table_has_the_same_fields_and_runs_no_formula() -> None:
    evidence = (Evidence("heart_rate_bpm", 150, "bpm"), Evidence("sos", True))
    event = care_event(an_alert(**{**SOS, "rule": "=cmd()"}, evidence=evidence, disposition="real"), WANG)
    header, row = list(csv.reader(io.StringIO(to_csv([event]))))

    values = dict(zip(header, row, strict=True))
    assert tuple(header) == FIELDS
    assert (values["rule"], values["measurements"], values["false_alarm"], values["resolved_at"]) == (
        "'=cmd()", "heart_rate_bpm=150 bpm;sos=True", "false", ""
    )  # fmt: skip

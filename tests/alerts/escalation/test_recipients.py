"""Who a recipient is: the roster, the nearest of equal rank, volunteers, family, the person's own doctor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.alert import Alert
from alerts.escalation.policy import Recipient, Responsibility
from alerts.escalation.recipients import RecipientFinder
from app.config.catalog import built_in_roles
from domain import DAY, Cell, Duty, Person, Place
from domain.people import community
from domain.roles import RoleKind
from tests.alerts.conftest import START
from tests.alerts.escalation.test_ladder_choice import ALERT

AT = {"datum": "WGS-84"}
HERE = {**AT, "lat": 30.65, "lon": 104.08}
NEAR = {**AT, "lat": 30.651, "lon": 104.08}
FAR = {**AT, "lat": 30.70, "lon": 104.08}
PLACED = replace(ALERT, place="h", cell="grid")


def groups(
    people: Sequence[Person],
    duties: Sequence[Duty] = (),
    concerned: Sequence[Person] = (),
    alert: Alert = PLACED,
    **recipient: Any,
) -> list[list[str]]:
    known = community(
        [Place("h", "402", "household", "b"), Place("b", "3栋", "building", None, "grid", 104.08, 30.65, "WGS-84")],
        [
            Cell("street", "街道", "street"),
            Cell("grid", "网格", "grid", "street"),
            Cell("next", "邻格", "grid", "street"),
        ],
        [*people, *concerned],
        duties,
    )
    finder = RecipientFinder(known, built_in_roles(), START, ZoneInfo("Asia/Shanghai"), 1_800_000)
    found = finder.groups(alert, Recipient(channels=("sms",), **recipient), concerned)
    return [[person.id for person in group] for group in found]


def test_the_nearest_worker_of_equal_rank_is_called_first() -> None:
    """Row 15: with `at_most: 1` the nearer one first, then the other; the deputy after both."""
    people = [
        Person("a", "甲", attributes=FAR),
        Person("b", "乙", attributes=HERE),
        Person("c", "丙"),
        Person("d", "丁", attributes=HERE),
    ]
    duties = [Duty(p.id, "grid", "worker", p.id, rank=1 if p.id == "d" else 0) for p in people]
    assert groups(people, duties, role="worker", at_most=1) == [["b"], ["a"], ["c"], ["d"]]
    assert groups(people, duties, role="worker") == [["b", "a", "c"], ["d"]]
    assert groups(people, duties, role="worker", within_m=200) == [["b"], ["d"]]


def test_volunteers_of_the_cells_above_are_asked_too_and_with_a_distance_those_of_any_cell() -> None:
    consent = {"consent": True}
    people = [
        Person("here", "甲", attributes={**consent, **HERE}),
        Person("above", "乙", attributes={**consent, **NEAR}),
        Person("next", "丙", attributes={**consent, **NEAR}),
        Person("home", "戊", home="h", attributes=consent),
        Person("gone", "己", attributes=consent),
    ]
    cells = {"here": "grid", "above": "street", "next": "next", "home": "street", "gone": "street"}
    duties = [Duty(name, cell, "volunteer", name) for name, cell in cells.items()]
    duties += [Duty("twice", "grid", "volunteer", "here", rank=3), Duty("x", "grid", "volunteer", "nobody")]
    duties += [Duty("off", "street", "volunteer", "gone", absent=True)]
    duties += [Duty("old", "street", "volunteer", "next", until=START - DAY)]
    duties += [Duty("fire", "street", "volunteer", "next", hazards=("fire",))]
    assert groups(people, duties, role="volunteer") == [["here", "home", "above"]]
    assert groups(people, duties, role="volunteer", within_m=500) == [["here", "home", "above", "next"]]
    assert groups(people, duties, role="volunteer", within_m=50) == [["here", "home"]]
    nowhere = replace(PLACED, place=None)
    assert groups(people, duties, alert=nowhere, role="volunteer", within_m=500) == []


def test_family_and_the_persons_own_caregiver() -> None:
    elder = Person("e", "赵", home="h", attributes={"caregiver": "own", "doctor": "nobody-known"})
    people = [
        Person("son", "子", attributes={"family_of": "e", "consent": True}),
        Person("niece", "侄", attributes={"family_of": "e"}),
        Person("own", "护工"),
        Person("other", "护工二"),
        Person("doc", "医生"),
    ]
    duties = [
        Duty("1", "grid", "caregiver", "other"),
        Duty("2", "grid", "caregiver", "own"),
        Duty("3", "grid", "doctor", "doc"),
    ]
    assert groups(people, duties, [elder], role="family") == [["son"]]
    assert groups(people, duties, [elder], role="caregiver") == [["own"], ["other"]]
    assert groups(people, duties, [elder], role="doctor") == [["doc"]]
    away = [*duties, Duty("4", "street", "caregiver", "own", absent=True)]
    assert groups(people, away, [elder], role="caregiver") == [["other"]]


def test_a_person_is_not_called_about_himself_and_a_drill_reaches_staff_only() -> None:
    helper = Person("v", "何", attributes={"consent": True})
    duties = [
        Duty("1", "grid", "volunteer", "v"),
        Duty("2", "grid", "worker", "v"),
        Duty("3", "grid", "gas_company", "v"),
    ]
    assert groups([helper], duties, role="volunteer") == [["v"]]
    assert groups([], duties, [helper], role="volunteer") == []
    drill = replace(PLACED, exercise=True)
    assert groups([helper], duties, alert=drill, role="volunteer") == []
    assert groups([helper], duties, alert=drill, role="gas_company") == []
    assert groups([helper], duties, alert=drill, role="worker") == [["v"]]


def test_a_role_that_no_file_defines_is_treated_as_staff() -> None:
    finder = RecipientFinder(community(), {}, START, ZoneInfo("Asia/Shanghai"), 0)
    assert finder.kind("volunteer") is RoleKind.STAFF
    assert Recipient(role="x", channels=("sms",)).responsibility is Responsibility.RESPONSIBLE

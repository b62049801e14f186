"""Absences, last-resort people, lines for one hazard."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.roster.on_duty import first_on_duty, last_resort_people, on_duty
from domain import DAY, HOUR, Cell, Duty, Person
from domain.people import Community, community

TZ = ZoneInfo("Asia/Shanghai")
NOON = int(datetime(2026, 1, 2, 12, tzinfo=TZ).timestamp() * 1000)
CELLS = [Cell("street", "街道", "street"), Cell("c", "社区", "community", "street"), Cell("grid", "网格", "grid", "c")]
PEOPLE = [Person("a", "甲", "19900000001"), Person("b", "乙", "19900000002"), Person("c", "丙", "19900000003")]


def registry_with(*duties: Duty) -> Community:
    return community(cells=CELLS, people=PEOPLE, duties=duties)


def ids_on_duty(duties: tuple[Duty, ...], cell: str = "grid", role: str = "worker", now: int = NOON) -> list[str]:
    return [person.id for person in on_duty(registry_with(*duties), cell, role, now, TZ)]


# -- absences -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["street", "c", "grid"])
@pytest.mark.parametrize("role", ["worker", "lead"])
def test_a_leave_registered_at_another_cell_or_role_applies(cell: str, role: str) -> None:
    duty, deputy = Duty("1", "grid", "worker", "a"), Duty("2", "grid", "worker", "b", rank=1)
    absence = Duty("3", cell, role, "a", absent=True)
    assert ids_on_duty((duty, deputy, absence)) == ["b"]


def test_an_override_does_not_call_an_absent_person() -> None:
    override = Duty("1", "grid", "worker", "a", since=NOON - HOUR, until=NOON + HOUR)
    plain = Duty("2", "c", "worker", "b")
    absence = Duty("3", "street", "street", "a", since=NOON - DAY, until=NOON + DAY, absent=True)
    assert ids_on_duty((override, plain, absence)) == ["b"]


def test_an_absence_applies_at_its_hours_only() -> None:
    duty = Duty("1", "grid", "worker", "a")
    lunch = Duty("2", "street", "worker", "a", from_minute=12 * 60, to_minute=13 * 60, absent=True)
    assert ids_on_duty((duty, lunch)) == []
    assert ids_on_duty((duty, lunch), now=NOON + HOUR) == ["a"]


# -- the last resort ------------------------------------------------------------------------------------------------


def test_last_resort_people_are_called_in_order_without_absent_ones_unless_all_are() -> None:
    def last_resort_ids(*duties: Duty) -> list[str]:
        return [person.id for person in last_resort_people(registry_with(*duties), ("b", "nobody", "a", "b"), NOON, TZ)]

    absence = {name: Duty(name, "grid", "worker", name, absent=True) for name in ("a", "b")}
    assert last_resort_ids() == ["b", "a"]
    assert last_resort_ids(absence["b"]) == ["a"]
    assert last_resort_ids(absence["a"], absence["b"]) == ["b", "a"]
    assert last_resort_people(registry_with(), (), NOON, TZ) == []


# -- lines for one hazard -------------------------------------------------------------------------------------------


def test_a_line_for_a_hazard_comes_before_the_general_one_of_its_cell() -> None:
    general = Duty("1", "street", "department", "a")
    fire = Duty("2", "street", "department", "b", hazards=("fire", "ebike"))
    below = Duty("3", "c", "department", "c", hazards=("water",))

    def called(*duties: Duty, hazard: str | None) -> list[str]:
        return [p.id for p in on_duty(registry_with(*duties), "grid", "department", NOON, TZ, hazard)]

    assert called(general, fire, hazard="fire") == ["b"]
    assert called(general, fire, hazard="gas") == ["a"]
    assert called(fire, hazard="gas") == []
    assert called(general, below, hazard="gas") == ["a"]
    assert called(general, below, hazard="water") == ["c"]
    assert called(general, fire, hazard=None) == ["a", "b"]


def test_a_line_for_a_hazard_whose_person_is_away_leaves_the_general_one() -> None:
    duties = (
        Duty("1", "street", "department", "a"),
        Duty("2", "street", "department", "b", hazards=("fire",)),
        Duty("3", "street", "department", "b", absent=True),
    )
    assert [p.id for p in on_duty(registry_with(*duties), "grid", "department", NOON, TZ, "fire")] == ["a"]


def test_those_called_first_anywhere_are_those_of_asking_each_cell() -> None:
    roster = registry_with(
        Duty("1", "grid", "worker", "a"),
        Duty("2", "grid", "worker", "b", rank=1),
        Duty("3", "street", "worker", "c"),
        Duty("4", "c", "worker", "a", rank=2),
        Duty("5", "c", "lead", "b"),
    )
    asked = {person.id for cell in CELLS for person in on_duty(roster, cell.id, "worker", NOON, TZ)[:1]}

    assert {person.id for person in first_on_duty(roster, "worker", NOON, TZ)} == asked == {"a", "c"}

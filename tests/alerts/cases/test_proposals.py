"""A report and an alert of a device are proposed as one thing by place, kind and time; never two devices."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Alert, AlertSource, State
from alerts.cases.proposals import NEAR_M, WINDOW_MS, Located, Nearness, position_of, proposals_for
from alerts.cases.report import PlaceSource, Report, Stage, stage_of
from domain import Ledger, Place
from domain.people import community
from tests.alerts.conftest import START, gas_finding, small_community
from tests.support.alerts import alert_of

COMMUNITY = small_community()
HERE = (30.65, 104.06)


def located(number: int, place: str | None = "402", position: Any = None, **changes: Any) -> Located:
    building = COMMUNITY.building_of(place)
    values = {"id": number, "place": place, "building": None if building is None else building.id}
    return Located(alert_of(gas_finding(), **{**values, **changes}), position)


REPORT = located(1, source=AlertSource.REPORT.value)


def nearness(about: Located, other: Located, *, hazards: tuple[str, ...] = ("gas", "fire"), apart: Any = ()) -> Any:
    found = proposals_for(about, [other], hazards, apart, COMMUNITY)
    return found[0].nearness if found else None


@pytest.mark.parametrize(
    ("place", "expected"),
    [("402", Nearness.HOUSEHOLD), ("403", Nearness.BUILDING), ("b3", Nearness.BUILDING), (None, None), ("yuan", None)],
)
def test_the_closer_the_place(place: str | None, expected: Nearness | None) -> None:
    assert nearness(REPORT, located(2, place)) is expected


def test_the_same_open_place_without_a_door() -> None:
    assert nearness(located(1, "yuan", source="report"), located(2, "yuan")) is Nearness.PLACE


def test_two_positions_near_each_other() -> None:
    report = located(1, None, HERE, source="report")
    near, far = (HERE[0] + 0.001, HERE[1]), (HERE[0] + 0.01, HERE[1])
    (proposal,) = proposals_for(report, [located(2, None, near)], ("gas",), (), COMMUNITY)
    assert (proposal.nearness, proposal.distance_m) == (Nearness.DISTANCE, 111)
    assert NEAR_M > 111
    assert nearness(report, located(2, None, far)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"hazard": "water"},
        {"state": State.CLOSED},
        {"ledger": Ledger.HEALTH},
        {"exercise": True},
        {"opened_at": START + WINDOW_MS + 1},
        {"id": 1},
    ],
)
def test_what_cannot_be_the_same_is_not_proposed(changes: dict[str, Any]) -> None:
    assert nearness(REPORT, Located(structs.replace(located(2).alert, **changes))) is None


def test_two_devices_are_never_proposed_and_a_decision_holds() -> None:
    assert nearness(located(1), located(2)) is None
    assert nearness(REPORT, located(2), apart={2}) is None
    settled = Located(structs.replace(REPORT.alert, state=State.CLOSED))
    assert nearness(settled, located(2)) is None


def test_the_closest_is_proposed_first() -> None:
    others = [located(4, "b3"), located(3, "402"), located(2, "402", opened_at=START - 5)]
    assert [one.alert for one in proposals_for(REPORT, others, ("gas",), (), COMMUNITY)] == [2, 3, 4]


def test_a_door_has_the_position_of_its_building_and_not_of_its_compound() -> None:
    places = [
        Place("yuan", "枫林苑", "compound", lon=104.0, lat=30.0),
        Place("b1", "1栋", "building", "yuan", lon=104.06, lat=30.65),
        Place("b1-1", "101", "household", "b1"),
        Place("b2", "2栋", "building", "yuan"),
        Place("b3", "3栋", "building", "yuan", lon=104.06, lat=30.65, datum="moon"),
    ]
    there = community(places=places)
    assert position_of("b1-1", there) == pytest.approx(HERE, abs=1e-7)
    assert [position_of(place, there) for place in ("b2", "b3", "nowhere", None)] == [None] * 4


def report(**changes: Any) -> Report:
    values = {"id": 1, "number": "1", "alert": 1, "category": "gas", "text": "", "created_at": START}
    return Report(**{**values, "place_source": PlaceSource.NONE, **changes})


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        (State.OPEN, {}, Stage.RECEIVED),
        (State.RETURNED, {}, Stage.RECEIVED),
        (State.SHELVED, {}, Stage.ACCEPTED),
        (State.ACKNOWLEDGED, {}, Stage.ACCEPTED),
        (State.ON_SITE, {}, Stage.ON_SITE),
        (State.RESOLVED, {}, Stage.RESOLVED),
        (State.VERIFIED, {}, Stage.COMMUNITY_VERIFIED),
        (State.CLOSED, {}, Stage.RESOLVED),
        (State.CLOSED, {"community_at": 1}, Stage.COMMUNITY_VERIFIED),
        (State.CLOSED, {"community_at": 1, "street_at": 2}, Stage.STREET_VERIFIED),
        (State.CLOSED, {"answered_at": 3}, Stage.ANSWERED),
    ],
)
def test_the_stage_a_reporter_sees(state: State, changes: dict[str, Any], expected: Stage) -> None:
    alert: Alert = structs.replace(REPORT.alert, state=state)
    assert stage_of(report(**changes), alert) is expected

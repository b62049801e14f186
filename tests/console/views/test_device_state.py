"""Counts by condition in a district, and the forecast of a battery."""

from __future__ import annotations

from console.views.device_state import (
    battery_view,
    counts_by_condition,
    in_condition,
    path_names,
    state_view,
)
from domain import DAY, Device, Place
from domain.device_summary import DeviceCondition, DeviceSummary
from domain.people import community

PLACES = {
    place.id: place
    for place in (
        Place("u1", "无", "unit", "b3"),
        Place("b3", "3栋", "building", "g"),
        Place("d402", "402", "household", "u1"),
        Place("g", "Maple苑", "compound"),
    )
}
OFFLINE = DeviceSummary(device=Device("d1", "door", place="d402"), conditions=frozenset({DeviceCondition.OFFLINE}))


def test_the_path_leaves_out_levels_that_have_no_name() -> None:
    assert path_names(community(PLACES.values()), "d402") == ["Maple苑", "3栋", "402"]


def test_counts_are_of_the_places_and_the_kind_asked_for() -> None:
    unwell = {"d1": OFFLINE}
    counted = [counts_by_condition(unwell, places, kind)["offline"] for places, kind in ((None, None), ({"g"}, None))]
    assert counted == [1, 0]
    assert counts_by_condition(unwell, {"d402"}, "gas_alarm")["offline"] == 0
    assert in_condition(unwell, DeviceCondition.OFFLINE, ["d9"]) == ["d1"]
    assert in_condition(unwell, DeviceCondition.TEST, ["d9"]) == ["d9"]


def test_a_battery_without_a_forecast_has_no_end() -> None:
    assert state_view(None, False)["battery"] is None
    assert battery_view(OFFLINE) is None
    level = DeviceSummary(device=Device("d1", "door"), battery_pct=80, battery_at=DAY)
    assert battery_view(level) == {"pct": 80, "at": DAY, "days_left": None, "empty_at": None}

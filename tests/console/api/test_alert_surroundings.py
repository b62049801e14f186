"""The doors beside an alert, who needs help behind them, and the case in outside systems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alerts.exchange.messages import CaseLink, Direction
from console.site_files_interface import PlanFile
from domain import Device, Lane, Person, Place, Reading
from store.database import registry
from store.database.exchange import cases
from tests.support.console_harness import T0, Client, ConsoleHarness


async def _neighbours(harness: ConsoleHarness) -> None:
    """A second and a tenth door in building 3, and an old woman behind the second."""
    doors = [Place(f"b3-{number}", str(number), "household", "b3") for number in (1001, 301)]
    person = Person("r-zhao", "赵秀英", None, home="b3-301", attributes={"age": 83, "lives_alone": True})
    await harness.database.write(lambda tx: registry.put_places(tx, doors, T0))
    await harness.database.write(lambda tx: registry.put_people(tx, [person], T0))
    await harness.load_community()


async def test_households_of_the_unit_are_shown_with_who_needs_help(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    await _neighbours(harness)
    alert = await harness.alert()
    found = (await admin.get(f"/api/v1/alerts/{alert}/surroundings")).json()
    assert found["unit"] == "枫林苑3栋"
    assert [(door["name"], door["here"], door["alerts"], door["in_need"]) for door in found["households"]] == [
        ("301", False, [], 1),
        ("402", True, [alert], 1),
        ("1001", False, [], 0),
    ]
    assert {note["label"]: note["value"] for note in found["households"][0]["care"]} == {"年龄": 83, "独居": True}
    read = (await admin.get("/api/v1/audit")).json()["items"][0]
    assert (read["action"], "r-zhao" in str(read["detail"])) == ("personal data read", True)
    inside = (await (await bearer("operator", place="b3-402")).get(f"/api/v1/alerts/{alert}/surroundings")).json()
    assert [door["name"] for door in inside["households"]] == ["402"], "nothing outside of the place of the token"
    viewer = (await (await bearer("viewer")).get(f"/api/v1/alerts/{alert}/surroundings")).json()
    assert [(door["in_need"], door["care"]) for door in viewer["households"]] == [(0, []), (0, []), (0, [])]


async def test_a_case_that_was_handed_over_has_its_number_and_state_there(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    await harness.load_community()
    alert = await harness.alert()
    link = CaseLink("hotline", "31", int(alert), Direction.OUT, "d", T0, T0, their_id="12345-7", state="受理")
    await harness.database.write(lambda tx: cases.save_link(tx, link))
    (case,) = (await admin.get(f"/api/v1/alerts/{alert}/surroundings")).json()["handed_over"]
    assert (case["system"], case["number"], case["state"], case["direction"]) == ("hotline", "12345-7", "受理", "out")
    other = await bearer("operator", place="court")
    assert (await other.get(f"/api/v1/alerts/{alert}/surroundings")).status_code == 404


async def test_an_alert_outside_of_a_building_has_no_doors(harness: ConsoleHarness, admin: Client) -> None:
    await harness.load_community()
    alert = await harness.alert(place="garden")
    found = (await admin.get(f"/api/v1/alerts/{alert}/surroundings")).json()
    assert (found["unit"], found["households"], found["handed_over"]) == (None, [], [])


async def test_neighbours_above_below_and_beside_say_what_their_detectors_measure(
    harness: ConsoleHarness, admin: Client
) -> None:
    doors = [Place(f"b3-{number}", str(number), "household", "b3") for number in (502, 401, 302, 602)]
    devices = [
        Device("gas-502", "gas_alarm", place="b3-502"),
        Device("motion-502", "motion", place="b3-502"),
        Device("band-502", "wristband", place="b3-502", attributes={"person": "r-wang"}),
        Device("gas-602", "gas_alarm", place="b3-602"),
    ]
    await harness.database.write(lambda tx: registry.put_places(tx, doors, T0))
    await harness.database.write(lambda tx: registry.put_devices(tx, devices, T0))
    await harness.load_community()
    readings = [Reading(device.id, device.kind, T0, T0, {"lel_pct": 8.5, "fault": False}) for device in devices]
    readings.append(Reading("motion-502", "motion", T0, T0, {"occupied": True}))
    harness.history.append(Lane.BULK, 1, readings)
    alert = await harness.alert()
    found = (await admin.get(f"/api/v1/alerts/{alert}/surroundings")).json()
    doors_found = {door["name"]: door for door in found["households"]}
    assert {name: (door["storey"], door["door"], door["position"]) for name, door in doors_found.items()} == {
        "302": (3, "02", "below"),
        "401": (4, "01", "beside"),
        "402": (4, "02", None),
        "502": (5, "02", "above"),
        "602": (6, "02", None),
    }
    said = {
        device["id"]: [(one["quantity"], one["value"], one["unit"]) for one in device["values"]]
        for device in doors_found["502"]["devices"]
    }
    assert said == {"gas-502": [("lel_pct", 8.5, "%LEL")], "motion-502": []}, "nobody's movements, nobody's wristband"
    assert [device["values"] for device in doors_found["602"]["devices"]] == [[]], "two storeys away"


async def test_doors_of_floors_belong_to_the_same_stairwell(harness: ConsoleHarness, admin: Client) -> None:
    places = [
        Place("b3-u1", "1单元", "unit", "b3"),
        *(Place(f"b3-u1-{storey}", f"{storey}层", "floor", "b3-u1") for storey in (1, 2)),
        *(Place(f"b3-u1-{storey}-e", "东户", "household", f"b3-u1-{storey}") for storey in (1, 2)),
    ]
    await harness.database.write(lambda tx: registry.put_places(tx, places, T0))
    await harness.load_community()
    alert = await harness.alert(place="b3-u1-1-e")
    found = (await admin.get(f"/api/v1/alerts/{alert}/surroundings")).json()
    assert found["unit"] == "枫林苑3栋1单元"
    assert [(door["storey"], door["here"], door["position"]) for door in found["households"]] == [
        (1, True, None),
        (2, False, "above"),
    ]


async def test_a_plan_is_shown_to_those_who_may_see_its_place(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any], tmp_path: Path
) -> None:
    drawing = tmp_path / "b3.svg"
    drawing.write_text("<svg/>", "utf-8")
    harness.plans = {"b3": PlanFile(drawing, "image/svg+xml"), "court": PlanFile(drawing, "image/svg+xml")}
    marked = Device("gas-hall", "gas_alarm", place="b3", attributes={"plan_x": 40, "plan_y": "62.5"})
    outside = Device("gas-far", "gas_alarm", place="b3", attributes={"plan_x": 140, "plan_y": 1})
    await harness.database.write(lambda tx: registry.put_devices(tx, [marked, outside], T0))
    await harness.load_community()
    alert = await harness.alert()
    (plan,) = (await admin.get(f"/api/v1/alerts/{alert}/surroundings")).json()["plans"]
    assert (plan["place"], plan["name"]) == ("b3", "枫林苑3栋")
    assert [(mark["device"], mark["x"], mark["y"], mark["here"]) for mark in plan["marks"]] == [
        ("gas-hall", 40.0, 62.5, False)
    ]
    shown = await admin.get(plan["path"])
    assert (shown.status_code, shown.headers["content-type"], shown.text) == (200, "image/svg+xml", "<svg/>")
    assert "sandbox" in shown.headers["content-security-policy"], "a drawing runs nothing"

    inside = await bearer("operator", place="b3-402")
    assert (await inside.get(f"/api/v1/alerts/{alert}/surroundings")).json()["plans"] == []
    assert (await inside.get(plan["path"])).status_code == 404
    assert (await admin.get(f"/api/v1/alerts/{alert}/plans/court")).status_code == 404, "not around this alert"
    assert (await (await bearer("operator", place="court")).get(plan["path"])).status_code == 404
    drawing.unlink()
    assert (await admin.get(plan["path"])).status_code == 404

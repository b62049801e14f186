"""The doors beside an alert, who needs help behind them, and the case in outside systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alerts.exchange.messages import CaseLink, Direction
from domain import Person, Place
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

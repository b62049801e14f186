"""Who would be called at a place at night, before anything happens there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain import Person
from store.database import registry
from tests.support.console_harness import T0, Client, ConsoleHarness

PATH = "/api/v1/ladders/preview?rule=gas-alarm&place=b3-402"


async def test_the_calls_of_a_night_name_people_minutes_and_gaps(harness: ConsoleHarness, admin: Client) -> None:
    await harness.load_community()
    found = (await admin.get(f"{PATH}&at=2026-11-22T03:00:00%2B08:00")).json()
    assert (found["title"], found["address"], found["at"][:16]) == ("燃气泄漏", "枫林苑3栋402", "2026-11-22T03:00")
    first = found["calls"][0]
    assert (first["role"], first["after_ms"], first["gap"]) == ("worker", 0, False)
    assert first["people"] == [{"id": "w-zhang", "name": "张三", "channels": ["sms", "wecom"]}]
    # The lead works from Monday to Wednesday, in the day.
    lead = next(call for call in found["calls"] if call["role"] == "lead" and call["rung"] is not None)
    assert (lead["people"], lead["gap"], lead["after_ms"] > 0) == ([], True, True)
    assert [call["after_ms"] for call in found["calls"] if call["occasion"] == "opened"] == sorted(
        call["after_ms"] for call in found["calls"] if call["occasion"] == "opened"
    )
    by_day = (await admin.get(f"{PATH}&at=2026-11-24T10:00:00%2B08:00")).json()["calls"]
    assert any(call["role"] == "lead" and call["people"] for call in by_day)


async def test_unknown_and_other_places_are_a_404_and_residents_are_masked(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    son = Person("r-son", "王大明", "19900002222", attributes={"family_of": "r-wang", "consent": True})
    await harness.database.write(lambda tx: registry.put_people(tx, [son], T0))
    await harness.load_community()
    for path in (PATH.replace("b3-402", "nowhere"), PATH.replace("gas-alarm", "no-rule")):
        assert (await admin.get(path)).status_code == 404
    assert (await admin.get(f"{PATH}&at=soon")).status_code == 422
    neighbour = await bearer("operator", place="court")
    assert (await neighbour.get(PATH)).status_code == 404
    seen = [(await client.get(PATH)).json() for client in (admin, await bearer("viewer"))]
    named = [{person["name"] for call in one["calls"] for person in call["people"]} for one in seen]
    assert named == [{"张三", "王大明"}, {"张三", "王**"}]

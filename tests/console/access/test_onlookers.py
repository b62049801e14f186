"""Of an alert about somebody's body, whoever only looks on learns the building, and neither door, pulse nor name:
every operation of the document that can show an alert, the stream, and the filters with which one could ask for them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from console.api.alerts import item_for_user, item_view
from console.api.stream import encode_group
from console.events import Event, EventGroup
from console.security.auth import AccessRole, Principal
from domain import Device, Evidence, Identity, Lane, Reading, Subject
from store.database import registry
from tests.console.access.matrix import World, close_world, open_world, operations, path_of, query_of
from tests.support.console_harness import ADMIN, T0, client_of

PULSE: Final = 137.25
DOOR: Final = "3栋402"
BAND: Final = "band-402"
MARKERS: Final = (str(PULSE), BAND, "王小明", "r-wang", "19900001111")
SKIPPED: Final = {"/api/v1/stream": "below"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A gas leak and a pulse that is too high, behind the same door."""
    opened = await open_world(tmp_path)
    harness = opened.harness
    band = Device(BAND, "wristband", None, "b3-402", (Identity("native", BAND),))
    await harness.database.write(lambda tx: registry.put_devices(tx, [band], T0))
    await harness.load_community()
    harness.history.append(Lane.BULK, 9, [Reading(BAND, "wristband", T0, T0, {"heart_rate_bpm": PULSE})])
    await harness.history.flush()
    yield opened
    await close_world(opened)


@pytest.fixture
async def alert(world: World) -> str:
    return await world.harness.alert(
        BAND, "pulse-high", title="心率过高", place="b3-402", hazard="person", subject=Subject("person", "r-wang"),
        evidence=(Evidence("heart_rate_bpm", PULSE, at=T0),),
    )  # fmt: skip


async def reader(world: World, role: str) -> httpx2.AsyncClient:
    admin = client_of(world.harness.app, authorization=f"Bearer {ADMIN}")
    token = (await admin.post("/api/v1/tokens", json={"role": role})).json()["token"]
    await admin.aclose()
    return client_of(world.harness.app, authorization=f"Bearer {token}")


async def test_an_onlooker_sees_the_building_and_a_duty_officer_the_door_and_the_pulse(
    world: World, alert: str
) -> None:
    viewer, officer = await reader(world, "viewer"), await reader(world, "operator")
    for path in (f"/api/v1/alerts/{alert}", "/api/v1/alerts", "/api/v1/alerts.csv", f"/cap/alerts/{alert}.xml"):
        seen, known = (await viewer.get(path)).text, (await officer.get(path)).text
        assert "心率过高" in seen, path
        assert DOOR in known, path
        assert not [marker for marker in MARKERS if marker in seen], path
    (seen,) = [one for one in (await viewer.get("/api/v1/alerts")).json()["items"] if one["id"] == alert]
    assert (seen["address"], seen["place"], seen["device"], seen["evidence"]) == ("枫林苑3栋", "b3", None, [])
    assert str(PULSE) in (await officer.get(f"/api/v1/alerts/{alert}")).text
    leak = next(one for one in (await viewer.get("/api/v1/alerts")).json()["items"] if one["title"] == "below的告警")
    assert leak["address"].endswith(DOOR)


async def test_no_read_of_the_document_gives_an_onlooker_the_pulse_or_the_number(world: World, alert: str) -> None:
    viewer, told = await reader(world, "viewer"), []
    ids = {**world.ids["below"], "alert_id": alert, "alert": alert}
    for method, path in operations():
        if method != "get" or path in SKIPPED:
            continue
        for about in (ids, {**ids, "device_id": BAND, "device": BAND}):
            response = await viewer.get(path_of(path, about), params=query_of(method, path, about))
            told += [(path, one) for one in (str(PULSE), "王小明", "19900001111") if one in response.text]
    assert told == []


async def test_the_stream_and_the_map_show_an_onlooker_the_building(world: World, alert: str) -> None:
    harness = world.harness
    view = await item_view(harness.deps, alert)
    assert view is not None
    for role, shown in ((AccessRole.VIEWER, False), (AccessRole.OPERATOR, True)):
        group = EventGroup((Event("alert", view, "1"),))
        text = encode_group(harness.deps, Principal(role, "t"), group).data.decode()
        assert [(marker in text) for marker in (DOOR, str(PULSE), BAND)] == [shown, shown, shown]
        client = await reader(world, role.value)
        doors: list[dict[str, Any]] = (await client.get("/api/v1/places/overview?place=b3")).json()["items"]
        assert [one["open"] for one in doors if one["id"] == "b3-402"] == [2 if shown else 1]


async def test_an_onlooker_cannot_ask_for_a_person_by_device_or_door(world: World, alert: str) -> None:
    viewer, officer = await reader(world, "viewer"), await reader(world, "operator")
    for query in (f"device={BAND}", "place=b3-402"):
        for path in ("/api/v1/alerts", "/api/v1/alerts.csv"):
            seen, known = [(await client.get(f"{path}?{query}")).text for client in (viewer, officer)]
            assert ("心率过高" in seen, "心率过高" in known) == (False, True), (path, query)
    assert "心率过高" in (await viewer.get("/api/v1/alerts?place=b3")).text
    assert (await viewer.get(f"/api/v1/devices/{BAND}/readings")).status_code == 403
    assert (await officer.get(f"/api/v1/devices/{BAND}/readings")).status_code == 200
    assert (await viewer.get("/api/v1/devices/gas-402/readings")).status_code == 200


async def test_whoever_is_asked_to_verify_it_and_the_worker_see_where(world: World, alert: str) -> None:
    deps = world.harness.deps
    view = await item_view(deps, alert)
    assert view is not None
    asked = Principal(AccessRole.VIEWER, "t", person="w-li")
    assert DOOR not in item_for_user(deps, view, asked).address
    assert DOOR in item_for_user(deps, {**view, "verifier": "w-li"}, asked).address
    assert DOOR in (await (await reader(world, "worker")).get(f"/api/v1/alerts/{alert}")).text

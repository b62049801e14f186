"""Of an alert about somebody's body, whoever only looks on learns where it is, and neither pulse nor name: every
operation of the document that can show an alert, and the stream.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from console.api.alerts import item_view
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
MARKERS: Final = (str(PULSE), "王小明", "19900001111")
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


async def test_an_onlooker_sees_the_door_and_a_duty_officer_the_pulse_too(world: World, alert: str) -> None:
    viewer, officer = await reader(world, "viewer"), await reader(world, "operator")
    for path in (f"/api/v1/alerts/{alert}", "/api/v1/alerts", "/api/v1/alerts.csv", f"/cap/alerts/{alert}.xml"):
        seen = (await viewer.get(path)).text
        assert "心率过高" in seen, path
        assert DOOR in seen, path
        assert not [marker for marker in MARKERS if marker in seen], path
    assert str(PULSE) in (await officer.get(f"/api/v1/alerts/{alert}")).text


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


async def test_the_stream_shows_an_onlooker_the_door_without_the_pulse(world: World, alert: str) -> None:
    harness = world.harness
    view = await item_view(harness.deps, alert)
    assert view is not None
    for role, shown in ((AccessRole.VIEWER, False), (AccessRole.OPERATOR, True)):
        group = EventGroup((Event("alert", view, "1"),))
        text = encode_group(harness.deps, Principal(role, "t"), group).data.decode()
        assert (DOOR in text, str(PULSE) in text) == (True, shown)


async def test_readings_of_what_people_wear_are_refused_to_an_onlooker(world: World, alert: str) -> None:
    viewer, officer = await reader(world, "viewer"), await reader(world, "operator")
    assert (await viewer.get(f"/api/v1/devices/{BAND}/readings")).status_code == 403
    assert (await officer.get(f"/api/v1/devices/{BAND}/readings")).status_code == 200
    assert (await viewer.get("/api/v1/devices/gas-402/readings")).status_code == 200

"""`/stream` over a real server: each user gets only their events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import msgspec
import pytest
import uvicorn

from console.api.alerts import item_view
from console.api.stream import encode_group
from console.application import create_app
from console.events import Event, EventGroup
from console.http.personal_data import write_gathered
from console.security.auth import COOKIE, AccessRole, Principal, sign_worker_link
from store.database.system import users
from tests.support.console_harness import ADMIN, T0, Client, ConsoleHarness
from tests.support.timeouts import LONG_TIMEOUT_S

Open = Callable[..., Any]


class Told:
    """Reads one stream block by block."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self._lines = response.aiter_lines()

    async def block(self) -> dict[str, str]:
        """The fields of the next block; a comment has the name of nothing."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line:
                return fields
            name, _, value = line.partition(": ")
            fields[name] = value
        raise EOFError

    async def event(self, name: str) -> Any:
        """The data of the next event with this name."""
        async with asyncio.timeout(LONG_TIMEOUT_S):
            while True:
                block = await self.block()
                if block.get("event") == name:
                    return msgspec.json.decode(block["data"]), block.get("id")


@pytest.fixture
def status_every_s() -> float:
    return 0.02


@pytest.fixture
async def server(harness: ConsoleHarness, free_port: Callable[[], int], status_every_s: float) -> AsyncIterator[Open]:
    app = create_app(harness.deps, heartbeat_s=0.05, status_every_s=status_every_s)
    config = uvicorn.Config(app, "127.0.0.1", free_port(), log_level="warning", access_log=False)
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while not running.started:
            await asyncio.sleep(0.01)
    client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{config.port}", timeout=LONG_TIMEOUT_S)

    @contextlib.asynccontextmanager
    async def listen(**headers: str) -> AsyncIterator[Told]:
        bearer = {} if "cookie" in headers else {"authorization": f"Bearer {ADMIN}"}
        async with client.stream("GET", "/api/v1/stream", headers={**bearer, **headers}) as response:
            yield Told(response)

    yield listen
    await client.aclose()
    harness.events.close()
    running.should_exit = True
    await task


async def test_a_page_gets_an_alert_and_every_change_of_it(harness: ConsoleHarness, server: Open) -> None:
    async with server() as stream:
        status, _ = await stream.event("status")
        number = await harness.alert()
        opened, first = await stream.event("alert")
        await harness.desk.perform(number, "comment", _actor(), harness.now, "已电话")
        _, second = await stream.event("alert")

    assert status == {"connected": True, "last_reading_at": "2026-11-21T22:05:00.000+08:00"}
    assert (opened["id"], opened["state"], opened["opened_at"]) == (number, "open", "2026-11-21T22:05:00.000+08:00")
    assert (first, second) == (f"{T0}-1", f"{T0}-2")


async def test_alerts_shown_by_a_stream_are_one_audit_entry_at_once_and_one_for_the_rest_of_the_hour(
    harness: ConsoleHarness, admin: Client, server: Open
) -> None:
    async with server() as stream:
        number = await harness.alert()
        await stream.event("alert")
        for _ in range(3):
            await harness.desk.perform(number, "comment", _actor(), harness.now, "已电话")
            await stream.event("alert")
    await write_gathered(harness.deps, all_open=True)
    entries = (await admin.get("/api/v1/audit?action=personal data listed")).json()["items"]
    rows = [one["detail"] for one in entries if one["detail"]["endpoint"] == "GET /api/v1/stream"]
    assert [one["count"] for one in rows] == [3, 1]
    assert rows[0]["fields"] == "address, health, text"


async def test_a_reconnected_page_gets_missed_events(harness: ConsoleHarness, server: Open) -> None:
    async with server() as stream:
        number = await harness.alert()
        _, received = await stream.event("alert")
    await harness.desk.perform(number, "comment", _actor(), harness.now, "已电话")
    async with server(**{"last-event-id": received}) as stream:
        missed, identifier = await stream.event("alert")
    async with server(**{"last-event-id": "1-1"}) as stream:
        resync, _ = await stream.event("resync")

    assert (missed["id"], identifier, resync) == (number, f"{T0}-2", {})


async def test_a_workers_link_gets_events_of_its_alert_only(harness: ConsoleHarness, server: Open) -> None:
    alert_id = await harness.alert()
    principal = harness.app.state.sessions.principal_of_link(
        sign_worker_link(b"signing-key-of-this-test", alert_id, "w-zhang", T0), T0
    )
    cookie = await harness.session_cookie(principal)
    async with server(cookie=f"{COOKIE}={cookie}") as stream:
        await stream.event("status")
        await harness.alert("band-101", "band-sos")
        await harness.desk.perform(alert_id, "comment", _actor(), harness.now, "已电话")
        received, _ = await stream.event("alert")

    assert received["id"] == alert_id


async def test_a_token_for_a_place_gets_alerts_under_it_with_allowed_actions(
    harness: ConsoleHarness, server: Open, admin: Client
) -> None:
    made = await admin.post("/api/v1/tokens", json={"role": "viewer", "place": "garden"})
    async with server(authorization=f"Bearer {made.json()['token']}") as stream:
        await stream.event("status")
        await harness.alert("band-101", "band-sos")
        alert_id = await harness.alert()
        received, _ = await stream.event("alert")

    assert (received["id"], received["allowed"]) == (alert_id, [])


async def test_screens_of_one_role_and_place_share_the_bytes_and_others_do_not(harness: ConsoleHarness) -> None:
    view = await item_view(harness.deps, await harness.alert())
    assert view is not None
    group = EventGroup(
        [
            Event("alert", {**view, "verifier": "w-li", "allowed": ["acknowledge", "verify"]}, "7-1"),
            Event("status", {"connected": True}),
        ]
    )
    seen = {
        name: encode_group(harness.deps, Principal(**fields), group)
        for name, fields in {
            "one": {"role": AccessRole.VIEWER, "token": "a"},
            "other": {"role": AccessRole.VIEWER, "token": "b", "person": "w-zhang"},
            "asked": {"role": AccessRole.VIEWER, "token": "c", "person": "w-li"},
            "elsewhere": {"role": AccessRole.VIEWER, "token": "d", "place": "no-such-place"},
            "operator": {"role": AccessRole.OPERATOR, "token": "e"},
            "link": {"role": AccessRole.WORKER, "token": "f", "alert": "999"},
        }.items()
    }

    assert seen["one"] is seen["other"]
    assert len({seen[name].data for name in ("one", "asked", "elsewhere", "operator")}) == 4
    without = [name for name, encoded in seen.items() if b"event: alert" not in encoded.data]
    assert without == [name for name, encoded in seen.items() if not encoded.alerts] == ["elsewhere", "link"]


async def test_the_verification_by_the_street_is_offered_to_the_person_asked_and_to_a_shared_login(
    harness: ConsoleHarness,
) -> None:
    view = await item_view(harness.deps, await harness.alert())
    assert view is not None
    check = {"asked": [{"id": "w-li", "name": "李四"}], "since": T0, "due_at": None}
    group = EventGroup([Event("alert", {**view, "second_check": check, "allowed": ["verify"]}, "7-1")])
    people = (None, "w-li", "w-zhang")
    sent = [
        encode_group(harness.deps, Principal(AccessRole.DISPATCHER, "t", person=person), group) for person in people
    ]
    assert [b'"allowed":["verify"]' in encoded.data for encoded in sent] == [True, True, False]


@pytest.mark.parametrize("status_every_s", [3_600.0])
async def test_a_quiet_stream_has_heartbeats(server: Open) -> None:
    async with server() as stream, asyncio.timeout(LONG_TIMEOUT_S):
        while "" not in await stream.block():
            pass


async def test_a_stream_ends_soon_after_its_session(harness: ConsoleHarness, server: Open) -> None:
    principal = harness.app.state.sessions.principal_of_link(
        sign_worker_link(b"signing-key-of-this-test", "1", "w-zhang", T0), T0
    )
    cookie = await harness.session_cookie(principal)
    async with server(cookie=f"{COOKIE}={cookie}") as stream:
        await stream.event("status")
        harness.now += 3 * 3_600_000
        with pytest.raises(EOFError):
            await stream.event("never")


async def test_an_open_stream_follows_the_place_of_its_user(harness: ConsoleHarness, server: Open) -> None:
    await harness.database.write(lambda tx: users.create(tx, users.User("li", "李四", "operator")))
    cookie = await harness.session_cookie(Principal(AccessRole.OPERATOR, "user:li", user="li"))
    async with server(cookie=f"{COOKIE}={cookie}") as told:
        first = await harness.alert()
        assert (await told.event("alert"))[0]["id"] == first
        await harness.database.write(lambda tx: users.change(tx, "li", place="court"))
        for _ in range(4):  # heartbeats and status events; the user is read again with one of them
            await told.block()
        await harness.alert(rule="gas-high")
        near = await harness.alert("band-101", "band-sos", place="court-101")
        assert (await told.event("alert"))[0]["id"] == near


async def test_the_stream_needs_a_token(server: Open) -> None:
    async with server(authorization="Bearer wrong") as stream:
        assert stream.status == 401


async def test_streams_are_limited(harness: ConsoleHarness, server: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.api.stream.SUBSCRIPTIONS_MAX", 0)
    async with server() as stream:
        assert stream.status == 503


def _actor() -> Any:
    from alerts.alert import Actor, ResponseSource

    return Actor("w-li", "李四", ResponseSource.SCREEN)

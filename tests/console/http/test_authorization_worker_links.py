"""A worker's link gives access to one alert: every endpoint is requested with one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from console.api.stream import encode_event
from console.events import Event
from console.security.auth import COOKIE, LINK_MS, AccessRole, Principal, sign_worker_link
from domain import DAY, HOUR, Device, Duty, Identity, Lane, Person, Place, Reading, RefusalReason
from ingest.results import Refusal
from store.database import registry
from store.database.alerts.tables import alerts, deliveries
from store.database.refusals import refusals
from store.database.system import audit
from tests.support.api_sweep import SweepRequest, sweep_requests
from tests.support.console_harness import T0, Client, ConsoleHarness, client_of

KEY = b"signing-key-of-this-test"
MARKER = "magpie"
"""Stands in everything that the link is not about."""
PUBLIC_PLACES = "/api/v1/report/places"
"""Names of compounds and buildings, which anyone may read without a login."""


@dataclass(frozen=True)
class Planted:
    """A harness full of canaries, one alert without any, and what may be asked for."""

    own: str
    others: tuple[str, ...]
    values: dict[str, list[str]]


@pytest.fixture
async def planted(harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]) -> Planted:
    def register(tx: Any) -> None:
        registry.put_places(tx, [Place("magpie-place", "magpie place", "building", "court", "grid-4")], T0)
        registry.put_people(tx, [Person("magpie-person", "magpie 李", "19912340000", "magpie-wecom")], T0)
        roster = [
            Duty("magpie-duty", "grid-3", "worker", "magpie-person", rank=9),
            Duty("d-9", "grid-4", "worker", "w-li"),
        ]
        registry.put_duties(tx, roster, T0)
        named = (Identity("thingsboard", "magpie-token"),)
        registry.put_devices(tx, [Device("magpie-1", "gas_alarm", "magpie", "magpie-place", named)], T0)
        own = Refusal(T0 - 1, "native", "t", b"magpie", RefusalReason.BAD_VALUE, "magpie said", "native", "band-101")
        unregistered = replace(own, identity="magpie-stranger", reason=RefusalReason.UNKNOWN_DEVICE)
        refusals.store_refusals(tx, Lane.BULK, 1, [own, unregistered], 10)
        audit.record(tx, T0, "admin", "magpie deed")

    await harness.database.write(register)
    await harness.load_community()
    harness.now = T0 - 4 * HOUR
    before = await harness.alert("band-101", "band-sos", title="magpie before")
    verifier = await bearer("dispatcher", person="r-wang")
    for action, client in (("acknowledge", admin), ("resolve", admin), ("verify", verifier), ("close", verifier)):
        body = {"person": "w-li"} if client is admin else {}
        body |= {"comment": "magpie", "reason": "magpie", "disposition": "test"}
        done = await client.post(f"/api/v1/alerts/{before}/{action}", json=body)
        assert done.status_code == 200, done.text
    harness.now = T0
    other = await harness.alert("magpie-1", title="magpie title", place="magpie-place")
    own = await harness.alert("band-101", "band-sos")
    for pos, (device, at) in enumerate([("band-101", T0 - 3 * DAY), ("magpie-1", T0)], 1):
        harness.history.append(Lane.BULK, pos, [Reading(device, "wristband", at, at, {"state": "magpie"})])
    sent = await harness.database.read(lambda tx: list(tx.execute(select(deliveries.c.id)).scalars()))
    assert len({before, own, other}) == 3
    assert sent
    return Planted(own, (before, other), _values(own, before, other, sent))


def _values(own: str, before: str, other: str, sent: list[str]) -> dict[str, list[str]]:
    found = [f"band-sos@1/band-101/{T0 - 4 * HOUR}", f"gas-alarm@1/magpie-1/{T0}"]
    return {
        "alert_id": [own, before, other, "99"],
        "alert": [own, before, other, "99"],
        "action": ["acknowledge", "comment", "close", "assign", "link", "no-such"],
        "device_id": ["band-101", "gas-402", "magpie-1"],
        "device": ["band-101", "gas-402", "magpie-1"],
        "row_id": ["magpie-place", "magpie-person", "magpie-duty", "grid-3", "w-li", "court"],
        "token_id": ["t-1"],
        "place_id": ["magpie-place"],
        "photo_id": ["1"],
        "report_id": ["1"],
        "job_id": ["j-1"],
        "silence_id": ["1"],
        "override_id": ["o-1"],
        "swap_id": ["s-1"],
        "person_id": ["magpie-person"],
        "roster_id": ["magpie-duty", "grid-3"],
        "link": ["guess"],
        "name": ["gas-alarm", "gas"],
        "rule": ["gas-alarm"],
        "channel": ["aliyun_sms"],
        "secret": ["guess"],
        "token": ["guess"],
        "finding": [*found, f"band-sos@1/band-101/{T0}", "none"],
        "message": [*sent, "none"],
        "at": ["2026-11-21T22:05:00+08:00", "2026-11-18T22:05:00+08:00"],
        "from": ["2026-01-01T00:00:00+08:00"],
        "since": ["2026-01-01T00:00:00+08:00"],
        "place": ["magpie-place"],
        "kind": ["gas_alarm"],
        "text": ["magpie"],
        "home": ["magpie-place"],
        "limit": ["1000"],
    }


def unasked(sweep: SweepRequest, text: str) -> str:
    """An answer without what the question said: "no device magpie-1" tells nothing."""
    for part in (*sweep.path.split("/"), *(value for _, value in sweep.query)):
        text = text.replace(part, "") if part else text
    return text


@pytest.fixture
async def linked(harness: ConsoleHarness, planted: Planted) -> AsyncIterator[Any]:
    """Sends a request with a fresh session of the link: one request may end its session."""
    sessions = harness.app.state.sessions
    principal = sessions.principal_of_link(sign_worker_link(KEY, planted.own, "w-zhang", T0), T0)
    async with client_of(harness.app) as client:

        async def send(sweep: SweepRequest) -> Any:
            return await sweep.send(client, cookie=f"{COOKIE}={await harness.session_cookie(principal, harness.now)}")

        yield send


async def test_no_endpoint_reveals_to_a_link_anything_but_its_alert(
    harness: ConsoleHarness, planted: Planted, linked: Any, admin: Client
) -> None:
    revealed, visible = [], set[str]()
    for sweep in sweep_requests(harness.app, planted.values, methods=["GET"]):
        response = await linked(sweep)
        assert response.status_code < 500, sweep
        if MARKER in unasked(sweep, response.text) and sweep.route != PUBLIC_PLACES:
            revealed.append((sweep.path, sweep.query))
        if MARKER in (await sweep.send(admin)).text:
            visible.add(sweep.route)

    assert revealed == []
    # The sweep would find something: an administrator is told.
    assert visible >= {
        "/api/v1/alerts",
        "/api/v1/alerts/{alert_id}",
        "/api/v1/audit",
        "/api/v1/claimable",
        "/api/v1/devices",
        "/api/v1/devices/{device_id}",
        "/api/v1/devices/{device_id}/readings",
        "/api/v1/people",
        "/api/v1/places",
        "/api/v1/refusals",
        "/api/v1/rosters",
        "/api/v1/why",
        "/cap/feed.xml",
    }


async def test_a_link_changes_nothing_but_its_alert(harness: ConsoleHarness, planted: Planted, linked: Any) -> None:
    async def others() -> Any:
        rest = select(alerts).where(alerts.c.id != int(planted.own)).order_by(alerts.c.id)
        return await harness.database.read(lambda tx: [tuple(row) for row in tx.execute(rest)])

    before, community = await others(), harness.community
    bodies = [{}, {"comment": "x", "reason": "x", "person": "w-li", "to": "w-li"}, {"id": "magpie-place", "name": "x"}]
    for sweep in sweep_requests(harness.app, planted.values, bodies, methods=["POST", "PUT", "PATCH", "DELETE"]):
        response = await linked(sweep)
        assert response.status_code < 500, sweep
        assert MARKER not in unasked(sweep, response.text), sweep

    acts = (await harness.database.read(lambda tx: audit.list_entries(tx, 1000))).items
    assert await others() == before
    assert harness.community == community
    assert {act.detail.get("alert") for act in acts if act.actor == "w-zhang"} <= {planted.own, None}


async def test_a_link_reads_its_own_alert_its_curve_and_why(
    planted: Planted, linked: Any, harness: ConsoleHarness
) -> None:
    harness.history.append(Lane.BULK, 9, [Reading("band-101", "wristband", T0 - HOUR // 2, T0, {"heart_rate": 131})])
    alert = await linked(SweepRequest("GET", "", f"/api/v1/alerts/{planted.own}"))
    curve = await linked(
        SweepRequest("GET", "", "/api/v1/devices/band-101/readings", (("from", "2026-01-01T00:00:00+08:00"),))
    )
    at = (("device", "band-101"), ("at", "2026-11-21T22:05:00+08:00"))
    why = await linked(SweepRequest("GET", "", "/api/v1/why", at))
    finding = await linked(SweepRequest("GET", "", "/api/v1/why", (("finding", f"band-sos@1/band-101/{T0}"),)))

    assert alert.json()["id"] == planted.own
    assert [one["value"] for one in curve.json()["items"]] == [131]
    assert [one.get("alert") for one in why.json()["items"] if one["kind"] == "alert"] == [planted.own]
    assert "131" in why.text
    assert finding.json()["about"] == {"alert": planted.own}


async def test_the_sessions_of_a_link_end_with_the_link(harness: ConsoleHarness, planted: Planted) -> None:
    link = sign_worker_link(KEY, planted.own, "w-zhang", T0)
    harness.now = T0 + LINK_MS - 1
    async with client_of(harness.app) as client:
        assert (await client.post("/api/v1/session", json={"link": link})).status_code == 200
        assert (await client.get(f"/api/v1/alerts/{planted.own}")).status_code == 200
        harness.now += 1
        assert (await client.get(f"/api/v1/alerts/{planted.own}")).status_code == 401
        assert (await client.post("/api/v1/session", json={"link": link})).status_code == 401


async def test_a_link_of_a_removed_person_is_invalid(harness: ConsoleHarness, planted: Planted, admin: Client) -> None:
    async with client_of(harness.app) as client:
        link = sign_worker_link(KEY, planted.own, "magpie-person", T0)
        assert (await client.post("/api/v1/session", json={"link": link})).status_code == 200
        assert (await admin.delete("/api/v1/people/magpie-person")).status_code == 204
        assert (await client.get(f"/api/v1/alerts/{planted.own}")).status_code == 401
        assert (await client.post("/api/v1/session", json={"link": link})).status_code == 401


def test_the_stream_of_a_link_does_not_show_who_is_on_duty(harness: ConsoleHarness) -> None:
    status = Event(
        "status", {"connected": True, "now": 5, "on_duty": {"worker": ["magpie"]}, "journal_error": "magpie"}
    )
    link = Principal(AccessRole.WORKER, "link", person="w-zhang", alert="1")

    assert encode_event(harness.deps, link, status) == b'event: status\ndata: {"connected":true,"now":5}\n\n'

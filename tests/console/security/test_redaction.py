"""A ThingsBoard device is called by its access token: whoever reads it can send in the device's name.

Only who keeps the registry sees it. Every endpoint is asked by every other role, with secrets in all that is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from app.pipeline.refused_dangers import danger_findings
from console.api.alerts import item_view
from console.api.stream import encode_event
from console.events import Event
from console.security.auth import AccessRole, Principal
from console.security.redaction import redact_payload
from domain import Device, Identity, Lane, Place, RefusalReason
from domain.identities import hidden
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, Refusal
from store.database import registry
from store.database.refusals import refusals, unregistered_devices
from tests.support.api_sweep import sweep_requests
from tests.support.console_harness import T0, Client, ConsoleHarness

TOKEN, STRANGER, BULKY = "canaryRegistered0A1b2", "canaryStranger0C3d4", "canaryBulky0E5f6"
WRITTEN = "canary-written-secret"
SECRETS = (TOKEN, STRANGER, BULKY, WRITTEN)


def refusal(token: str, reason: RefusalReason, detail: str, identity: str | None, danger: bool = False) -> Refusal:
    payload = f'{{"alarm": true, "me": "{token}", "Password": "{WRITTEN}", "ap'.encode()
    topic = f"v1/devices/{token}/telemetry"
    return Refusal(T0 - 1, "thingsboard", topic, payload, reason, detail, "thingsboard", identity, danger)


REFUSALS = (
    refusal(TOKEN, RefusalReason.BAD_VALUE, f"{TOKEN}: too much", TOKEN),
    refusal(STRANGER, RefusalReason.UNKNOWN_DEVICE, f"no device is called '{STRANGER}' on thingsboard", STRANGER, True),
    refusal(BULKY, RefusalReason.TOO_LARGE, f"v1/devices/{BULKY}/telemetry has 9000000 bytes", None, True),
)


@pytest.fixture
async def planted(harness: ConsoleHarness) -> dict[str, list[str]]:
    """Secrets wherever one is kept; what may be asked for."""

    def register(tx: Any) -> None:
        attributes = {"access_token": WRITTEN, "appKey": WRITTEN, "设备密码": WRITTEN, "floor": 4}
        named = (Identity("thingsboard", TOKEN), Identity("zigbee2mqtt", "stove"))
        registry.put_devices(tx, [Device("gas-1", "gas_alarm", None, "b3-402", named, attributes)], T0)
        registry.put_places(tx, [Place("b3-403", "403", "household", "b3")], T0)
        refusals.store_refusals(tx, Lane.BULK, 1, REFUSALS, 10)
        proposal = DiscoveredDevice((("thingsboard", STRANGER),), model=f"sort of {STRANGER}", name=STRANGER)
        unregistered_devices.record_discovery(
            tx,
            [DeviceEvent(DeviceEventKind.DISCOVERY, "thingsboard", STRANGER, "online", discovered=(proposal,), at=T0)],
        )

    await harness.database.write(register)
    await harness.load_community()
    number = await harness.alert("gas-1", place="b3-402")
    outcomes = await harness.desk.process_findings(danger_findings(REFUSALS, (), harness.community))
    numbers = [number, *(str(outcome.alert) for outcome in outcomes)]
    assert len(set(numbers)) >= 2
    return {
        "alert_id": numbers,
        "alert": numbers,
        "device_id": ["gas-1"],
        "device": ["gas-1"],
        "at": ["2026-11-21T22:05:00+08:00"],
        "row_id": ["b3-402"],
        "identity": [TOKEN, STRANGER],
        "name": ["gas-alarm"],
        "job_id": ["j-1"],
        "photo_id": ["1"],
        "report_id": ["1"],
        "place_id": ["b3"],
        "token": ["guess"],
        "channel": ["aliyun_sms"],
        "secret": ["guess"],
        "finding": [f"gas-alarm@1/gas-1/{T0}"],
        "message": ["none"],
        "reason": ["unknown_device", "bad_value", "too_large"],
    }


def secrets_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text or secret[:12] in text]


async def test_only_the_registry_administrator_sees_secrets(
    harness: ConsoleHarness, planted: dict[str, list[str]], admin: Client, bearer: Callable[..., Any]
) -> None:
    clients = {role: await bearer(role) for role in ("viewer", "worker", "operator", "dispatcher")}
    revealed, known = [], dict[str, set[str]]()
    for sweep in sweep_requests(harness.app, planted, methods=["GET"]):
        for role, client in clients.items():
            response = await sweep.send(client)
            assert response.status_code < 500, (role, sweep)
            if found := secrets_in(response.text):
                revealed.append((role, sweep.path, sweep.query, found))
        known.setdefault(sweep.route, set()).update(secrets_in((await sweep.send(admin)).text))

    assert revealed == []
    assert known["/api/v1/devices"] >= {TOKEN, WRITTEN}
    assert known["/api/v1/refusals"] >= {TOKEN, STRANGER, BULKY, WRITTEN}
    assert known["/api/v1/claimable"] >= {STRANGER}
    assert known["/api/v1/why"] >= {TOKEN}


async def test_the_stream_contains_no_secret(harness: ConsoleHarness, planted: dict[str, list[str]]) -> None:
    who = Principal(AccessRole.VIEWER, "t-1")
    for number in planted["alert_id"]:
        view = await item_view(harness.deps, number)
        assert view is not None
        assert secrets_in(encode_event(harness.deps, who, Event("alert", view)).decode()) == []


async def test_a_viewer_can_tell_two_unregistered_devices_apart_without_their_tokens(
    harness: ConsoleHarness, planted: dict[str, list[str]], bearer: Callable[..., Any]
) -> None:
    viewer = await bearer("viewer")
    seen = [one["identity"] for one in (await viewer.get("/api/v1/refusals")).json()["items"]]
    claimed = (await viewer.get("/api/v1/claimable")).json()["items"]
    device = (await viewer.get("/api/v1/devices/gas-1")).json()

    assert set(seen) == {hidden(TOKEN), hidden(STRANGER), None}
    assert [one["identity"] for one in claimed] == [hidden(STRANGER)]
    assert device["identities"][1] == {"platform": "zigbee2mqtt", "id": "stove"}
    assert device["attributes"] == {"access_token": "***", "appKey": "***", "设备密码": "***", "floor": 4}


async def test_an_administrator_of_one_place_sees_no_token(
    planted: dict[str, list[str]], bearer: Callable[..., Any]
) -> None:
    local = await bearer("administrator", place="b3")

    assert secrets_in((await local.get("/api/v1/devices")).text) == []


def test_a_binary_message_is_shown_without_its_secret_identity() -> None:
    one = replace(REFUSALS[0], payload=b"\xff\x00" + TOKEN.encode())
    visible = redact_payload(one, Principal(AccessRole.OPERATOR, "t-1"))

    assert visible == b"\xff\x00" + hidden(TOKEN).encode()

"""The simulated receiver takes signed events once, and refuses everything else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.webhook import WebhookReceiver

NOW = 1_614_265_330_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = {"specversion": "1.0", "id": "e-1", "source": "/grid", "type": "cn.example.alert", "data": {}}
EVENTS = "application/cloudevents+json"


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver(secret=SECRET, clock=lambda: NOW) as running:
        yield running


def signed(body: bytes, at: str = "1614265330", kind: str = EVENTS) -> dict[str, str]:
    key = base64.b64decode(SECRET[6:])
    digest = hmac.new(key, f"e-1.{at}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"content-type": kind, "webhook-id": "e-1", "webhook-timestamp": at, "webhook-signature": signature}


async def post(receiver: WebhookReceiver, event: Any = EVENT, **signing: Any) -> httpx2.Response:
    body = json.dumps(event).encode()
    async with loopback_client() as client:
        return await client.post(receiver.url, content=body, headers={**signed(body, **signing)})


async def test_an_event_is_taken_once(receiver: WebhookReceiver) -> None:
    assert [(await post(receiver)).status_code for _ in range(2)] == [200, 200]
    assert [received.event["id"] for received in receiver.events] == ["e-1"]
    assert receiver.requests == 2


async def test_what_is_unsigned_old_or_no_event_is_refused(receiver: WebhookReceiver) -> None:
    async with loopback_client() as client:
        assert (await client.post(receiver.url, json=EVENT)).status_code == 401
    assert (await post(receiver, at="1614260000")).status_code == 401
    assert (await post(receiver, kind="application/json")).status_code == 415
    assert (await post(receiver, {**EVENT, "type": ""})).status_code == 400
    receiver.secret = "whsec_" + base64.b64encode(b"another secret of this length").decode()
    assert (await post(receiver)).status_code == 401
    assert receiver.events == []


async def test_ordered_faults(receiver: WebhookReceiver) -> None:
    receiver.faults.schedule(Fault(FaultKind.HTTP, status=503))
    receiver.answer_headers = {"Retry-After": "120"}
    answer = await post(receiver)
    assert (answer.status_code, answer.headers["retry-after"], receiver.events) == (503, "120", [])
    receiver.faults.schedule(Fault(FaultKind.SILENT))
    with pytest.raises(httpx2.ReadTimeout):
        await post(receiver)
    assert len(receiver.events) == 1

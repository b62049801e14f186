"""The channel `webhook`, against a receiver that verifies what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx2
import pytest
from msgspec import structs

from alerts.channels.channel import LookupStatus, SendOutcome
from alerts.channels.guarded_post import GuardedPost
from alerts.channels.webhook import MAX_WAIT_MS, Webhook, WebhookSettings
from alerts.message import Delivery
from domain.secret import Secret
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.webhook import WebhookReceiver
from tests.support.alerts import delivery_of

NOW = 1_767_333_900_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SETTINGS = WebhookSettings("https://grid.example", (Secret(SECRET),))


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver(secret=SECRET, clock=lambda: NOW) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with loopback_client() as running:
        yield running


@pytest.fixture
def channel(client: httpx2.AsyncClient) -> Webhook:
    return Webhook(GuardedPost(client, (ip_network("127.0.0.0/8"),)), SETTINGS)


def row(url: str, **data: object) -> Delivery:
    payload = {"type": "cn.fengshao.alert.called", "subject": "31", "data": {"title": "燃气泄漏", **data}}
    return delivery_of(31, 1, NOW, id="d-01", channel="webhook", address=url, payload=payload)


async def test_the_receiver_is_sent_a_signed_event_with_our_id(receiver: WebhookReceiver, channel: Webhook) -> None:
    result = await channel.send(row(receiver.url), NOW)
    assert (result.outcome, result.provider_id, result.code) == (SendOutcome.ACCEPTED, "d-01", "200")
    (received,) = receiver.events
    assert (received.event["id"], received.event["type"], received.event["subject"]) == (
        "d-01",
        "cn.fengshao.alert.called",
        "31",
    )
    assert (received.event["source"], received.event["data"]) == ("https://grid.example", {"title": "燃气泄漏"})
    assert received.headers["idempotency-key"] == "d-01"


async def test_after_a_lost_answer_the_event_is_sent_again_and_taken_once(
    receiver: WebhookReceiver, channel: Webhook
) -> None:
    receiver.faults.schedule(Fault(FaultKind.SILENT))
    assert (await channel.send(row(receiver.url), NOW)).outcome is SendOutcome.UNKNOWN
    assert (await channel.lookup(row(receiver.url), NOW)).status is LookupStatus.UNDETERMINED
    assert (await channel.send(row(receiver.url), NOW)).outcome is SendOutcome.ACCEPTED
    assert (receiver.requests, len(receiver.events)) == (2, 1)
    assert channel.receive({}, {}, b"", NOW).status == 404


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "wait_ms"),
    [
        (503, {}, SendOutcome.TEMPORARY, 0),
        (429, {"Retry-After": "120"}, SendOutcome.TEMPORARY, 120_000),
        (429, {"Retry-After": "86400"}, SendOutcome.TEMPORARY, MAX_WAIT_MS),
        (429, {"Retry-After": "Fri, 02 Jan 2026 06:05:00 GMT"}, SendOutcome.TEMPORARY, 0),
        (422, {}, SendOutcome.CONTENT, 0),
        (401, {}, SendOutcome.RECIPIENT, 0),
        (410, {}, SendOutcome.RECIPIENT, 0),
        (302, {"Location": "https://elsewhere.example"}, SendOutcome.RECIPIENT, 0),
    ],
)
async def test_a_status_states_what_to_do(
    receiver: WebhookReceiver,
    channel: Webhook,
    status: int,
    headers: dict[str, str],
    outcome: SendOutcome,
    wait_ms: int,
) -> None:
    receiver.faults.schedule(Fault(FaultKind.HTTP, status=status))
    receiver.answer_headers = headers
    result = await channel.send(row(receiver.url), NOW)
    assert (result.outcome, result.code, result.wait_ms) == (outcome, str(status), wait_ms)


async def test_an_answer_without_the_expected_text_is_no_success(
    receiver: WebhookReceiver, client: httpx2.AsyncClient
) -> None:
    post = GuardedPost(client, (ip_network("127.0.0.0/8"),))
    for expect, outcome in (('"ok"', SendOutcome.TEMPORARY), ("received", SendOutcome.ACCEPTED)):
        channel = Webhook(post, structs.replace(SETTINGS, expect=expect))
        assert (await channel.send(row(receiver.url), NOW)).outcome is outcome


async def test_a_private_address_or_too_large_an_event_is_not_sent(
    receiver: WebhookReceiver, client: httpx2.AsyncClient, channel: Webhook
) -> None:
    guarded = Webhook(GuardedPost(client), SETTINGS)
    refused = await guarded.send(row(receiver.url), NOW)
    assert (refused.outcome, "127.0.0.1" in refused.code) == (SendOutcome.RECIPIENT, True)
    assert (await channel.send(row(receiver.url, text="长" * 70_000), NOW)).outcome is SendOutcome.CONTENT
    assert receiver.requests == 0


async def test_a_receiver_that_cannot_be_reached_was_sent_nothing(channel: Webhook) -> None:
    for url in ("http://127.0.0.1:9/", "https://nobody.invalid/"):
        assert (await channel.send(row(url), NOW)).outcome is SendOutcome.TEMPORARY

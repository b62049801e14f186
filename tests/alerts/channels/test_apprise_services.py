"""Apprise as best effort, sending to a real HTTP server by its generic JSON service."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerts.channels.apprise_services import AppriseServices, AppriseSettings, is_apprise_url
from alerts.channels.channel import LookupStatus, SendOutcome
from alerts.message import Delivery
from domain.secret import Secret
from simulators.providers.local_server import LoopbackServer
from tests.support.alerts import delivery_of

NOW = 1_767_333_900_000
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""Imported by a dependency of Apprise."""


class Chat:
    """A chat service with a generic JSON interface."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.status, self.silent = 200, asyncio.Event()
        self.silent.set()
        self.host = LoopbackServer(Starlette(routes=[Route("/", self.take, methods=["POST"])]))

    async def take(self, request: Request) -> Response:
        await self.silent.wait()
        self.received.append(await request.json())
        return JSONResponse({}, self.status)

    def channel(self, **services: str) -> AppriseServices:
        named = services or {"group": f"json://127.0.0.1:{self.host.port}"}
        return AppriseServices(AppriseSettings({name: Secret(url) for name, url in named.items()}))


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    running = Chat()
    async with running.host:
        yield running


def message(to: str = "group") -> Delivery:
    payload = {"subject": "紧急：燃气泄漏", "text": "枫林苑3栋2单元402"}
    return delivery_of(31, 1, NOW, channel="apprise", address=to, payload=payload)


async def test_what_apprise_accepts_is_accepted_and_unverified(chat: Chat) -> None:
    channel = chat.channel()
    result = await channel.send(message(), NOW)
    assert (result.outcome, result.code, result.provider_id) == (SendOutcome.ACCEPTED, "unverified", None)
    assert (chat.received[0]["title"], chat.received[0]["message"]) == ("紧急：燃气泄漏", "枫林苑3栋2单元402")
    assert (await channel.lookup(message(), NOW)).status is LookupStatus.UNDETERMINED
    assert channel.receive({}, {}, b"", NOW).status == 404


async def test_what_apprise_refuses_is_tried_again(chat: Chat) -> None:
    chat.status = 500
    assert (await chat.channel().send(message(), NOW)).outcome is SendOutcome.TEMPORARY


async def test_a_service_that_hangs_is_in_doubt_and_holds_nothing_up(chat: Chat) -> None:
    channel = AppriseServices(AppriseSettings({"group": Secret(f"json://127.0.0.1:{chat.host.port}")}, timeout_s=0.2))
    chat.silent.clear()
    assert (await channel.send(message(), NOW)).outcome is SendOutcome.UNKNOWN
    chat.silent.set()


async def test_a_service_that_is_not_set_up_or_none_of_apprise(chat: Chat) -> None:
    assert (await chat.channel().send(message("family"), NOW)).outcome is SendOutcome.RECIPIENT
    assert (await chat.channel(group="no-such-service://x").send(message(), NOW)).outcome is SendOutcome.CONFIG
    assert is_apprise_url("ntfy://topic")
    assert not is_apprise_url("no-such-service://x")


def test_apprise_is_not_imported_before_it_is_used() -> None:
    code = "import sys, alerts.channels.apprise_services; print('apprise' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"

"""The channel of group robots, against a server that refuses as the provider does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from alerts.channels.channel import LookupStatus, SendOutcome
from alerts.channels.wecom_robot import WeComRobot, WeComRobotSettings
from domain.secret import Secret
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.wecom.robot import WeComRobotServer
from tests.support.alerts import delivery_of

NOW = 1_767_333_900_000
MESSAGE = delivery_of(31, 1, NOW, channel="wecom_robot", address="grid-1", payload={"markdown": "**紧急**：燃气泄漏"})


@pytest.fixture
async def server() -> AsyncIterator[WeComRobotServer]:
    async with WeComRobotServer(keys={"key-of-grid-1"}, clock=lambda: NOW) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with loopback_client() as running:
        yield running


def robot(server: WeComRobotServer, client: httpx2.AsyncClient, key: str = "key-of-grid-1") -> WeComRobot:
    return WeComRobot(client, WeComRobotSettings({"grid-1": Secret(key)}, server.url))


async def test_the_group_of_the_named_robot_shows_the_message(
    server: WeComRobotServer, client: httpx2.AsyncClient
) -> None:
    channel = robot(server, client)
    assert (await channel.send(MESSAGE, NOW)).outcome is SendOutcome.ACCEPTED
    assert server.messages_of("key-of-grid-1") == ["**紧急**：燃气泄漏"]
    assert (await channel.lookup(MESSAGE, NOW)).status is LookupStatus.UNDETERMINED
    assert channel.receive({}, {}, b"", NOW).status == 404


async def test_a_long_message_is_cut_and_not_refused(server: WeComRobotServer, client: httpx2.AsyncClient) -> None:
    long = delivery_of(31, 1, NOW, address="grid-1", payload={"markdown": "井" * 2000})
    assert (await robot(server, client).send(long, NOW)).outcome is SendOutcome.ACCEPTED
    assert server.messages_of("key-of-grid-1") == ["井" * 1365]


async def test_a_robot_that_is_unknown_to_us_or_to_the_provider(
    server: WeComRobotServer, client: httpx2.AsyncClient
) -> None:
    unnamed = delivery_of(31, 1, NOW, address="grid-9", payload={"markdown": "x"})
    assert (await robot(server, client).send(unnamed, NOW)).outcome is SendOutcome.RECIPIENT
    removed = await robot(server, client, "removed-key").send(MESSAGE, NOW)
    assert (removed.outcome, removed.code) == (SendOutcome.CONFIG, "93000")


async def test_over_the_limit_it_waits_a_minute(server: WeComRobotServer, client: httpx2.AsyncClient) -> None:
    channel = robot(server, client)
    for _ in range(20):
        assert (await channel.send(MESSAGE, NOW)).outcome is SendOutcome.ACCEPTED
    result = await channel.send(MESSAGE, NOW)
    assert (result.outcome, result.code, result.wait_ms) == (SendOutcome.TEMPORARY, "45009", 60_000)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(FaultKind.REJECT, "-1"), SendOutcome.TEMPORARY),
        (Fault(FaultKind.REJECT, "99999"), SendOutcome.UNKNOWN),
        (Fault(FaultKind.REJECT, "40008"), SendOutcome.CONTENT),
        (Fault(FaultKind.HTTP, status=502), SendOutcome.UNKNOWN),
        (Fault(FaultKind.SILENT), SendOutcome.UNKNOWN),
    ],
)
async def test_an_answer_is_what_its_errcode_states(
    server: WeComRobotServer, client: httpx2.AsyncClient, fault: Fault, outcome: SendOutcome
) -> None:
    server.faults.schedule(fault)
    assert (await robot(server, client).send(MESSAGE, NOW)).outcome is outcome


async def test_a_server_that_cannot_be_reached_was_sent_nothing(client: httpx2.AsyncClient) -> None:
    channel = WeComRobot(client, WeComRobotSettings({"grid-1": Secret("k")}, "http://127.0.0.1:9"))
    assert (await channel.send(MESSAGE, NOW)).outcome is SendOutcome.TEMPORARY

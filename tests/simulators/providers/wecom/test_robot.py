"""The simulated group robots refuse what the provider refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.wecom.robot import WeComRobotServer

NOW = 1_767_333_900_000


@pytest.fixture
async def server() -> AsyncIterator[WeComRobotServer]:
    async with WeComRobotServer(keys={"k1", "k2"}, clock=lambda: NOW) as running:
        yield running


async def post(server: WeComRobotServer, body: Any, key: str = "k1") -> int:
    async with loopback_client() as client:
        path = f"{server.url}/cgi-bin/webhook/send"
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        response = await client.post(path, params={"key": key}, **sent)
    assert response.status_code == 200, "errors of this provider come with HTTP 200"
    return int(response.json()["errcode"])


def text(content: str, **more: Any) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content, **more}}


async def test_a_group_shows_what_was_sent_with_its_key(server: WeComRobotServer) -> None:
    assert await post(server, text("你好", mentioned_list=["zhangsan"])) == 0
    assert await post(server, {"msgtype": "markdown", "markdown": {"content": "**你好**"}}, "k2") == 0
    assert (server.messages_of("k1"), server.messages_of("k2")) == (["你好"], ["**你好**"])
    assert server.messages[0].mentioned == ("zhangsan",)


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"{", 47001),
        ([], 47001),
        ({"msgtype": "template_card"}, 40008),
        (text(""), 44004),
        (text("长" * 683), 40058),
        ({"msgtype": "markdown", "markdown": {"content": "长" * 1366}}, 40058),
    ],
)
async def test_a_message_with_a_fault_is_refused(server: WeComRobotServer, body: Any, errcode: int) -> None:
    assert await post(server, body) == errcode
    assert server.messages == []


async def test_a_wrong_key_and_the_twenty_first_message_of_a_minute_are_refused(server: WeComRobotServer) -> None:
    assert await post(server, text("x"), "unknown") == 93000
    codes = [await post(server, text(str(number))) for number in range(21)]
    assert codes == [0] * 20 + [45009]
    assert await post(server, text("another robot"), "k2") == 0
    server.clock = lambda: NOW + 60_000
    assert await post(server, text("the next minute")) == 0


async def test_ordered_faults(server: WeComRobotServer) -> None:
    server.faults.schedule(Fault(FaultKind.REJECT, "-1"))
    assert await post(server, text("x")) == -1
    async with loopback_client() as client:
        path = f"{server.url}/cgi-bin/webhook/send?key=k1"
        server.faults.schedule(Fault(FaultKind.HTTP, status=502))
        server.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=True))
        for _ in range(2):
            assert (await client.post(path, json=text("y"))).status_code == 502
        server.faults.schedule(Fault(FaultKind.SILENT))
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(path, json=text("z"))
    assert server.messages_of("k1") == ["y", "z"]

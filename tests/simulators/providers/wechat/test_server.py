"""The simulated service account: tokens, messages, refusals, and what it pushes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import LoopbackServer, loopback_client
from simulators.providers.wechat.server import WeChatServer

NOW = 1_767_333_900_000
TEMPLATE = {"TID": "告警：{{thing1.DATA}}"}


class Caller:
    """A program with the account's credentials."""

    def __init__(self, server: WeChatServer, client: httpx2.AsyncClient) -> None:
        self.server, self.client, self.token = server, client, ""

    async def get_token(self, **changes: Any) -> dict[str, Any]:
        body = {"grant_type": "client_credential", "appid": "wx1", "secret": "s", **changes}
        answer: dict[str, Any] = (await self.client.post(f"{self.server.url}/cgi-bin/stable_token", json=body)).json()
        self.token = answer.get("access_token", "")
        return answer

    async def send(self, raw: bytes | None = None, **changes: Any) -> dict[str, Any]:
        body = {"touser": "o-wang", "template_id": "TID", "data": {"thing1": {"value": "燃气泄漏"}}, **changes}
        response = await self.client.post(
            f"{self.server.url}/cgi-bin/message/template/send?access_token={self.token}",
            **({"json": body} if raw is None else {"content": raw}),
        )
        answer: dict[str, Any] = response.json()
        return answer


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    server = WeChatServer(
        app_id="wx1",
        secret="s",
        token="t",
        aes_key="A" * 43,
        followers={"o-wang", "o-li"},
        former_followers={"o-left"},
        templates=TEMPLATE,
        clock=lambda: NOW,
    )
    async with server, loopback_client() as client:
        made = Caller(server, client)
        await made.get_token()
        yield made


async def test_a_stable_token_stays_until_a_refresh_is_forced(caller: Caller) -> None:
    first = caller.token
    assert (await caller.get_token())["access_token"] == first
    await caller.get_token(force_refresh=True)
    assert caller.token != first
    caller.server.clock = lambda: NOW + 7_000_000
    assert (await caller.get_token())["access_token"] not in (first, "")
    for change, errcode in (({"appid": "wx2"}, 40013), ({"secret": "x"}, 40125)):
        assert (await caller.get_token(**change))["errcode"] == errcode
    caller.server.is_ip_trusted = False
    assert (await caller.get_token())["errcode"] == 40164


async def test_a_message_is_refused_for_what_the_provider_refuses(caller: Caller) -> None:
    assert (await caller.send(touser="o-unknown"))["errcode"] == 40003
    assert (await caller.send(touser="o-left"))["errcode"] == 43004
    assert (await caller.send(template_id="X"))["errcode"] == 40037
    assert (await caller.send(data={"thing1": {"value": "长" * 21}}))["errcode"] == 47003
    assert (await caller.send(data="x"))["errcode"] == 47003
    assert (await caller.send(raw=b"["))["errcode"] == 47001
    assert (await caller.send(raw=b"[]"))["errcode"] == 47001
    assert caller.server.messages == []
    caller.token = "old"
    assert (await caller.send())["errcode"] == 40001
    await caller.get_token()
    caller.server.clock = lambda: NOW + 7_200_000
    assert (await caller.send())["errcode"] == 42001
    caller.server.spoil_token()
    assert (await caller.send())["errcode"] == 40001


async def test_the_same_client_msg_id_is_one_message_for_ten_minutes(caller: Caller) -> None:
    first = await caller.send(client_msg_id="d-1", url="https://g.example/m/x")
    assert await caller.send(client_msg_id="d-1") == first
    assert (await caller.send(client_msg_id="d-1", touser="o-li"))["msgid"] != first["msgid"]
    caller.server.clock = lambda: NOW + 600_000
    assert (await caller.send(client_msg_id="d-1"))["msgid"] != first["msgid"]
    assert [message.text for message in caller.server.messages_of("o-wang")] == ["燃气泄漏"] * 2
    assert caller.server.messages[0].url == "https://g.example/m/x"


async def test_ordered_faults_and_the_list_of_templates(caller: Caller) -> None:
    caller.server.faults.schedule(Fault(FaultKind.REJECT, "45009"))
    assert (await caller.send())["errcode"] == 45009
    caller.server.faults.schedule(Fault(FaultKind.HTTP, status=502))
    with pytest.raises(ValueError, match="Expecting value"):
        await caller.send()
    caller.server.faults.schedule(Fault(FaultKind.SILENT))
    with pytest.raises(httpx2.ReadTimeout):
        await caller.send()
    assert len(caller.server.messages) == 1
    path = f"{caller.server.url}/cgi-bin/template/get_all_private_template"
    listed = (await caller.client.get(path, params={"access_token": caller.token})).json()
    assert [item["template_id"] for item in listed["template_list"]] == ["TID"]
    assert (await caller.client.get(path)).json()["errcode"] == 40001


async def test_each_message_is_reported_once_and_the_callback_is_verified(caller: Caller) -> None:
    received: list[tuple[str, bytes]] = []

    async def callback(request: Request) -> Response:
        received.append((request.query_params.get("encrypt_type", ""), await request.body()))
        return Response(request.query_params.get("echostr", "success"))

    async with LoopbackServer(Starlette(routes=[Route("/cb", callback, methods=["GET", "POST"])])) as host:
        caller.server.callback_url = f"{host.url}/cb"
        assert await caller.server.verify_callback()
        caller.server.blocked.add("o-li")
        await caller.send()
        await caller.send(touser="o-li")
        assert await caller.server.push_reports() == [200, 200]
        assert await caller.server.push_reports() == []
    assert [kind for kind, _ in received] == ["", "aes", "aes"]
    assert b"TEMPLATESENDJOBFINISH" not in received[1][1], "events are encrypted"
    assert [message.openid for message in caller.server.messages] == ["o-wang"]

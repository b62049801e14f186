"""The simulated SMS gateway refuses what a real one refuses; it is called here without our channel."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import LoopbackServer, loopback_client
from simulators.providers.sms_gateway import SmsGatewayServer

NOW = 1_767_323_045_000
BODY = {"mobile": "13800138000", "content": "【滨河】紧急", "seq": "d-01"}


def gateway(**options: Any) -> SmsGatewayServer:
    return SmsGatewayServer(token="t", sign="滨河", signing_key="k", clock=lambda: NOW, **options)


async def submit(server: SmsGatewayServer, token: str = "t", form: bool = False, **changes: str) -> httpx2.Response:
    body = {**BODY, **changes}
    async with loopback_client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        if form:
            return await client.post(server.url, headers=headers, data=body)
        return await client.post(server.url, headers=headers, json=body)


async def test_json_and_form_fields_are_taken_and_refusals_come_with_http_200() -> None:
    async with gateway(per_number_per_hour=2) as server:
        assert (await submit(server)).json()["result"] == "0"
        assert (await submit(server, form=True)).json()["msgid"] == server.messages[1].msgid
        answers = [
            await submit(server),
            await submit(server, token="x"),
            await submit(server, mobile="1"),
            await submit(server, mobile="13800138001", content="no sign"),
            await submit(server, mobile="13800138001", content="【滨河】" + "长" * 500),
        ]
        assert [answer.json()["result"] for answer in answers] == ["3001", "1001", "2001", "4001", "2002"]
        assert {answer.status_code for answer in answers} == {200}
        async with loopback_client() as client:
            broken = await client.post(server.url, headers={"Authorization": "Bearer t"}, content=b"[")
        assert broken.json()["result"] == "2001"
        await server.wait_until_idle()
        assert [text.text for text in server.phones.texts_of("13800138000")] == ["【滨河】紧急"] * 2


async def test_a_push_is_signed_and_repeated_until_it_is_answered_with_success() -> None:
    answers, received = ["busy", "success", "success"], list[tuple[bytes, str]]()

    async def receive(request: Request) -> PlainTextResponse:
        received.append((await request.body(), request.headers["x-gateway-signature"]))
        return PlainTextResponse(answers.pop(0))

    async with gateway() as server, LoopbackServer(Starlette(routes=[Route("/", receive, methods=["POST"])])) as host:
        server.callback_url = host.url
        server.faults.schedule(Fault(FaultKind.UNDELIVERED, code="EXPIRED"))
        await submit(server)
        await server.wait_until_idle()
        await server.reply("13800138000", "11")
    assert server.push_statuses == [200, 200, 200]
    for body, signature in received:
        assert signature == hmac.new(b"k", body, hashlib.sha256).hexdigest()
    assert b'"stat": "EXPIRED"' in received[0][0]
    assert received[0] == received[1]
    assert b'"type": "reply"' in received[2][0]
    assert not server.phones.texts

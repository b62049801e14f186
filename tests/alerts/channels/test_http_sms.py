"""A gateway that is described by settings: requests, what its answers mean, signed callbacks."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from msgspec import structs

from alerts.channels.channel import DeliveryReport, InboundText, LookupStatus, SendOutcome
from alerts.channels.http_sms import Answer, Callbacks, HttpSms, HttpSmsSettings
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.sms_gateway import SmsGatewayServer
from tests.alerts.channels.test_channels import Handler, client, delivery_with, responding
from tests.support.callbacks import pushes_to

NOW = 1_767_323_045_000
ROW = delivery_with(payload={"name": "gas.critical", "params": {"place": "3栋"}, "text": '【滨河】紧急"；'})
SETTINGS = HttpSmsSettings(
    name="gateway",
    url="https://gw.example.cn/send?to={phone}",
    answer=Answer("0", "code", "data.0.id", {"7": SendOutcome.RATE, "9": SendOutcome.CONFIG}),
    headers={"Authorization": "Bearer {secret}"},
    body={"mobile": "{phone}", "content": "{text}", "seq": "{id}", "vars": ["{params.place}", 1]},
    secret="s3cret",
    callbacks=Callbacks(
        items="list",
        delivery_path="seq",
        id_path="msgid",
        status_path="stat",
        delivered=("DELIVRD",),
        failed=("UNDELIV",),
        phone_path="mobile",
        text_path="content",
        text_id_path="moid",
        signature_header="X-Signature",
        signature_secret="k",
        reply="success",
    ),
)


def gateway(handler: Handler, **changes: Any) -> HttpSms:
    return HttpSms(client(handler), structs.replace(SETTINGS, **changes))


@asynccontextmanager
async def platform(**changes: Any) -> AsyncIterator[tuple[SmsGatewayServer, HttpSms]]:
    """A gateway of a government platform, and the channel that its manual asks for."""
    server = SmsGatewayServer(token="s3cret", sign="滨河", signing_key="k", clock=lambda: NOW)
    async with server, loopback_client() as http:
        settings = structs.replace(
            SETTINGS,
            url=server.url,
            answer=Answer("0", "result", "msgid", {"3001": SendOutcome.RATE, "2001": SendOutcome.RECIPIENT}),
            callbacks=Callbacks(
                items="reports",
                delivery_path="seq",
                id_path="msgid",
                status_path="stat",
                delivered=("DELIVRD",),
                failed=("UNDELIV", "EXPIRED"),
                phone_path="mobile",
                text_path="content",
                text_id_path="moid",
                signature_header="X-Gateway-Signature",
                signature_secret="k",
                reply="success",
            ),
        )
        yield server, HttpSms(http, structs.replace(settings, **changes))


@pytest.mark.parametrize("encoding", ["json", "form"])
async def test_a_text_its_receipt_and_its_reply_at_a_real_gateway(encoding: str) -> None:
    """Quotes and field separators in a text stay in it, and nothing of the request leaves its place."""
    row = structs.replace(ROW, payload={**ROW.payload, "text": '【滨河】紧急"；&mobile=1'})
    body = {"mobile": "{phone}", "content": "{text}", "seq": "{id}"}
    async with platform(encoding=encoding, body=body) as (server, channel), pushes_to(channel, NOW) as pushes:
        server.callback_url = pushes.url
        result = await channel.send(row, NOW)
        await server.wait_until_idle()
        (message,) = server.messages
        assert (result.outcome, result.provider_id) == (SendOutcome.ACCEPTED, message.msgid)
        assert (message.phone, message.text, message.seq) == ("13800138000", '【滨河】紧急"；&mobile=1', "d-01")
        await server.reply("13800138000", "11")
        assert pushes.events == [
            DeliveryReport(True, NOW, "d-01", message.msgid, "DELIVRD"),
            InboundText("13800138000", "11", NOW, "mo-1"),
        ]
        server.signing_key = "forged"
        await server.reply("13800138000", "12")
        assert pushes.statuses == [200, 200, 403, 403, 403]
        assert len(pushes.events) == 2


async def test_refusals_of_a_gateway_come_with_http_200_and_are_read_by_their_codes() -> None:
    async with platform() as (server, channel), pushes_to(channel, NOW) as pushes:
        server.callback_url, server.per_number_per_hour = pushes.url, 1
        server.faults.schedule(Fault(FaultKind.UNDELIVERED))
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.ACCEPTED
        await server.wait_until_idle()
        assert pushes.events == [DeliveryReport(False, NOW, "d-01", server.messages[0].msgid, "UNDELIV")]
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.RATE
        foreign = structs.replace(ROW, address="+85251234567")
        assert (await channel.send(foreign, NOW)).outcome is SendOutcome.RECIPIENT
        server.token = "rotated"
        refused = await channel.send(ROW, NOW)
        assert (refused.outcome, refused.code) == (SendOutcome.UNKNOWN, "1001"), "not named in the settings: in doubt"


async def test_a_lost_answer_of_a_gateway_is_in_doubt_and_a_refused_connection_is_not() -> None:
    async with platform() as (server, channel):
        server.faults.schedule(Fault(FaultKind.SILENT))
        server.faults.schedule(Fault(FaultKind.HTTP, status=502))
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.UNKNOWN
        assert len(server.messages) == 1
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.UNKNOWN
    async with loopback_client() as http:
        gone = HttpSms(http, structs.replace(SETTINGS, url=server.url))
        assert (await gone.send(ROW, NOW)).outcome is SendOutcome.TEMPORARY


async def test_the_number_and_the_text_may_stand_in_the_address() -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json={"code": 0, "data": [{"id": 77}]})

    result = await gateway(handler).send(ROW, NOW)
    assert (result.outcome, result.provider_id) == (SendOutcome.ACCEPTED, "77")
    assert str(requests[0].url) == "https://gw.example.cn/send?to=13800138000"
    assert json.loads(requests[0].content)["vars"] == ["3栋", 1]
    await gateway(handler, method="GET", body={}, url="https://gw.example.cn/?c={text}").send(ROW, NOW)
    assert (requests[1].method, requests[1].content) == ("GET", b"")
    assert "s3cret" not in repr(SETTINGS)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"code": 7}, SendOutcome.RATE),
        (200, {"code": 9}, SendOutcome.CONFIG),
        (200, {"code": 10}, SendOutcome.UNKNOWN),
        (200, {}, SendOutcome.UNKNOWN),
        (500, {"code": 0}, SendOutcome.UNKNOWN),
        (400, {}, SendOutcome.CONTENT),
        (401, {}, SendOutcome.CONFIG),
        (429, {}, SendOutcome.RATE),
    ],
)
async def test_the_code_decides_and_the_status_only_where_there_is_none(
    status: int, body: object, outcome: SendOutcome
) -> None:
    result = await gateway(lambda _request: httpx2.Response(status, json=body)).send(ROW, NOW)
    assert result.outcome is outcome


async def test_an_answer_in_plain_text_is_searched_for_success() -> None:
    plain = Answer(r"^OK:\d+")
    assert (
        await gateway(lambda _: httpx2.Response(200, text="OK:1"), answer=plain).send(ROW, NOW)
    ).outcome == "accepted"
    assert (await gateway(lambda _: httpx2.Response(200, text="NO"), answer=plain).send(ROW, NOW)).outcome == "unknown"
    assert (await gateway(responding(httpx2.ConnectError(""))).send(ROW, NOW)).outcome is SendOutcome.TEMPORARY
    assert (await gateway(responding()).send(structs.replace(ROW, address="1;2"), NOW)).outcome == "recipient"
    assert (await gateway(responding()).lookup(ROW, NOW)).status is LookupStatus.UNDETERMINED


def test_callbacks_are_read_when_their_signature_matches_and_forged_ones_are_refused() -> None:
    items = [
        {"seq": "d-01", "msgid": "77", "stat": "DELIVRD"},
        {"msgid": "78", "stat": "UNDELIV"},
        {"msgid": "79", "stat": "ENROUTE"},
        {"stat": "DELIVRD"},
        {"mobile": "13800138000", "content": "31", "moid": "m1"},
        5,
    ]
    body = json.dumps({"list": items}).encode()
    signed = {"x-signature": hmac.new(b"k", body, hashlib.sha256).hexdigest()}
    response = gateway(responding()).receive(signed, {}, body, NOW)
    assert (response.status, response.body) == (200, b"success")
    assert response.events == (
        DeliveryReport(True, NOW, "d-01", "77", "DELIVRD"),
        DeliveryReport(False, NOW, None, "78", "UNDELIV"),
        InboundText("13800138000", "31", NOW, "m1"),
    )
    for headers in ({}, {"X-Signature": "0" * 64}, {"X-Signature": "签"}):
        assert gateway(responding()).receive(headers, {}, body, NOW).status == 403


def test_form_fields_and_query_parameters_are_callbacks_too() -> None:
    plain = Callbacks(id_path="id", status_path="s", delivered=("1",))
    channel = gateway(responding(), callbacks=plain)
    assert channel.receive({}, {}, b"id=77&s=1", NOW).events == (DeliveryReport(True, NOW, None, "77", "1"),)
    assert channel.receive({}, {"id": "77", "s": "1"}, b"", NOW).events == (DeliveryReport(True, NOW, None, "77", "1"),)
    assert channel.receive({}, {}, b"\xff{", NOW).status == 400
    assert channel.receive({}, {}, b"x" * 70_000, NOW).status == 413

"""The simulated 12345 platform: what it takes, refuses, loses and repeats."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.hotline.server import HotlineServer
from simulators.providers.hotline.signature import signed_headers
from simulators.providers.local_server import loopback_client

NOW = 1_795_269_900_000
REPORT = {"工单号": "GD-1", "状态": "受理", "序号": 4, "状态时间": "2026-11-21 22:05:00", "说明": ""}


async def post(server: HotlineServer, body: dict[str, Any], message: str = "m-1", secret: str = "s") -> httpx2.Response:
    raw = json.dumps(body).encode()
    async with loopback_client() as client:
        return await client.post(server.url, content=raw, headers=signed_headers(secret, message, raw, NOW))


async def test_a_report_counts_once_in_order_for_a_known_order() -> None:
    async with HotlineServer(secret="s", push_secret="p", clock=lambda: NOW) as server:
        server.orders["GD-1"] = {}
        codes = [
            (await post(server, body, message, secret)).json()["code"]
            for body, message, secret in (
                (REPORT, "m-1", "forged"),
                (REPORT, "m-1", "s"),
                (REPORT, "m-1", "s"),
                ({**REPORT, "序号": 3}, "m-2", "s"),
                ({**REPORT, "工单号": "GD-2"}, "m-3", "s"),
            )
        ]

    assert codes == [401, 0, 0, 1001, 1002]
    assert (server.states_of("GD-1"), server.repeated) == (["受理"], 1)


async def test_a_case_that_is_handed_over_gets_a_number() -> None:
    async with HotlineServer(secret="s", push_secret="p", clock=lambda: NOW) as server:
        case = {"来源编号": "FS-1", "诉求标题": "燃气", "紧急程度": "特急"}
        given = (await post(server, case)).json()
        refused = (await post(server, {**case, "紧急程度": "?"}, "m-2")).json()

    assert (given["工单号"], refused["code"], set(server.handed_over)) == ("ZB0001", 1001, {"ZB0001"})


@pytest.mark.parametrize(
    ("fault", "status", "taken"),
    [
        (Fault(FaultKind.HTTP, status=503), 503, False),
        (Fault(FaultKind.HTTP, status=502, accepted=True), 502, True),
        (Fault(FaultKind.REJECT, code="9", message="忙"), 200, False),
    ],
)
async def test_faults_lose_the_request_or_only_the_answer(fault: Fault, status: int, taken: bool) -> None:
    async with HotlineServer(secret="s", push_secret="p", clock=lambda: NOW) as server:
        server.orders["GD-1"] = {}
        server.faults.schedule(fault)
        response = await post(server, REPORT)

    assert (response.status_code, bool(server.reports)) == (status, taken)

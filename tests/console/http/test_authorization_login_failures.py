"""Failed logins are in the audit trail and in /metrics, with the address and without the rejected token."""

from __future__ import annotations

from typing import Any

import pytest

from console.security.auth import LoginFailure, LoginFailures, sign_worker_link
from domain import MINUTE
from store.database.system import audit
from tests.support.console_harness import ADMIN, T0, Client, ConsoleHarness, client_of

TRIED = "nearly-the-right-token"


async def acts(harness: ConsoleHarness) -> list[Any]:
    found = (await harness.database.read(lambda tx: audit.list_entries(tx, 1000))).items
    return [act for act in found if act.action == "login failed"]


async def counted(client: Client) -> dict[str, int]:
    lines = [line for line in (await client.get("/metrics")).text.splitlines() if line.startswith("fengshao_failed_l")]
    return {line.split('"')[1]: int(float(line.rpartition(" ")[2])) for line in lines}


WAYS = [
    ("POST", "/api/v1/session", {"json": {"token": TRIED}}, LoginFailure.TOKEN),
    (
        "POST",
        "/api/v1/session",
        {"json": {"link": sign_worker_link(TRIED.encode(), "1", "w-zhang", T0)}},
        LoginFailure.LINK,
    ),
    ("GET", "/api/v1/alerts", {"headers": {"authorization": f"Bearer {TRIED}"}}, LoginFailure.TOKEN),
    ("GET", "/api/v1/stream", {"headers": {"authorization": f"Bearer {TRIED}"}}, LoginFailure.TOKEN),
    ("POST", f"/api/v1/readings?token={TRIED}", {"json": {}}, LoginFailure.TOKEN),
    ("POST", "/api/v1/readings", {"json": {}, "headers": {"authorization": f"Bearer {TRIED}"}}, LoginFailure.TOKEN),
    ("POST", f"/api/v1/{TRIED}/telemetry", {"json": {}}, LoginFailure.DEVICE),
    ("POST", f"/api/v1/callbacks/aliyun_sms/{TRIED}", {"json": []}, LoginFailure.CALLBACK),
]


@pytest.mark.parametrize(("method", "path", "sent", "failure"), WAYS)
async def test_a_failed_login_is_audited_without_the_rejected_token(
    harness: ConsoleHarness, anyone: Client, method: str, path: str, sent: dict[str, Any], failure: LoginFailure
) -> None:
    response = await anyone.request(method, path, **sent)

    assert response.status_code in (401, 404)
    (act,) = await acts(harness)
    assert (act.at, act.actor, act.detail) == (T0, "anonymous", {"address": "127.0.0.1", "reason": failure.value})
    assert TRIED not in str(act)
    expected = dict.fromkeys(map(str, LoginFailure), 0) | {failure.value: 1}
    assert await counted(anyone) == expected


async def test_a_request_without_a_token_is_no_failed_login(harness: ConsoleHarness, anyone: Client) -> None:
    assert (await anyone.get("/api/v1/alerts")).status_code == 401
    assert (await anyone.get("/api/v1/alerts", headers={"cookie": "fengshao_session=old.cookie"})).status_code == 401

    assert await acts(harness) == []


async def test_a_flood_of_failed_logins_is_counted_in_full_and_audited_in_part(
    harness: ConsoleHarness, anyone: Client
) -> None:
    for _ in range(25):
        await anyone.post("/api/v1/session", json={"token": TRIED})

    assert (await counted(anyone))["token"] == 10
    assert (await counted(anyone))["locked"] == 15
    assert len(await acts(harness)) == 10
    harness.now += MINUTE
    await anyone.post("/api/v1/session", json={"token": TRIED})
    assert len(await acts(harness)) == 11


async def test_invalid_tokens_of_a_client_do_not_lock_out_valid_tokens_of_the_same_client(
    harness: ConsoleHarness,
) -> None:
    async with client_of(harness.app, authorization=f"Bearer {TRIED}") as wrong:
        for _ in range(30):
            assert (await wrong.get("/api/v1/alerts")).status_code == 401
    async with client_of(harness.app, authorization=f"Bearer {ADMIN}") as right:
        assert (await right.get("/api/v1/alerts")).status_code == 200
    assert len(await acts(harness)) == 10


def test_failures_from_many_addresses_do_not_fill_the_audit() -> None:
    failed = LoginFailures()
    written = [failed.record(LoginFailure.TOKEN, f"10.0.{n // 250}.{n % 250}", T0) for n in range(1000)]

    assert sum(written) == 60
    assert failed.counts[LoginFailure.TOKEN] == 1000

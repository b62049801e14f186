"""`/tokens`: created, shown once, revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import HOUR
from tests.support.console_harness import Client, ConsoleHarness, client_of


async def log_in(client: Client, **body: str) -> Any:
    return await client.post("/api/v1/session", json=body)


async def test_a_token_is_shown_once_and_can_be_revoked_with_its_sessions(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    made = (await admin.post("/api/v1/tokens", json={"role": "operator", "person": "w-li", "place": "garden"})).json()
    listed = await admin.get("/api/v1/tokens")

    assert made["token"] not in listed.text
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
    assert (await log_in(anyone, token=made["token"])).json()["place"] == "garden"
    assert (await anyone.get("/api/v1/session")).status_code == 200
    assert (await admin.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204
    assert (await anyone.get("/api/v1/session")).status_code == 401
    assert (await log_in(anyone, token=made["token"])).status_code == 401
    assert (await admin.delete(f"/api/v1/tokens/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "king"}, "role"),
        ({"role": "worker", "person": "x"}, "person"),
        ({"role": "viewer", "place": "x"}, "place"),
    ],
)
async def test_a_token_for_an_unknown_person_is_refused(admin: Client, body: dict[str, str], field: str) -> None:
    response = await admin.post("/api/v1/tokens", json=body)

    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


async def test_only_the_administrator_creates_tokens(bearer: Callable[..., Any]) -> None:
    dispatcher = await bearer("dispatcher")

    assert (await dispatcher.get("/api/v1/tokens")).status_code == 403
    assert (await dispatcher.post("/api/v1/tokens", json={"role": "administrator"})).status_code == 403


async def test_a_token_has_a_name_a_scope_and_an_end(harness: ConsoleHarness, admin: Client) -> None:
    body = {"role": "operator", "name": "大屏", "scope": "read", "expires_at": "2026-11-22T00:00:00+08:00"}
    made = (await admin.post("/api/v1/tokens", json=body)).json()
    assert (made["name"], made["scope"], made["expires_at"]) == ("大屏", "read", "2026-11-22T00:00:00.000+08:00")
    number = await harness.alert()
    async with client_of(harness.app, authorization=f"Bearer {made['token']}") as client:
        assert (await client.get(f"/api/v1/alerts/{number}")).status_code == 200
        refused = await client.post(f"/api/v1/alerts/{number}/acknowledge")
        assert (refused.status_code, "只读" in refused.json()["detail"]) == (403, True)
        login = await client.post("/api/v1/session", json={"token": made["token"]})
        assert login.status_code == 200
        async with client_of(harness.app, cookie=login.headers["set-cookie"].partition(";")[0]) as browser:
            assert (await browser.get("/api/v1/alerts")).status_code == 200
            harness.now += 2 * HOUR
            assert (await browser.get("/api/v1/alerts")).status_code == 401
        assert (await client.get("/api/v1/alerts")).status_code == 401
    for change, field in (
        ({"scope": "all"}, "scope"), ({"expires_at": "2026-01-01"}, "expires_at"),
        ({"role": "device", "scope": "read"}, "scope"),
    ):  # fmt: skip
        refused = await admin.post("/api/v1/tokens", json={**body, "expires_at": None, **change})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


async def test_the_audit_trail_says_for_whom_and_for_what_a_token_was_made(admin: Client) -> None:
    body = {"role": "operator", "person": "w-li", "place": "garden", "scope": "read"}
    made = (await admin.post("/api/v1/tokens", json=body)).json()
    (entry,) = (await admin.get("/api/v1/audit?action=token created")).json()["items"]
    assert entry["detail"] == {"token": made["id"], **body}

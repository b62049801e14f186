"""`/tokens`: created, shown once, revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console_harness import Client, ConsoleHarness


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

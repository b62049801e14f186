"""Who may use the safety office's tools, and what they are told where nobody offers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console_harness import Client, ConsoleHarness

PATHS = (
    ("GET", "/rules/schema"),
    ("GET", "/rules/new?name=a"),
    ("GET", "/rules/jobs/1"),
    ("DELETE", "/rules/jobs/1"),
    ("GET", "/rules/gas-alarm/explain?device=gas-402"),
    ("POST", "/rules/reload"),
)


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_where_nobody_offers_the_tools_it_is_said(admin: Client, method: str, path: str) -> None:
    assert (await admin.request(method, f"/api/v1{path}")).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "worker"])
async def test_who_only_looks_or_walks_has_no_use_for_them(bearer: Callable[..., Any], role: str) -> None:
    client = await bearer(role)
    assert {(await client.request(method, f"/api/v1{path}")).status_code for method, path in PATHS} == {403}


async def test_an_operator_may_try_rules_and_an_administrator_puts_them_in_force(bearer: Callable[..., Any]) -> None:
    client = await bearer("operator")
    assert (await client.get("/api/v1/rules/schema")).status_code == 404
    assert (await client.post("/api/v1/rules/reload")).status_code == 403


async def test_who_is_limited_to_a_place_does_not_judge_the_whole_site(bearer: Callable[..., Any]) -> None:
    client = await bearer("operator", place="garden")
    assert (await client.get("/api/v1/rules/gas-alarm/explain?device=band-101")).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"books": []},
        {"books": [{"name": "../gas.yaml", "text": ""}]},
        {"books": [{"name": "gas.yaml"}]},
        {"book": "gas.yaml"},
    ],
)
async def test_a_book_has_a_plain_name_and_a_text(harness: ConsoleHarness, admin: Client, body: dict[str, Any]) -> None:
    assert (await admin.post("/api/v1/rules/check", json=body)).status_code == 422

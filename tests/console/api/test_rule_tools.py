"""Permissions of the rule tools, and the response without them."""

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
async def test_without_rule_tools_the_endpoints_are_a_404(admin: Client, method: str, path: str) -> None:
    assert (await admin.request(method, f"/api/v1{path}")).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "worker"])
async def test_viewers_and_workers_may_not_use_the_rule_tools(bearer: Callable[..., Any], role: str) -> None:
    client = await bearer(role)
    assert {(await client.request(method, f"/api/v1{path}")).status_code for method, path in PATHS} == {403}


async def test_an_operator_may_test_rules_and_an_administrator_reloads_them(bearer: Callable[..., Any]) -> None:
    client = await bearer("operator")
    assert (await client.get("/api/v1/rules/schema")).status_code == 404
    assert (await client.post("/api/v1/rules/reload")).status_code == 403


async def test_a_token_for_a_place_may_not_use_the_rule_tools(bearer: Callable[..., Any]) -> None:
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
async def test_a_rulebook_needs_a_file_name_and_a_text(
    harness: ConsoleHarness, admin: Client, body: dict[str, Any]
) -> None:
    assert (await admin.post("/api/v1/rules/check", json=body)).status_code == 422

"""Permissions of the rulebook files, and the response without them; tests/app/rule_tools/test_rulebook_folder.py edits
them in a running service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console_harness import Client

PATHS = (
    ("GET", "/rules/books"),
    ("GET", "/rules/books/gas"),
    ("GET", "/rules/books/gas/versions"),
    ("PUT", "/rules/books/gas"),
    ("POST", "/rules/books/gas/remove"),
)
BODIES = {"PUT": {"text": "hazard: gas", "reason": "三起误报"}, "POST": {"reason": "改回"}}


async def statuses(client: Client) -> list[int]:
    return [
        (await client.request(method, f"/api/v1{path}", json=BODIES.get(method))).status_code for method, path in PATHS
    ]


async def test_without_a_service_behind_them_they_are_a_404(admin: Client) -> None:
    assert await statuses(admin) == [404] * 5


@pytest.mark.parametrize(
    ("role", "expected"),
    [("viewer", [403] * 5), ("operator", [404, 404, 404, 403, 403]), ("dispatcher", [404, 404, 404, 403, 403])],
)
async def test_an_dispatcher_reads_and_an_administrator_publishes(
    bearer: Callable[..., Any], role: str, expected: list[int]
) -> None:
    assert await statuses(await bearer(role)) == expected


async def test_a_version_that_is_not_there_is_a_404(admin: Client) -> None:
    assert (await admin.get("/api/v1/rules/books/gas/versions/7")).status_code == 404
    assert (await admin.get("/api/v1/rules/books/..%2Fgas")).status_code in (404, 422)

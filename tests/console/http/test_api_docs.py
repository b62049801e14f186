"""The page of the API and its document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.http.static_files import StaticPages
from tests.support.console_harness import Client, ConsoleHarness


async def test_the_page_of_the_api_is_for_logged_in_users(
    harness: ConsoleHarness, anyone: Client, admin: Client, bearer: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "api.html").write_text("<title>API</title>")
    harness.app.router.default = StaticPages(tmp_path)
    platform = await bearer("device")

    for client in (anyone, platform):
        response = await client.get("/docs")
        assert (response.status_code, response.headers["location"]) == (303, "/login?next=/docs")
    assert (await admin.get("/docs")).text == "<title>API</title>"
    assert (await admin.get("/api.html")).status_code == 404


async def test_a_page_of_the_api_that_is_not_built_is_a_503(admin: Client) -> None:
    response = await admin.get("/docs")
    assert (response.status_code, "openapi.json" in response.text) == (503, True)


async def test_the_document_names_no_other_server_and_has_the_security_requirements(anyone: Client) -> None:
    response = await anyone.get("/api/v1/openapi.json")
    document = response.json()

    for path in ("/api/v1/alerts", "/api/v1/devices/{device_id}/readings", "/api/v1/why", "/readyz"):
        assert path in document["paths"]
    assert "http://" not in response.text
    assert [{"bearer": []}, {"session": []}] == document["security"]
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert "security" not in document["paths"]["/api/v1/alerts"]["get"]
    tagged = {tag for methods in document["paths"].values() for one in methods.values() for tag in one["tags"]}
    assert tagged == {tag["name"] for tag in document["tags"]}

"""The built pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from console.http.static_files import StaticPages
from tests.support.console_harness import Client, ConsoleHarness, client_of


async def test_before_the_pages_are_built_a_notice_is_served(anyone: Client) -> None:
    response = await anyone.get("/")

    assert response.status_code == 503
    assert "页面还没有构建" in response.text


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>枫哨</title>", "utf-8")
    (folder / "report.html").write_text("<title>随手报</title>", "utf-8")
    (folder / "assets" / "main-1a2b.js").write_text("go()", "utf-8")
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    return folder


async def test_the_built_pages_are_served_at_every_path_of_theirs(harness: ConsoleHarness, dist: Path) -> None:
    async with client_of(harness.app_with(dist=dist)) as client:
        for path in ("/", "/login", "/alerts/31", "/m/some.signed-link_x", "/desk"):
            response = await client.get(path)
            assert (response.status_code, response.text) == (200, "<title>枫哨</title>")
            assert response.headers["cache-control"] == "no-cache"
        for path in ("/r", "/r/MTc.signed-code", "/r/s/eyJyIjox.signed-link"):
            assert (await client.get(path)).text == "<title>随手报</title>", path
        assert (await client.get("/report.html")).status_code == 404
        script = await client.get("/assets/main-1a2b.js")
        assert (script.text, "immutable" in script.headers["cache-control"]) == ("go()", True)
        for path in ("/assets/none.js", "/favicon.ico", "/../secret.txt", "/%2e%2e/secret.txt", "/api/v1/none"):
            response = await client.get(path)
            assert response.status_code == 404, path
            assert "secret" not in response.text
        assert (await client.post("/login")).status_code == 404
        assert (await client.head("/")).status_code == 200


async def test_pages_are_no_websocket(harness: ConsoleHarness) -> None:
    await StaticPages(None)({"type": "websocket"}, _never, _never)


async def _never(*_: Any) -> Any:
    raise AssertionError("nothing is read and nothing is sent")

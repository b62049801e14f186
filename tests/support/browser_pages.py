"""Pages in headless Chromium: opened with a role and a size, and checked for faults at the end of a test."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, Request, Response, expect

from tests.support.service_harness import TOKEN, ServiceHarness
from tests.support.timeouts import LONG_TIMEOUT_MS

expect.set_options(timeout=LONG_TIMEOUT_MS)

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "console" / "web" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "docs" / "pictures"
PICTURE_BYTES_MAX = 300_000
WALL = (1920, 1080)
WALL_4K = (3840, 2160)
PHONE = (390, 844)

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ABORTED = "net::ERR_ABORTED"
"""A request that the page itself ended, as the event stream when another page is opened."""


def chromium_path() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "Chromium is not installed: run `make test`, which installs it"
    return found


async def sign_in_by_token(page: Page) -> None:
    """The form offers a token first where there are no accounts yet, which another test may have added."""
    await page.wait_for_load_state("networkidle")
    if await page.locator("#user").count():
        await page.get_by_role("button", name="用令牌登录").click()
    await page.locator("#token").fill(TOKEN)
    await page.keyboard.press("Enter")


class PageFaults:
    """What went wrong on a page: errors on its console, requests that failed, requests to another host.

    `expected` are patterns of the faults that a test causes on purpose: "409 POST .*/acknowledge", "console: .* 409".
    """

    def __init__(self, page: Page, host: str, expected: Sequence[str]) -> None:
        self._host, self.expected, self._faults = host, list(expected), list[str]()
        page.on("console", lambda message: self._add("console", message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._add("script", str(error)))
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failure)
        page.on("response", self._on_response)

    def _add(self, what: str, text: str) -> None:
        self._faults.append(f"{what}: {text}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self._add("request to another host", request.url)

    def _on_failure(self, request: Request) -> None:
        if request.failure != ABORTED:
            self._add("failed", f"{request.method} {request.url} {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._add("failed", f"{response.status} {response.request.method} {response.url}")

    def unexpected(self) -> list[str]:
        return [fault for fault in self._faults if not any(re.search(pattern, fault) for pattern in self.expected)]


class OpenPages:
    """Opens pages of a running service; `close` fails when one of them had a fault that was not expected."""

    def __init__(self, browser: Browser, service: ServiceHarness) -> None:
        self._browser, self._service = browser, service
        self._contexts: list[BrowserContext] = []
        self._faults: list[PageFaults] = []

    @property
    def root(self) -> str:
        return f"http://{self._service.http.host}:{self._service.http.port}"

    async def __call__(
        self,
        path: str,
        role: str | None = "administrator",
        size: tuple[int, int] = WALL,
        *,
        person: str | None = None,
        place: str | None = None,
        root: str | None = None,
        expected: Sequence[str] = (),
    ) -> Page:
        """A page in a browser context of its own, logged in by a token of this role, person and place.

        `role` None: not logged in (a worker's link, a resident). `root`: another address of the service, as a proxy's.
        """
        address = root or self.root
        width, height = size
        context = await self._browser.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",  # without a graphics processor every frame is drawn by the processor
        )
        self._contexts.append(context)
        if role is not None:
            body = {"token": await self._token(role, person, place)}
            response = await context.request.post(f"{address}/api/v1/session", data=body)
            assert response.ok, await response.text()
        page = await context.new_page()
        self._faults.append(PageFaults(page, urlsplit(address).netloc, expected))
        await page.goto(address + path)
        return page

    async def _token(self, role: str, person: str | None, place: str | None) -> str:
        if (role, person, place) == ("administrator", None, None):
            return TOKEN
        response = await self._service.api.post("/api/v1/tokens", json={"role": role, "person": person, "place": place})
        assert response.status_code == 201, response.text
        return str(response.json()["token"])

    async def close(self) -> None:
        """Closes every page; fails when one had faults."""
        for context in self._contexts:
            for page in context.pages:
                await page.unroute_all(behavior="ignoreErrors")  # a handler at work would fail the next test
            await context.close()
        faults = [fault for page in self._faults for fault in page.unexpected()]
        assert not faults, "faults on the pages:\n" + "\n".join(faults)


@cache
def _axe_source() -> str:
    return AXE.read_text("utf-8")


async def axe(page: Page, within: str | None = None) -> None:
    """Fails on serious and critical faults of accessibility in the page or one element (axe-core, WCAG 2.2 A, AA)."""
    await page.evaluate(_axe_source())
    options = {"runOnly": AXE_RULES, "resultTypes": ["violations"]}
    found: list[dict[str, Any]] = await page.evaluate(
        "([within, options]) => axe.run(within ?? document, options).then((result) => result.violations)",
        [within, options],
    )
    faults = [
        f"{fault['impact']} {fault['id']}: {fault['help']}: {json.dumps([node['target'] for node in fault['nodes']])}"
        f" {fault['nodes'][0]['failureSummary']}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert not faults, f"{page.url}:\n" + "\n".join(faults)


async def fits(page: Page) -> None:
    """Fails when the page is wider than the screen."""
    overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{page.url} is {overflow} px wider than the screen"


async def save_picture(page: Page, name: str) -> None:
    """docs/pictures/NAME.png, with a palette: at most PICTURE_BYTES_MAX bytes."""
    shot = Image.open(io.BytesIO(await page.screenshot(animations="disabled")))
    file = PICTURES / f"{name}.png"
    shot.convert("RGB").quantize(256).save(file, optimize=True)
    assert file.stat().st_size <= PICTURE_BYTES_MAX, f"{file} has {file.stat().st_size} bytes"

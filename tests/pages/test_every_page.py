"""Every page of the bar, at both sizes: no fault on its console, accessible, no wider than the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.pages.conftest import Pictured
from tests.support.browser_pages import PHONE, WALL, OpenPages, axe, fits
from tests.support.demo_town import DemoTown

NAVIGATION = Path(__file__).resolve().parents[2] / "console" / "web" / "src" / "navigation.ts"
PATHS = re.findall(r"path: '([^']+)'", NAVIGATION.read_text("utf-8"))
PICTURED = {"/desk", "/devices", "/rosters", "/ladders", "/rules", "/system", "/audit"}
"""Pages whose pictures stand in docs/console.md; the others have theirs, or show little in a town of one evening."""


async def settled(page: Page) -> None:
    """The page is drawn and what it asked for has come; the event stream stays open."""
    await expect(page.locator("main, .wall, [role=main]").first).to_be_visible()
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)


def test_the_bar_lists_pages() -> None:
    assert len(PATHS) >= 16


@pytest.mark.parametrize(("size", "name"), [(WALL, ""), (PHONE, "-phone")])
async def test_every_page_opens_without_a_fault(
    town: DemoTown, open_page: OpenPages, pictured: Pictured, size: tuple[int, int], name: str
) -> None:
    await town.leak()
    # Without a partner there is nothing to list, which the page says.
    no_exchange = ("404 GET .*/api/v1/exchange/", "console: .* 404 ")
    page = await open_page("/desk", size=size, expected=no_exchange)
    for path in PATHS:
        await page.goto(open_page.root + path)
        await settled(page)
        await axe(page)
        if path != "/":  # the wall is made for walls: on a telephone it scrolls
            await fits(page)
        if path in PICTURED and not name:
            await pictured(page, path.removeprefix("/"))

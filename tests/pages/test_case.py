"""A case is printed: one sheet with its people, its neighbours and its curve."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import expect

from tests.support.browser_pages import PHONE, OpenPages, axe, fits
from tests.support.demo_town import DemoTown


async def test_a_case_is_printed_on_one_sheet(town: DemoTown, open_page: OpenPages) -> None:
    alert = await town.leak()
    await town.fast_forward(minutes=2)
    page = await open_page(f"/alerts/{alert['id']}")
    await expect(page.get_by_role("heading", name=alert["address"])).to_be_visible()
    await expect(page.get_by_text("经过")).to_be_visible()
    await expect(page.locator("figure").first).to_be_visible()
    await axe(page)

    await page.evaluate("window.print = () => (document.title = 'printed')")
    await page.get_by_role("button", name="打印").click()
    await expect(page).to_have_title("printed")
    pdf = await page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1, "a usual case is one sheet"
    await page.emulate_media(media="print")
    await expect(page.get_by_text("警情处置单")).to_be_visible()
    await expect(page.get_by_text("核查人")).to_be_visible()
    await expect(page.get_by_role("button", name="接警")).to_be_hidden()


async def leak_beside_neighbours(town: DemoTown) -> tuple[dict[str, Any], dict[str, Any]]:
    """A leak in a unit of several households; some units of the town have one."""
    while True:
        alert = await town.leak()
        found = await town.get(f"/api/v1/alerts/{alert['id']}/surroundings")
        if len(found["households"]) > 1:
            return alert, found


async def test_neighbours_are_shown_and_the_case_fits_a_telephone(town: DemoTown, open_page: OpenPages) -> None:
    alert, found = await leak_beside_neighbours(town)
    page = await open_page(f"/alerts/{alert['id']}", size=PHONE)
    here = next(one["name"] for one in found["households"] if one["here"])
    await expect(page.locator(".plan .here")).to_contain_text(here)
    await fits(page)

"""Before a night: who would be called at three, a worker is put on leave, and his turn is covered."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Page, expect

from tests.support.browser_pages import PHONE, OpenPages, axe, fits
from tests.support.demo_town import DemoTown


async def choose_flat(page: Page) -> None:
    """The first flat of the first compound, step by step."""
    for step in range(4):
        choice = page.locator(".steps select").nth(step)
        await choice.locator("option").nth(1).wait_for(state="attached")
        await choice.select_option(index=1)


async def test_who_would_be_called_at_three_is_drawn(open_page: OpenPages) -> None:
    page = await open_page("/ladders")
    await choose_flat(page)
    await page.get_by_role("button", name="今夜三点").click()
    await expect(page.get_by_text(re.compile("燃气泄漏，.*03:00"))).to_be_visible()
    rungs = page.locator("ol.rungs li")
    await expect(rungs.first).to_contain_text("立即")
    await expect(rungs.first).to_contain_text("网格员")
    await axe(page)


async def test_a_worker_is_found_and_put_on_leave(town: DemoTown, open_page: OpenPages) -> None:
    page = await open_page("/people")
    worker: dict[str, Any] = (await town.items("/api/v1/people/directory?role=worker&staff=true"))[0]
    await page.get_by_role("searchbox").fill(worker["id"])
    row = page.get_by_role("row", name=re.compile(worker["name"]))
    await expect(row).to_contain_text(worker["phone"])
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator(".frame")).to_have_attribute("aria-busy", "false")
    await axe(page)
    await row.get_by_role("button", name=re.compile("显示")).click()
    full = await town.get(f"/api/v1/people/{worker['id']}")
    await expect(row).to_contain_text(full["phone"])

    await row.get_by_role("link", name=re.compile("请假")).click()
    form = page.locator("form")
    await expect(form.locator("input[name=person]")).to_have_value(worker["name"])
    await form.locator("input[name=from]").fill("2027-01-04T08:00")
    await form.locator("input[name=until]").fill("2027-01-05T08:00")
    await form.get_by_label("原因").fill("家中有事")
    await form.get_by_role("button", name="登记请假").click()
    await expect(form.get_by_role("status")).to_be_visible()
    overrides = await town.items("/api/v1/rosters/overrides")
    assert [(one["kind"], one["person"]) for one in overrides] == [("leave", worker["id"])]


async def test_a_turn_is_moved_by_mouse_and_by_keys(open_page: OpenPages) -> None:
    page = await open_page("/rosters")
    turns = page.locator(".turn")
    form = page.locator("form")
    await turns.first.click()
    await expect(form.locator("input[name=from]")).not_to_have_value("")
    row = page.locator("tbody tr", has=page.locator(".turn", has_text="08:00–20:00")).nth(1).locator(".turn")
    await row.nth(0).drag_to(row.nth(1))
    await expect(form.locator("input[name=kind][value=swap]")).to_be_checked()
    await turns.first.click()
    await row.nth(1).focus()
    await page.keyboard.press("m")
    await row.nth(2).focus()
    await page.keyboard.press("Enter")
    await expect(form.locator("input[name=kind][value=swap]")).to_be_checked()
    await axe(page, ".calendar")


async def test_the_calendar_fits_a_telephone(open_page: OpenPages) -> None:
    page = await open_page("/rosters", size=PHONE)
    await expect(page.locator(".turn").first).to_be_visible()
    await fits(page)

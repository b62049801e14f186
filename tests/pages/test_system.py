"""The page of the service's health, and the desk's list with many alerts."""

from __future__ import annotations

import json

from playwright.async_api import Route, expect

from tests.support.browser_pages import OpenPages, axe
from tests.support.demo_town import DemoTown

ALERTS = 500
COUNT_CHANGED_ROWS = """
() => {
  const rows = (window.changedRows = new Set())
  const watching = new MutationObserver((changes) => changes.forEach((one) => rows.add(one.target)))
  const list = document.querySelector('.list')
  watching.observe(list, { attributeFilter: ['aria-current'], subtree: true })
  window.drawnRows = () => [...list.querySelectorAll('.row')]
  window.rowsBefore = window.drawnRows()
}
"""


async def test_the_health_of_the_service_says_what_to_do_where_it_is_wrong(open_page: OpenPages) -> None:
    page = await open_page("/system")
    await expect(page.get_by_text("设备连接")).to_be_visible()
    await expect(page.get_by_text("三个月没演练了")).to_be_visible()
    await expect(page.get_by_role("table", name="定时任务")).to_be_visible()
    await axe(page)
    await page.get_by_role("link", name="失联").click()
    await expect(page.get_by_role("button", name="失联")).to_have_attribute("aria-pressed", "true")


async def test_filters_of_the_desk_are_saved_under_a_name(town: DemoTown, open_page: OpenPages) -> None:
    alert = await town.leak()
    page = await open_page("/desk", "operator")
    await expect(page.locator(".row", has_text=alert["address"])).to_be_visible()
    await page.get_by_label("级别").select_option("low")
    await expect(page.locator(".list .row")).to_have_count(0)
    await page.get_by_role("button", name="存为常用筛选").click()
    await page.get_by_label("给这组筛选起个名").fill("小事")
    await page.get_by_role("button", name="存下").click()
    await page.get_by_label("级别").select_option("")
    await expect(page.locator(".row", has_text=alert["address"])).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name="小事", exact=True).click()
    await expect(page.locator(".list .row")).to_have_count(0)
    await axe(page)


async def test_a_key_moves_one_row_further_among_500_alerts_and_redraws_no_other(
    town: DemoTown, open_page: OpenPages
) -> None:
    await town.leak()

    async def many(route: Route) -> None:
        body = await (await route.fetch()).json()
        first = body["items"][0]
        copies = [{**first, "id": str(900_000 - number), "address": f"{number}号"} for number in range(ALERTS)]
        await route.fulfill(body=json.dumps({"items": copies, "next": None}), content_type="application/json")

    page = await open_page("/", expected=["404 GET .*", "console: .*404"])
    await page.route("**/api/v1/alerts?*", many)
    await page.goto(f"{open_page.root}/desk")
    await expect(page.get_by_role("tab", name="待处理")).to_contain_text(str(ALERTS))
    await expect(page.locator(".list .row").first).to_be_visible()
    await expect(page.locator(".list .row").nth(0)).to_have_attribute("aria-current", "true")
    await page.evaluate(COUNT_CHANGED_ROWS)
    await page.keyboard.press("j")
    await expect(page.locator(".list .row").nth(1)).to_have_attribute("aria-current", "true")
    assert await page.evaluate("window.changedRows.size") == 2
    assert await page.evaluate("window.drawnRows().every((row, index) => row === window.rowsBefore[index])")

"""The pages of devices and of refused messages, used as an operator would."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Page, Route, expect

from tests.support.browser_pages import PHONE, OpenPages, axe
from tests.support.demo_town import DemoTown
from tests.support.timeouts import LONG_TIMEOUT_MS


async def test_a_device_is_found_by_its_address_and_its_page_opened_by_keys(
    town: DemoTown, open_page: OpenPages
) -> None:
    device = town.unused_detector()
    await town.publish(f"fengshao/v1/{device.id}/up", {"alarm": False, "lel_pct": 1.5, "battery_pct": 88})
    page = await open_page("/devices")
    await expect(page.locator("tbody tr").first).to_be_visible()
    await page.keyboard.press("/")
    await page.keyboard.type(device.id)
    await expect(page.locator("tbody tr")).to_have_count(1)
    await axe(page)
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")

    await expect(page).to_have_url(f"{open_page.root}/devices/{device.id}")
    await expect(page.get_by_text("1.5 %LEL")).to_be_visible()
    await expect(page.locator(".box canvas")).to_be_visible()
    await page.get_by_role("button", name="一年").click()
    await expect(page.get_by_role("region", name="历史")).to_have_attribute("data-step", "86400000")
    await axe(page)


async def test_a_page_opened_before_the_search_was_sent_is_not_left_again(town: DemoTown, open_page: OpenPages) -> None:
    """The search is sent 250 ms after the last key; the script of the opened page arrives later than that."""
    arrived = asyncio.Event()

    async def hold(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    page = await open_page("/devices")
    await page.route(re.compile(r"/assets/DevicePage-.*\.js"), hold)
    await expect(page.locator("tbody tr").first).to_be_visible()
    opened = await page.locator("tbody [data-open]").first.get_attribute("href")
    async with page.expect_response(re.compile(r"/api/v1/devices\?.*q=1")):
        await page.get_by_role("searchbox").fill("1")
        await page.locator("tbody [data-open]").first.click()
    arrived.set()
    await expect(page).to_have_url(f"{open_page.root}{opened}")
    await expect(page.get_by_role("region", name="历史")).to_be_visible()


async def test_planned_work_on_a_device_needs_a_reason_and_a_name_and_is_ended_by_hand(
    town: DemoTown, open_page: OpenPages
) -> None:
    device = town.unused_detector()
    page = await open_page(f"/devices/{device.id}", "operator")
    await page.get_by_role("button", name="维护/测试").click()
    await page.get_by_label("更换电池").check()
    await expect(page.get_by_role("dialog").locator("select option").first).to_be_attached()
    await axe(page, "dialog")
    await page.get_by_role("button", name="开始").click()
    await expect(page.get_by_text("更换电池")).to_be_visible()
    await page.get_by_role("button", name="结束静默").click()
    await page.get_by_role("button", name="确定结束").click()
    await expect(page.get_by_text("更换电池")).to_have_count(0)


async def test_an_unregistered_device_is_claimed_and_its_messages_become_readings(
    town: DemoTown, open_page: OpenPages
) -> None:
    await town.publish("fengshao/v1/stranger-13/up", {"alarm": False, "lel_pct": 3.25})
    await town.until_items("/api/v1/refusals?identity=stranger-13")
    page = await open_page("/devices?condition=unclaimed")
    await page.get_by_role("row", name="stranger-13").get_by_role("button", name="认领").click()
    await page.locator("dialog select[name=kind]").select_option("gas_alarm")
    await page.locator("dialog input[name=id]").fill("stranger-13")
    await axe(page, "dialog")
    await page.get_by_role("button", name="登记并重放").click()
    await page.get_by_role("link", name="打开它的页面").click()
    await expect(page.get_by_text("3.25 %LEL")).to_be_visible(timeout=LONG_TIMEOUT_MS)


async def test_new_hardware_takes_the_place_of_the_old(town: DemoTown, open_page: OpenPages) -> None:
    device = town.unused_detector()
    page = await open_page(f"/devices/{device.id}")
    await page.get_by_role("button", name="更换硬件").click()
    await expect(page.get_by_label("更换原因")).to_be_visible()
    await _choose_typed(page)
    await page.locator("input[name=platform]").fill("zigbee2mqtt")
    await page.locator("input[name=identity]").fill("kitchen-13")
    await axe(page, "dialog")
    await page.get_by_role("button", name="更换", exact=True).click()
    await expect(page.get_by_text("已更换。")).to_be_visible()
    stored = (await town.api.get(f"/api/v1/devices/{device.id}")).json()
    assert stored["identities"] == [{"platform": "zigbee2mqtt", "id": "kitchen-13"}]


async def _choose_typed(page: Page) -> None:
    pick = page.locator("select[name=stranger]")
    if await pick.count():
        await pick.select_option("-1")


async def test_a_refused_message_says_why_and_what_to_do_and_is_processed_again(
    town: DemoTown, open_page: OpenPages
) -> None:
    device = town.unused_detector()
    await town.publish(f"fengshao/v1/{device.id}/up", {"lel_pct": "<b>much</b>"})
    await town.until_items("/api/v1/refusals?reason=bad_value")
    page = await open_page("/refusals")
    await page.get_by_role("button", name="数值不合理").click()
    await page.locator("tbody [data-open]").first.click()
    await expect(page.get_by_text("多半是单位不对")).to_be_visible()
    await expect(page.locator("pre")).to_contain_text("<b>much</b>")
    await axe(page)
    await page.get_by_role("button", name="没用上的字段").click()
    await expect(page.get_by_role("button", name="没用上的字段")).to_have_attribute("aria-pressed", "true")
    await axe(page)


async def test_the_list_is_usable_on_a_phone(open_page: OpenPages) -> None:
    page = await open_page("/devices", "viewer", PHONE)
    await expect(page.locator("tbody tr").first).to_be_visible()
    width = await page.evaluate(
        "document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth"
    )
    assert width <= 0
    await axe(page)

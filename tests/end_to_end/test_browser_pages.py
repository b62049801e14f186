"""The pages in a real browser on a real service: the wall, the alert page, the worker's phone."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from domain import DAY
from tests.conftest import Broker
from tests.support.browser_pages import sign_in_by_token
from tests.support.operator import Operator
from tests.support.photos import encoded, exif_of, picture
from tests.support.rulebook_harness import LATCHED, RulebookHarness
from tests.support.service_harness import ServiceHarness, running_service

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "Chromium is not installed: run `make test`, which installs it"
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        await launched.close()


async def logged_in(browser: Browser, harness: ServiceHarness, width: int, height: int) -> Page:
    context = await browser.new_context(
        reduced_motion="reduce",
        viewport={"width": width, "height": height},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    page = await context.new_page()
    await page.goto(f"http://{harness.http.host}:{harness.http.port}/")
    await sign_in_by_token(page)
    await expect(page.get_by_text("枫树社区").first).to_be_visible()
    return page


async def test_the_alert_page_acknowledges_a_leak_and_a_citizen_who_reports_it_too_reads_the_answer(
    harness: ServiceHarness, browser: Browser
) -> None:
    page = await logged_in(browser, harness, 1920, 1080)
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 18.5})
    (alert,) = await harness.until_items("/api/v1/alerts")
    await harness.phone("李伟").expects_sms("燃气泄漏")

    await page.goto(f"http://{harness.http.host}:{harness.http.port}/alerts/{alert['id']}")
    await expect(page.get_by_text("呼叫网格员 李伟")).to_be_visible()
    await page.get_by_role("button", name="接警", exact=True).click()
    await expect(page.get_by_role("button", name="到场", exact=True)).to_be_enabled()

    assert (await harness.get(f"/api/v1/alerts/{alert['id']}"))["state"] == "acknowledged"

    root = f"http://{harness.http.host}:{harness.http.port}"
    await page.goto(f"{root}/exchange")
    await expect(page.get_by_text("没有配置外部对接")).to_be_visible()
    await _a_citizen_reports_the_same_leak_and_reads_the_answer(harness, browser, page, root)


async def _a_citizen_reports_the_same_leak_and_reads_the_answer(
    harness: ServiceHarness, browser: Browser, desk: Page, root: str
) -> None:
    """Row 3: photos by the QR code of a building, merged with the device's alert, verified by community and street."""
    code = await harness.get("/api/v1/places/b3/qr")
    citizen = await browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN")
    await citizen.goto(root + code["path"])
    await expect(citizen.get_by_text("枫林苑3栋", exact=True)).to_be_visible()
    await citizen.get_by_text("燃气异味", exact=True).click()
    with_position = encoded(picture(), "JPEG", exif=exif_of())
    await citizen.locator("input[type=file]").set_input_files(
        [
            {"name": "楼道.jpg", "mimeType": "image/jpeg", "buffer": with_position},
            {"name": "门口.png", "mimeType": "image/png", "buffer": encoded(picture(128, 96), "PNG")},
        ]
    )
    await citizen.get_by_role("button", name="告诉", exact=True).click()
    await citizen.locator("textarea").fill("楼道有燃气味")
    await citizen.get_by_role("button", name="提交").click()
    await expect(citizen.get_by_text("已收到，谢谢您！")).to_be_visible()
    overflow = await citizen.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, "the page is wider than the phone"

    await desk.goto(f"{root}/reports")
    await desk.get_by_role("row", name=re.compile("楼道有燃气味")).get_by_role("link").first.click()
    await desk.get_by_role("button", name="是同一件，合并").click()
    await expect(desk.get_by_text("已并入另一起警情，随它一起处置")).to_be_visible()
    (report,) = await harness.items("/api/v1/reports")
    detail = await harness.get(f"/api/v1/reports/{report['id']}")
    assert (round(detail["lat"], 1), round(detail["lon"], 1), len(detail["photos"])) == (30.6, 104.1, 2)
    for photo in detail["photos"]:
        image = Image.open(io.BytesIO((await harness.api.get(photo["path"])).content))
        assert (image.format, dict(image.getexif())) == ("JPEG", {}), "no position, no name of the owner"

    await _verify_and_answer(harness, report["id"])
    await citizen.get_by_role("link", name="查看进展").click()
    await expect(citizen.get_by_text("阀门已更换，复测正常")).to_be_visible()


async def _verify_and_answer(harness: ServiceHarness, report: str) -> None:
    """The worker resolves it, the device is quiet again, community and street verify with tokens of their own."""
    for action in ("arrive", "resolve"):
        await _done(await harness.api.post(f"/api/v1/alerts/1/{action}", json={"person": "li", "disposition": "real"}))
    harness.clock.now += 60_000
    await harness.publish("fengshao/v1/gas-402/up", {"alarm": False, "lel_pct": 0})
    await harness.until_items("/api/v1/devices/gas-402/readings?quantity=lel_pct", 2)
    await harness.fast_forward(minutes=1.1)
    await harness.until_timeline("1", "现场数据已恢复正常，仍须有人确认")
    await _done(await harness.api.put("/api/v1/people/sun", json={"id": "sun", "name": "孙磊"}))
    duty = {"id": "4", "cell": "street", "role": "street", "person": "sun"}
    await _done(await harness.api.put("/api/v1/rosters/4", json=duty))
    for person in ("zhao", "sun"):
        made = await harness.api.post("/api/v1/tokens", json={"role": "dispatcher", "person": person})
        own = {"Authorization": f"Bearer {made.json()['token']}"}
        await _done(await harness.api.post(f"/api/v1/reports/{report}/verify", json={}, headers=own))
    answer = {"person": "zhao", "text": "阀门已更换，复测正常"}
    await _done(await harness.api.post(f"/api/v1/reports/{report}/answer", json=answer))


async def _done(response: httpx2.Response) -> None:
    assert response.status_code in (200, 201), response.text


async def test_a_leave_on_the_roster_page_shows_its_gap_and_opens_a_health_alert_that_ends_with_it(
    harness: ServiceHarness, browser: Browser
) -> None:
    page = await logged_in(browser, harness, 1920, 1080)
    await page.goto(f"http://{harness.http.host}:{harness.http.port}/rosters")
    await expect(page.get_by_role("cell", name="李伟").first).to_be_visible()

    for field, day in (("from", 1), ("until", 2)):
        shown = datetime.fromtimestamp((harness.clock() + day * DAY) / 1000, ZoneInfo("Asia/Shanghai"))
        await page.locator(f"input[name={field}]").fill(f"{shown:%Y-%m-%dT%H:%M}")
    await Operator(page).find("谁", "李伟")
    await page.locator("input[name=reason]").fill("回家")
    await page.get_by_role("button", name="登记请假").click()
    await expect(page.get_by_text("还没有人顶班，这些时段无人值班：")).to_be_visible()
    (gap,) = await harness.until_items("/api/v1/alerts?ledger=health")
    assert (gap["rule"], gap["title"]) == ("roster-gap", "未来两周有岗位无人值班")

    await page.get_by_role("button", name="撤销").click()
    await expect(page.get_by_text("未来两周有时段无人值班")).not_to_be_visible()
    await harness.until_state(gap["id"], "closed")


async def test_a_silence_is_planned_on_its_page_and_active_findings_notify_when_it_ends(
    harness: ServiceHarness, browser: Browser
) -> None:
    page = await logged_in(browser, harness, 1920, 1080)
    await page.goto(f"http://{harness.http.host}:{harness.http.port}/silences")
    await expect(page.get_by_text("没有静默")).to_be_visible()
    for name in ("枫林苑", "3栋"):
        await page.get_by_role("combobox", name="地点").last.select_option(label=name)
        await expect(page.get_by_role("option", name=f"{name}全部")).to_be_attached()
    await page.get_by_label("开始").fill("2026-11-21T22:00")
    await page.get_by_text("燃气公司检修").click()
    await Operator(page).find("谁安排的", "李伟")
    await page.get_by_role("button", name="开始静默").click()

    row = page.get_by_role("listitem").filter(has_text="枫林苑3栋")
    await expect(row).to_contain_text("生效中 22:00 至 23:00")
    await expect(row).to_contain_text("李伟：燃气公司检修")
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "seq": 1})
    await harness.until_items("/api/v1/devices/gas-402/readings?quantity=alarm")
    assert (await harness.items("/api/v1/alerts"), harness.phone("李伟").texts) == ([], [])

    await row.get_by_role("button", name="结束").click()
    await row.get_by_role("button", name="确认结束").click()
    await expect(row).to_contain_text("已结束")
    await expect(row).to_contain_text("已拦下1起")
    await harness.phone("李伟").expects_sms("燃气泄漏", "枫林苑3栋2单元402")


async def test_a_latched_alarm_is_reset_on_the_alert_page_with_a_reason(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int], browser: Browser
) -> None:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as harness:
        harness.save_file(LATCHED)
        await harness.service.rulebook_reloader.poll()
        await harness.receives(alarm=True)
        await harness.receives(alarm=False)
        (alert, *_) = await harness.until_items("/api/v1/alerts?ledger=danger")
        page = await logged_in(browser, harness, 1920, 1080)
        await page.goto(f"http://{harness.http.host}:{harness.http.port}/alerts/{alert['id']}")
        await expect(page.get_by_text("已自锁")).to_be_visible()
        reset = page.get_by_role("button", name="复位 燃气泄漏")
        await expect(reset).to_be_disabled()

        await page.get_by_label("复位原因").fill("已到现场查看，关阀通风")
        await reset.click()
        await expect(page.get_by_text("已自锁")).to_have_count(0)
        assert await harness.items("/api/v1/rules/latched") == []
        resets = [entry for entry in await harness.items("/api/v1/audit") if entry["action"] == "rule reset"]
        assert [entry["detail"]["reason"] for entry in resets] == ["已到现场查看，关阀通风"]

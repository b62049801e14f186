"""Dialogs and fields that search, by keys only; and what they say when the server refuses or is gone."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.support.browser_pages import OpenPages, axe
from tests.support.demo_town import DemoTown

DIALOGS = (
    ("/people", "新增人员"),
    ("/devices", "接入诊断"),
    ("/rules", "新建规则册"),
    ("/accounts", "添加账号"),
    ("/accounts", "新建令牌"),
)
"""Pages, and the buttons that open a dialog."""


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement?.textContent?.trim() ?? ''"))


async def is_inside(page: Page) -> bool:
    return bool(await page.evaluate("document.activeElement?.closest('dialog') !== null"))


@pytest.mark.parametrize(("path", "button"), DIALOGS)
async def test_a_dialog_is_opened_and_left_by_keys_and_the_focus_returns(
    open_page: OpenPages, path: str, button: str
) -> None:
    page = await open_page(path)
    opener = page.get_by_role("button", name=button, exact=True).first
    await expect(opener).to_be_visible()
    await opener.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    assert await is_inside(page)
    for _ in range(30):
        await page.keyboard.press("Tab")
        # Behind the last field the browser's own bar is next, where no element of the page has the focus.
        assert await is_inside(page) or await page.evaluate("document.activeElement === document.body")
    await axe(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert await focused(page) == button


async def test_publishing_on_a_shared_login_asks_who_it_is_and_for_his_pin(
    town: DemoTown, open_page: OpenPages
) -> None:
    body = {"role": "administrator", "people": ["community-head", "street-duty"]}
    shared = (await town.api.post("/api/v1/tokens", json=body)).json()
    page = await open_page("/login", role=None, expected=("403 PUT .*/rules/books/gas", "console: .* 403"))
    await page.request.post(f"{open_page.root}/api/v1/session", data={"token": shared["token"]})
    await page.goto(f"{open_page.root}/rules/gas")
    line = page.locator(".cm-line", has_text="lel_pct >= 25").first
    await line.click()
    await page.keyboard.press("End")
    await page.keyboard.insert_text("  # 复核过")
    await expect(page.get_by_text("没有错误")).to_be_visible()
    publish = page.get_by_role("button", name="发布", exact=True)
    await publish.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("为什么改").fill("只加一句说明")
    await dialog.get_by_role("combobox").first.select_option("沈志强")
    send = dialog.get_by_role("button", name="发布并生效")
    await expect(send).to_be_disabled()
    pin = shared["pins"]["street-duty"]
    await dialog.get_by_label("本人口令").fill("000000" if pin != "000000" else "111111")
    await axe(page)
    await send.click()
    await expect(dialog.get_by_text("口令不对")).to_be_visible()
    assert not (town.site / "rules" / "gas.yaml").exists()
    await dialog.get_by_label("本人口令").fill(pin)
    await page.keyboard.press("Enter")
    failing = dialog.get_by_label("试例不过也发布")
    await expect(failing.or_(page.get_by_text("已生效"))).to_be_visible()
    if await failing.count():
        await failing.check()
        await send.click()
    await expect(page.get_by_text("已生效")).to_be_visible()
    (newest, *_) = await town.items("/api/v1/rules/books/gas/versions")
    assert (newest["by"], newest["by_name"]) == ("street-duty", "沈志强")
    assert pin not in await page.evaluate("JSON.stringify(localStorage)")
    source = await town.api.get("/api/v1/rules/books/gas")
    removed = await town.api.post(
        "/api/v1/rules/books/gas/remove", json={"reason": "改回"}, headers={"If-Match": source.headers["etag"]}
    )
    assert removed.status_code == 200, removed.text


async def refuse(route: Route) -> None:
    await route.fulfill(
        status=503,
        content_type="application/problem+json",
        body='{"title": "x", "status": 503, "detail": "数据库没有应答"}',
    )


async def test_a_field_that_searches_says_when_the_server_refuses_and_when_it_is_gone(open_page: OpenPages) -> None:
    page = await open_page("/silences", expected=("503 GET .*/directory", "failed: GET .*/directory", "console: "))
    box = page.get_by_role("combobox", name="输入地址查找").last
    await page.route(re.compile(r"/places/directory"), refuse)
    await box.fill("枫林苑")
    fault = page.get_by_role("alert").filter(has_text="服务器出错了")
    await expect(fault).to_be_visible()
    await expect(page.get_by_text("没有找到")).to_have_count(0)
    await page.unroute(re.compile(r"/places/directory"))
    await page.route(re.compile(r"/places/directory"), lambda route: route.abort())
    await box.fill("枫林苑3栋")
    await expect(page.get_by_role("option", disabled=True).get_by_role("alert")).to_have_text(
        re.compile("连不上|网络|离线|断")
    )
    await page.unroute(re.compile(r"/places/directory"))
    await box.fill("枫林苑3栋4")
    await expect(page.get_by_role("option").first).to_be_visible()
    await expect(fault).to_have_count(0)


async def test_escape_closes_the_list_of_a_field_and_not_the_dialog_around_it(open_page: OpenPages) -> None:
    page = await open_page("/people")
    await page.get_by_role("button", name="新增人员", exact=True).click()
    dialog = page.get_by_role("dialog")
    box = dialog.get_by_role("combobox").first
    await box.fill("枫林苑")
    await expect(dialog.get_by_role("option").first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog.get_by_role("option").first).to_be_hidden()
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

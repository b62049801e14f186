"""The page of residents' reports: a verification on a login that several share."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect
from sqlalchemy import delete, insert

from store.database.reports.tables import reports
from tests.pages.test_phone import awaits_the_street, closed
from tests.support.browser_pages import OpenPages, axe
from tests.support.demo_town import DemoTown


async def test_the_street_verifies_a_report_on_a_shared_desk_with_a_pin(town: DemoTown, open_page: OpenPages) -> None:
    alert = await awaits_the_street(town, "c1-3")
    (report,) = [one for one in await town.items("/api/v1/reports") if one["alert"] == alert]
    body = {"role": "administrator", "people": ["community-head", "street-duty"]}
    shared = (await town.api.post("/api/v1/tokens", json=body)).json()
    page = await open_page("/login", role=None, expected=("403 POST .*/verify", "console: .* 403"))
    await page.request.post(f"{open_page.root}/api/v1/session", data={"token": shared["token"]})
    await page.goto(f"{open_page.root}/reports/{report['id']}")
    await page.get_by_role("button", name="街道核实无误").click()
    await expect(page.get_by_text("这一级由街道人员核实。")).to_be_visible()
    await page.get_by_label("谁来核查").select_option("沈志强")
    await expect(page.get_by_role("button", name="街道核实无误")).to_be_disabled()
    await page.get_by_label("本人口令").fill(shared["pins"]["street-duty"])
    await axe(page)
    await page.get_by_role("button", name="街道核实无误").click()
    await expect(page.get_by_role("textbox", name="写给居民的答复")).to_be_visible()
    await closed(town, alert)


async def test_the_list_has_pages_and_keeps_its_filter_over_them_and_a_reload(
    town: DemoTown, open_page: OpenPages
) -> None:
    made = await town.api.post("/api/v1/report", json={"category": "exit", "text": "楼道堆满纸箱", "place": "c1-4"})
    number = made.json()["number"]
    (row,) = [one for one in await town.items("/api/v1/reports") if one["number"] == number]
    same: dict[str, Any] = {"alert": int(row["alert"]), "category": "exit", "created_at": town.clock(), "answer": ""}
    rows = [
        {**same, "number": f"R{n}", "text": f"楼道第{n}处", "place": "c1-4", "place_source": "pick", "feedback": ""}
        for n in range(60)
    ]
    await town.stores.database.write(lambda tx: tx.execute(insert(reports), rows))
    try:
        page = await open_page("/reports")
        pages = page.get_by_role("navigation", name="翻页")
        await page.get_by_label("搜索地址、内容、编号").fill("楼道第")
        await expect(pages).to_contain_text("1–50")
        await expect(pages).to_contain_text("60")
        await pages.get_by_role("button", name="下一页").click()
        await expect(pages).to_contain_text("51–60")
        await expect(page.get_by_text("楼道第0处")).to_be_visible()
        await axe(page)
        await page.reload()
        await expect(page.get_by_label("搜索地址、内容、编号")).to_have_value("楼道第")
        await expect(pages).to_contain_text("60")
        await page.get_by_role("row").filter(has_text="楼道第59处").get_by_role("link").click()
        await expect(page.get_by_role("region", name="选中的上报")).to_contain_text("楼道第59处")
        await page.close()  # it asks for no report that is deleted next
    finally:
        numbers = [one["number"] for one in rows]
        await town.stores.database.write(lambda tx: tx.execute(delete(reports).where(reports.c.number.in_(numbers))))

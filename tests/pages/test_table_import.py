"""A roster from a spreadsheet: a fault is shown at its cell, mended, previewed, and imported by a named person."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.support.browser_pages import PHONE, OpenPages, axe, fits
from tests.support.demo_town import DemoTown


async def choose(page: Page, text: str) -> None:
    file = {"name": "12月值班表.csv", "mimeType": "text/csv", "buffer": text.encode("gb18030")}
    await page.locator("dialog input[type=file]").set_input_files(file)  # type: ignore[arg-type]


async def test_a_roster_is_mended_previewed_and_imported(town: DemoTown, open_page: OpenPages) -> None:
    line = next(one for one in await town.items("/api/v1/rosters") if one["role"] == "worker")
    cell = next(one["name"] for one in await town.items("/api/v1/cells") if one["id"] == line["cell"])
    text = f"网格,岗位,人员,顺位,截止\n{line['cell']},网格员,{line['person']},{{rank}},2026-12-31\n"
    page = await open_page("/rosters")
    await page.get_by_role("button", name="从表格导入").click()
    dialog = page.get_by_role("dialog")
    await choose(page, text.format(rank="第三"))
    await expect(dialog.locator("tbody tr")).to_contain_text(["D2"])
    await expect(dialog.get_by_role("button", name="导入", exact=True)).to_be_disabled()
    await axe(page)

    await choose(page, text.format(rank="副"))
    await expect(dialog.get_by_role("status")).to_contain_text("新增1，修改0，删除0")
    await expect(dialog.locator("tbody tr")).to_contain_text([cell])
    await axe(page)
    await dialog.get_by_role("button", name="导入", exact=True).click()
    await expect(dialog.get_by_role("status")).to_contain_text("已导入：新增1")
    lines = await town.items(f"/api/v1/rosters?cell={line['cell']}&person={line['person']}")
    (added,) = [one for one in lines if one["until"] is not None]
    assert (added["rank"], added["until"][:10]) == (1, "2027-01-01")
    await town.api.delete(f"/api/v1/rosters/{added['id']}")


async def test_the_import_fits_a_telephone(open_page: OpenPages) -> None:
    page = await open_page("/people", size=PHONE)
    await page.get_by_role("button", name="从表格导入").click()
    await choose(page, "编号,姓名\n" + "".join(f"x {number},王\n" for number in range(30)))
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("有30处")
    await fits(page)

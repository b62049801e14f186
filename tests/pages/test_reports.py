"""The page of residents' reports: a verification on a login that several share."""

from __future__ import annotations

from playwright.async_api import expect

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

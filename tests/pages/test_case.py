"""A case is printed: one sheet with its people, its neighbours and its curve."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import expect

from tests.pages.conftest import Pictured
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
    """A leak in a stairwell of several households; some of the town have one."""
    while True:
        alert = await town.leak()
        found = await town.get(f"/api/v1/alerts/{alert['id']}/surroundings")
        if len(found["households"]) > 1:
            return alert, found


async def test_neighbours_are_shown_and_the_case_fits_a_telephone(town: DemoTown, open_page: OpenPages) -> None:
    alert, found = await leak_beside_neighbours(town)
    page = await open_page(f"/alerts/{alert['id']}", size=PHONE)
    here = next(one["name"] for one in found["households"] if one["here"])
    await expect(page.locator(".stairwell .here")).to_contain_text(here)
    await fits(page)


PLAN = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" font-family="sans-serif" font-size="18">
<path fill="none" stroke="#1b1f24" stroke-width="3"
 d="M20 20h600v320h-600zM260 20v320M380 20v320M20 200h240M380 200h240"/>
<text x="110" y="120">01 客厅</text><text x="110" y="280">01 厨房</text><text x="300" y="180">楼梯</text>
<text x="470" y="120">02 客厅</text><text x="470" y="280">02 厨房</text></svg>"""


async def test_the_plan_of_the_stairwell_shows_the_detector_and_what_the_neighbours_measure(
    town: DemoTown, open_page: OpenPages, pictured: Pictured
) -> None:
    alert, found = await leak_beside_neighbours(town)
    detector = await town.get(f"/api/v1/devices/{alert['device']}")
    flat = await town.get(f"/api/v1/places/{alert['place']}")
    plans = town.site / "plans"
    plans.mkdir(exist_ok=True)
    (plans / f"{flat['parent']}.svg").write_text(PLAN, "utf-8")
    here = next(one for one in found["households"] if one["here"])
    above = {
        "id": "door-above",
        "name": f"{here['storey'] + 1}{here['door']}",
        "level": "household",
        "parent": flat["parent"],
    }
    neighbour = {"id": "gas-above", "kind": "gas_alarm", "place": "door-above"}
    for path, body in (("places", above), ("devices", neighbour)):
        made = await town.api.post(f"/api/v1/{path}", json=body)
        assert made.status_code in (200, 201), made.text
    moved = await town.api.put(
        f"/api/v1/devices/{alert['device']}",
        json={**detector, "attributes": {**detector["attributes"], "plan_x": 78, "plan_y": 84}},
    )
    assert moved.status_code == 200, moved.text
    await town.publish("fengshao/v1/gas-above/up", {"alarm": False, "lel_pct": 3.5})
    await town.until_items("/api/v1/devices/gas-above/readings?quantity=lel_pct")

    page = await open_page(f"/alerts/{alert['id']}")
    picture = page.locator(".sheet img")
    await expect(picture).to_be_visible()
    await picture.evaluate("(image) => image.decode()")
    await expect(page.locator(".mark.here")).to_have_attribute("title", re.compile("燃气"))
    door = page.locator(".door", has_text=above["name"])
    await expect(door).to_contain_text("楼上")
    await expect(door).to_contain_text("燃气浓度 3.5")
    await axe(page)
    await page.locator(".sheet").scroll_into_view_if_needed()
    await pictured(page, "case")

    phone = await open_page(f"/alerts/{alert['id']}", size=PHONE)
    await expect(phone.locator(".sheet img")).to_be_visible()
    await fits(phone)
    link = await town.api.post(f"/api/v1/alerts/{alert['id']}/link", json={"person": "worker-01"})
    worker = await open_page(link.json()["path"], role=None, size=PHONE)
    await worker.get_by_text("平面图和周围住户").click()
    await expect(worker.locator(".sheet img")).to_be_visible()
    await expect(worker.locator(".stairwell")).to_have_count(0)
    await fits(worker)
    await axe(worker)
    await worker.locator(".sheet").scroll_into_view_if_needed()
    await pictured(worker, "case-phone")

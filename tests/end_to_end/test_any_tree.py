"""A site of 楼栋/单元/户 with a road, from the device to the text message and to the pages."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Page, expect

from app.config.settings import TextSettings
from app.config.site import SiteConfig
from app.datadir.credentials import signing_key
from app.server.alerting import WorkerLinks
from domain import Device, Person, Place
from tests.conftest import Broker
from tests.end_to_end.test_browser_pages import browser, logged_in
from tests.support.service_harness import ServiceHarness

__all__ = ["browser"]

SHOTS = os.environ.get("FENGSHAO_SHOTS")
"""A folder for screenshots of these tests; unset, none are taken."""
PLACES = [
    Place("c", "市南小区", "community", cell="g1"),
    *(Place(f"b{n}", f"{n}号楼", "楼栋", "c") for n in range(1, 89)),
    *(Place(f"b{n}-u", "1单元", "单元", f"b{n}") for n in range(1, 89)),
    *(Place(f"b{n}-101", "101", "户", f"b{n}-u") for n in range(1, 89)),
    Place("road", "人民路", "road", "c"),
]
PEOPLE = [
    Person("elder", "王桂芳", home="b7-101", attributes={"lives_alone": True, "age": 82, "illness": "糖尿病"}),
    Person("son", "王建国", "19900005678", attributes={"family_of": "elder", "relation": "儿子"}),
]
DEVICES = [
    Device("band", "wristband", attributes={"person": "elder"}),
    Device("hole", "manhole", place="road"),
    Device("smoke-1", "smoke_alarm", place="b9-101"),
    Device("smoke-2", "smoke_alarm", place="b9-u"),
]


class TreeHarness(ServiceHarness):
    """The service at a site with its own level names, which allows names in texts."""

    def _site_config(self) -> SiteConfig:
        site = super()._site_config()
        settings = site.settings.model_copy(update={"texts": TextSettings(person_name=True)})
        people = [*(person for person in site.people if person.id != "elder"), *PEOPLE]
        return replace(site, settings=settings, places=PLACES, people=people, devices=DEVICES)


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[TreeHarness]:
    data = tmp_path / "data"
    data.mkdir()
    async with TreeHarness(data, broker.port, free_port()) as running:
        yield running


async def test_a_wristband_without_a_place_leads_to_the_home_of_its_wearer(harness: TreeHarness) -> None:
    """A garbled frame, then the SOS: both alerts have the address of her home."""
    await harness.publish("fengshao/v1/band/alarm", '{"sos": true, "heart_rate_bpm": "broken"}')
    await harness.phone("李伟").expects_sms("市南小区7号楼1单元101")
    await harness.fast_forward(1)
    await harness.publish("fengshao/v1/band/alarm", {"sos": True, "ts": harness.clock.now})
    await harness.until_items("/api/v1/alerts")

    for alert in await harness.items("/api/v1/alerts"):
        assert (alert["address"], alert["place"]) == ("市南小区7号楼1单元101", "b7-101")


async def test_an_sos_names_the_person_where_the_site_allows_it(harness: TreeHarness) -> None:
    await harness.publish("fengshao/v1/band/alarm", {"sos": True})

    text = await harness.phone("李伟").expects_sms("求救", "市南小区7号楼1单元101，王桂芳。")
    assert len(text) <= 70


async def test_a_manhole_on_a_road_and_smoke_in_a_building_are_sent_with_their_place(harness: TreeHarness) -> None:
    await harness.publish("fengshao/v1/hole/up", {"opened": True})
    await harness.phone("李伟").expects_sms("人民路")
    await harness.publish("fengshao/v1/smoke-1/alarm", {"alarm": True})
    await harness.phone("李伟").expects_sms("烟雾报警", "1单元101")
    await harness.publish("fengshao/v1/smoke-2/alarm", {"alarm": True})

    await harness.phone("李伟").expects_sms("整楼烟雾报警")
    found = await harness.until_items("/api/v1/alerts", 3)
    assert {alert["address"] for alert in found if alert["rule"] == "fire-building"} == {"市南小区9号楼"}
    assert [alert["state"] for alert in found if alert["rule"] == "smoke-alarm"] == ["closed"], "merged into it"


async def take_screenshot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png")


@pytest.mark.browser
async def test_the_wall_shows_a_community_without_compounds(harness: TreeHarness, browser: Browser) -> None:
    await harness.publish("fengshao/v1/hole/up", {"opened": True})
    await harness.publish("fengshao/v1/band/alarm", {"sos": True})
    await harness.until_items("/api/v1/alerts")
    page = await logged_in(browser, harness, 1920, 1080)

    await expect(page.get_by_role("navigation", name="当前位置")).to_have_text("市南小区")
    await expect(page.locator("a.tile", has_text=re.compile("^7号楼"))).to_be_visible()
    await expect(page.locator("a.tile", has_text="人民路")).to_be_visible()
    await expect(page.locator(".tile")).to_have_count(89)
    assert await page.get_by_text("还没有登记地点").count() == 0
    await take_screenshot(page, "wall")


@pytest.mark.browser
async def test_the_desk_and_the_page_of_the_worker_show_the_person_in_need(
    harness: TreeHarness, browser: Browser
) -> None:
    await harness.publish("fengshao/v1/band/alarm", {"sos": True})
    (alert,) = await harness.until_items("/api/v1/alerts")
    desk = await logged_in(browser, harness, 1920, 1080)
    await desk.goto(f"http://{harness.http.host}:{harness.http.port}/desk")
    phone = await browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN")
    link = WorkerLinks(f"http://{harness.http.host}:{harness.http.port}", signing_key(harness.data))
    await phone.goto(link(int(alert["id"]), "li", harness.clock()))

    for page, name in ((desk, "desk"), (phone, "phone")):
        people_at_risk = page.locator("section.who")
        await expect(people_at_risk.get_by_text("王桂芳")).to_be_visible()
        await expect(people_at_risk.get_by_text("年龄 82")).to_be_visible()
        await expect(people_at_risk.get_by_text("独居", exact=True)).to_be_visible()
        await expect(people_at_risk.locator("a", has_text="王建国（儿子）")).to_have_attribute(
            "href", "tel:19900005678"
        )
        await take_screenshot(page, name)


@pytest.mark.browser
async def test_the_wall_shows_a_thousand_compounds_at_once(harness: TreeHarness, browser: Browser) -> None:
    """The wall had 360 of 1,221 compounds after eighteen seconds, and 还没有登记地点 until then."""
    compounds = [{"id": f"x{n}", "name": f"{n}小区", "level": "小区"} for n in range(1221)]
    flats = [{"id": f"x{n}-1", "name": "1栋", "level": "栋", "parent": f"x{n}"} for n in range(1221)]
    for places in (compounds, flats):
        assert (await harness.api.post("/api/v1/places", json=places)).status_code == 201
    hole = {"id": "hole", "kind": "manhole", "place": "x1200-1"}
    assert (await harness.api.put("/api/v1/devices/hole", json=hole)).status_code == 200
    await harness.publish("fengshao/v1/hole/up", {"opened": True})
    await harness.until_items("/api/v1/alerts")
    requested_urls: list[str] = []
    page = await logged_in(browser, harness, 1920, 1080)
    page.on("request", lambda request: requested_urls.append(request.url))
    await page.reload()

    await expect(page.locator(".tile").first).to_have_text("1200小区")
    await expect(page.locator(".tile")).to_have_count(1222)
    assert await page.locator(".tile").last.evaluate("(one) => one.getBoundingClientRect().bottom") <= 1080
    assert [url for url in requested_urls if "/places?" in url] == []
    await take_screenshot(page, "district")

"""The wall in a real browser on a real service: what opens, who takes it, what is lost and comes back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from playwright.async_api import Locator, Page, expect

from app.datadir.credentials import signing_key
from app.server.alerting import WorkerLinks
from domain import MINUTE
from tests.support.browser_pages import PHONE, OpenPages, axe, fits
from tests.support.cut_proxy import CutProxy
from tests.support.demo_town import DemoTown
from tests.support.timeouts import LONG_TIMEOUT_MS

CUT = ["net::", "ERR_", "/healthz", "/api/v1/"]
"""What requests end with while the network is cut."""


def item(page: Page, address: str) -> Locator:
    return page.locator(".item").filter(has_text=address)


async def live(page: Page) -> None:
    """Waits until the event stream is open and the alerts are loaded."""
    await expect(page.get_by_text("连接正常")).to_be_visible()
    await expect(page.locator(".item, .quiet").first).to_be_visible()


async def test_a_leak_opens_without_a_reload_and_the_wall_shows_who_took_it_on_his_phone(
    town: DemoTown, open_page: OpenPages
) -> None:
    wall = await open_page("/")
    await live(wall)
    alert = await town.leak()
    await expect(item(wall, alert["address"])).to_contain_text("无人接警")
    await expect(item(wall, alert["address"])).to_contain_text("接警剩")
    await axe(wall)

    link = WorkerLinks(open_page.root, signing_key(town.data))
    path = link(int(alert["id"]), "worker-01", town.clock()).removeprefix(open_page.root)
    phone = await open_page(path, role=None, size=PHONE, expected=["401 GET .*/session", "console: .*401"])
    await phone.get_by_role("button", name="接警").first.click()

    worker = next(person.name for person in town.site_people if person.id == "worker-01")
    await expect(item(wall, alert["address"])).to_contain_text(f"{worker} 已接警")
    await expect(wall.get_by_role("heading", name="待处理警情")).to_contain_text(f"在路上 {worker}")


async def test_who_took_an_alert_is_shown_for_a_minute_though_more_urgent_ones_fill_the_list(
    town: DemoTown, open_page: OpenPages
) -> None:
    wall = await open_page("/")
    await live(wall)
    alerts = [await town.leak() for _ in range(7)]
    await expect(item(wall, alerts[-1]["address"])).to_be_visible()
    assert await wall.locator(".item").count() < len(alerts)
    await expect(wall.locator(".more")).to_contain_text("起无人接警")

    for alert in alerts[:2]:
        taken = {"person": "worker-01"}
        assert (await town.api.post(f"/api/v1/alerts/{alert['id']}/acknowledge", json=taken)).status_code == 200
        await expect(item(wall, alert["address"])).to_contain_text("已接警")


async def test_the_map_leads_from_the_area_to_the_door_by_keyboard_and_back(
    town: DemoTown, open_page: OpenPages
) -> None:
    alerts = [await town.leak(detector) for detector in town.detectors_of_one_building()]
    page = await open_page("/")
    await live(page)
    trail = page.get_by_role("navigation", name="当前位置")
    await expect(trail.get_by_role("listitem")).to_have_text(["枫溪街道", "枫树社区"])
    _street, _community, compound, building, unit, door = alerts[0]["place_path"]

    alarmed = page.locator(f'.map a[data-place="{compound}"]')
    # What another test left open there counts, too.
    await expect(alarmed).to_have_accessible_name(re.compile(rf"{town.place_name(compound)}，紧急，([2-9]|\d\d+) 起"))
    await alarmed.press("Enter")
    await expect(page).to_have_url(f"{open_page.root}/?at={compound}")
    await expect(page.locator(".map a").first).to_have_attribute("data-place", building)
    await axe(page)
    await page.locator(f'.map a[data-place="{building}"]').click()
    await expect(page.locator(f'a.tile[data-place="{unit}"]')).to_be_visible()
    await page.goto(f"{open_page.root}/?at={unit}")
    await page.locator(f'[data-place="{door}"]').click()
    await expect(page).to_have_url(f"{open_page.root}/alerts/{alerts[0]['id']}")

    await page.goto(f"{open_page.root}/?at={building}")
    await expect(trail.get_by_role("listitem").last).to_have_text(town.place_name(building))
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(f"{open_page.root}/?at={compound}")


async def test_without_outlines_the_same_tree_is_drawn_as_tiles_and_alarmed_ones_come_first(
    town: DemoTown, open_page: OpenPages
) -> None:
    outlines = town.site / "places.geojson"
    kept = outlines.rename(town.site / "places.geojson.kept")
    try:
        alert = await town.leak()
        page = await open_page("/")
        await live(page)
        compound = alert["place_path"][2]
        await expect(page.locator(".map")).to_have_count(0)
        await expect(page.locator(".tile").first).to_have_attribute("data-place", compound)
        await page.locator(".tile").first.click()
        await expect(page.locator(".tile").first).to_have_attribute("data-place", alert["place_path"][3])
        await axe(page)
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await fits(page)
    finally:
        kept.rename(outlines)


async def test_a_lost_connection_is_unmistakable_and_nothing_that_happened_meanwhile_is_missing(
    town: DemoTown, open_page: OpenPages
) -> None:
    before = await town.leak()
    async with CutProxy(town.http.host, town.http.port) as proxy:
        page = await open_page("/", root=proxy.root, expected=CUT)
        await live(page)
        await expect(item(page, before["address"])).to_be_visible()

        proxy.cut()
        await expect(page.get_by_text("与服务器断开")).to_be_visible(timeout=LONG_TIMEOUT_MS)
        await expect(page.locator(".wall")).to_have_class("wall untrue")
        meanwhile = await town.leak()
        taken = {"person": "worker-01"}
        assert (await town.api.post(f"/api/v1/alerts/{before['id']}/acknowledge", json=taken)).status_code == 200
        await expect(item(page, meanwhile["address"])).to_have_count(0)

        proxy.restore()
        await expect(item(page, meanwhile["address"])).to_be_visible(timeout=LONG_TIMEOUT_MS)
        await expect(item(page, before["address"])).to_contain_text("已接警")
        await expect(page.get_by_text("与服务器断开")).to_have_count(0)


async def test_what_is_shelved_stays_in_sight_with_the_hour_at_which_it_comes_back(
    town: DemoTown, open_page: OpenPages
) -> None:
    alert = await town.leak()
    page = await open_page("/")
    await live(page)
    until = datetime.fromtimestamp((town.clock() + 30 * MINUTE) / 1000, UTC).isoformat()
    body = {"reason": "燃气公司检修", "until": until, "person": "worker-01"}
    shelved = await town.api.post(f"/api/v1/alerts/{alert['id']}/shelve", json=body)
    assert shelved.status_code == 200, shelved.text

    part = page.locator('[data-part="shelved"]')
    await expect(part).to_contain_text(alert["address"])
    await expect(part).to_contain_text("到 ")
    await expect(page.locator(f'.map a[data-place="{alert["place_path"][2]}"]')).to_have_accessible_name(
        f"{town.place_name(alert['place_path'][2])}，搁置 1 起"
    )
    await axe(page)
    await town.api.post(f"/api/v1/alerts/{alert['id']}/reopen", json={"person": "worker-01", "reason": "检修结束"})


async def until_true(page: Page, condition: str) -> None:
    """Waits in the page: the security policy forbids `wait_for_function`, which evaluates a string."""
    check = f"const check = () => {condition} ? done() : setTimeout(check, 50)"
    await page.evaluate(f"new Promise((done) => {{ {check}; check() }})")


COUNT_TONES = """
window.tones = []
const start = OscillatorNode.prototype.start
OscillatorNode.prototype.start = function (at) { window.tones.push(this.frequency.value); return start.call(this, at) }
"""


async def test_the_wall_sounds_until_a_named_person_mutes_it_and_a_new_critical_danger_sounds_once_all_the_same(
    town: DemoTown, open_page: OpenPages
) -> None:
    page = await open_page("/login")
    await page.add_init_script(COUNT_TONES)
    await page.goto(open_page.root)
    await live(page)
    await page.mouse.click(5, 1070)
    await expect(page.get_by_role("button", name="静音")).to_be_visible()
    await town.leak()
    await until_true(page, "window.tones.filter((hz) => hz === 960).length >= 5")

    await page.get_by_role("button", name="静音").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="静音")).to_be_disabled()
    await dialog.get_by_label("静音的人").fill("李伟")
    await dialog.get_by_label("5分钟", exact=True).check()
    await axe(page, "dialog")
    await dialog.get_by_role("button", name="静音").click()
    await expect(page.get_by_text("静音：李伟，到 ")).to_be_visible()
    await page.evaluate("window.tones.length = 0")

    second = await town.leak()
    await expect(item(page, second["address"])).to_be_visible()
    await until_true(page, "window.tones.length === 5")
    await page.reload()
    await expect(page.get_by_text("静音：李伟，到 ").or_(page.get_by_role("button", name="声音未开启"))).to_be_visible()

"""A worker's phone in a real browser: from the link in the text message, also in a cellar without a network."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from app.datadir.credentials import signing_key
from app.server.alerting import WorkerLinks
from tests.pages.conftest import Pictured
from tests.support.browser_pages import PHONE, OpenPages, axe, fits
from tests.support.demo_town import HANDLED, DemoTown
from tests.support.photos import encoded, picture
from tests.support.timeouts import LONG_TIMEOUT_MS

NO_NETWORK = ("ERR_INTERNET_DISCONNECTED",)
STORED_PATHS = """caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name))))
    .then((all) => Promise.all(all.map((cache) => cache.keys())))
    .then((keys) => keys.flat().map((key) => new URL(key.url).pathname))"""
CONTROLLED = """new Promise((done) => navigator.serviceWorker.controller
    ? done() : navigator.serviceWorker.addEventListener("controllerchange", done))"""


async def opened(town: DemoTown, open_page: OpenPages, alert: str) -> Page:
    """The page behind the link that the worker on duty got, once the phone can open it without a network."""
    link = WorkerLinks(open_page.root, signing_key(town.data))(int(alert), "worker-01", town.clock())
    page = await open_page(link.removeprefix(open_page.root), role=None, size=PHONE, expected=NO_NETWORK)
    await expect(page.get_by_role("button", name="接警")).to_be_visible()
    await page.evaluate(CONTROLLED)
    await page.reload()  # what the first visit loaded before the service worker controlled it
    await expect(page.get_by_role("button", name="接警")).to_be_visible()
    return page


async def test_in_a_cellar_the_page_opens_again_and_what_is_done_there_is_sent_when_the_network_returns(
    town: DemoTown, open_page: OpenPages, pictured: Pictured
) -> None:
    alert = await town.leak()
    page = await opened(town, open_page, alert["id"])
    await axe(page)
    await fits(page)
    await pictured(page, "phone")

    await page.context.set_offline(True)
    await page.reload()
    await expect(page.get_by_text("燃气泄漏").first).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="网络")).to_be_visible()
    await page.get_by_role("button", name="接警").click()
    await page.get_by_role("button", name="我已到场").click()
    photo = {"name": "阀门.jpg", "mimeType": "image/jpeg", "buffer": encoded(picture(), "JPEG")}
    await page.locator("input[type=file]").set_input_files([photo])
    await expect(page.get_by_text("1 张照片正在上传，没有网络时稍后自动补传")).to_be_visible()
    await expect(page.get_by_text("已记下，联网后发出")).to_be_visible()
    assert (await town.get(f"/api/v1/alerts/{alert['id']}"))["state"] == "open"

    await page.reload()  # neither the actions nor the photo are lost with the page
    await expect(page.get_by_text("1 张照片正在上传，没有网络时稍后自动补传")).to_be_visible()
    await page.context.set_offline(False)

    await town.until_state(alert["id"], "on_site")
    await expect(page.get_by_text("张照片正在上传")).to_have_count(0, timeout=LONG_TIMEOUT_MS)
    detail = await town.get(f"/api/v1/alerts/{alert['id']}")
    assert (detail["owner"]["id"], len(detail["photos"])) == ("worker-01", 1)


async def test_a_case_is_three_taps_from_the_link_on_the_card(town: DemoTown, open_page: OpenPages) -> None:
    alert = await town.leak()
    page = await opened(town, open_page, alert["id"])
    await expect(page.get_by_text(re.sub("[0-9]+$", "", alert["address"])[-4:]).first).to_be_visible()
    for state, label in (("acknowledged", "接警"), ("on_site", "我已到场"), ("resolved", "处置")):
        await page.get_by_role("button", name=label).first.click()
        await town.until_state(alert["id"], state)
    assert (await town.get(f"/api/v1/alerts/{alert['id']}"))["owner"]["id"] == "worker-01"


async def test_a_worker_who_cannot_come_says_why_in_two_taps_and_the_next_person_is_called(
    town: DemoTown, open_page: OpenPages
) -> None:
    alert = await town.leak()
    page = await opened(town, open_page, alert["id"])

    await page.get_by_role("button", name="无法到场").click()
    await expect(page.get_by_text("为什么无法到场")).to_be_visible()
    await page.get_by_text("不在辖区").click()
    await fits(page)
    await page.get_by_role("button", name="确定").click()

    await expect(page.get_by_text("已转给下一位，辛苦了")).to_be_visible()
    await town.until_timeline(alert["id"], "王海燕无法到场（网页），原因：不在辖区")


async def test_a_worker_on_site_may_state_any_conclusion_in_words(town: DemoTown, open_page: OpenPages) -> None:
    alert = await town.leak()
    page = await opened(town, open_page, alert["id"])
    for label in ("接警", "我已到场"):
        await page.get_by_role("button", name=label).click()
    await page.get_by_role("button", name="其他结论").click()
    await page.get_by_text("设备故障").click()
    await page.get_by_placeholder("补充说明").fill("探头进水")
    await axe(page)
    await page.get_by_role("button", name="确定").click()

    await town.until_state(alert["id"], "resolved")
    assert (await town.get(f"/api/v1/alerts/{alert['id']}"))["disposition"] == "device_fault"


async def test_a_worker_who_is_alone_on_site_asks_for_more_people_in_one_tap(
    town: DemoTown, open_page: OpenPages
) -> None:
    alert = await town.leak()
    page = await opened(town, open_page, alert["id"])
    for label in ("接警", "我已到场"):
        await page.get_by_role("button", name=label).click()
    await page.get_by_role("button", name="请求增援").click()
    await expect(page.get_by_text("正在呼叫增援，还需 1 人")).to_be_visible()
    await fits(page)
    await axe(page)
    await town.until_timeline(alert["id"], "王海燕请求增援（网页）")
    await expect(page.get_by_role("button", name="处置完毕")).to_be_visible()


async def test_the_page_can_be_installed_and_stores_no_signed_link(town: DemoTown, open_page: OpenPages) -> None:
    alert = await town.leak()
    page = await opened(town, open_page, alert["id"])
    manifest = await (await page.request.get(f"{open_page.root}/manifest.json")).json()
    assert (manifest["start_url"], manifest["display"]) == ("/m", "standalone")
    for icon in manifest["icons"]:
        response = await page.request.get(open_page.root + icon["src"])
        assert response.headers["content-type"] == icon["type"]
    stored = await page.evaluate(STORED_PATHS)
    assert "/m" in stored
    assert [path for path in stored if path != "/m" and not path.startswith("/assets/")] == []


async def awaits_the_street(town: DemoTown, place: str) -> str:
    """A resident's report that a worker dealt with and the community verified: 沈志强 of the street is asked."""
    report = {"category": "exit", "text": "楼道堆满纸箱", "place": place}
    made = await town.api.post("/api/v1/report", json=report)
    assert made.status_code == 201, made.text
    number = made.json()["number"]
    alert = next(one["id"] for one in await town.items("/api/v1/alerts?source=report") if one["reference"] == number)
    for action in HANDLED:
        await town.api.post(f"/api/v1/alerts/{alert}/{action}", json={"person": "worker-01", "disposition": "real"})
    community = await town.token_of("community-head")
    answer = await town.api.post(f"/api/v1/alerts/{alert}/verify", json={}, headers=community)
    assert [one["name"] for one in answer.json()["second_check"]["asked"]] == ["沈志强"], answer.text
    return str(alert)


async def closed(town: DemoTown, alert: str) -> None:
    """The street verified it; the work is closed."""
    (report,) = [one for one in await town.items("/api/v1/reports") if one["alert"] == alert]
    assert (report["stage"], report["street"]["name"]) == ("street_verified", "沈志强")
    assert (await town.api.post(f"/api/v1/alerts/{alert}/close", json={"disposition": "real"})).status_code == 200


async def test_the_street_verifies_a_report_on_the_telephone(town: DemoTown, open_page: OpenPages) -> None:
    alert = await awaits_the_street(town, "c1-1")
    link = WorkerLinks(open_page.root, signing_key(town.data))(int(alert), "street-duty", town.clock())
    page = await open_page(link.removeprefix(open_page.root), role=None, size=PHONE)
    await expect(page.get_by_text("社区已核查，请您代表街道再核查。")).to_be_visible()
    await expect(page.get_by_role("button", name="仍有险情")).to_be_enabled()
    await axe(page)
    await fits(page)
    await page.get_by_role("button", name="核查无险情").click()
    await expect(page.get_by_text("已核查，辛苦了")).to_be_visible()
    await town.until_timeline(alert, "沈志强（街道）核查通过")
    await closed(town, alert)


async def test_the_person_who_verifies_on_a_shared_telephone_enters_his_pin(
    town: DemoTown, open_page: OpenPages
) -> None:
    alert = await awaits_the_street(town, "c1-2")
    body = {"role": "dispatcher", "people": ["community-head", "street-duty"]}
    shared = (await town.api.post("/api/v1/tokens", json=body)).json()
    page = await open_page("/login", role=None, size=PHONE, expected=("403 POST .*/verify", "console: .* 403"))
    await page.request.post(f"{open_page.root}/api/v1/session", data={"token": shared["token"]})
    await page.goto(f"{open_page.root}/m")
    await page.get_by_role("button", name="核查无险情").click()
    await page.get_by_label("谁来核查").select_option("沈志强")
    pin = shared["pins"]["street-duty"]
    await page.get_by_label("本人口令").fill("000000" if pin != "000000" else "111111")
    await axe(page)
    await fits(page)
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_text("口令不对")).to_be_visible()
    await page.get_by_label("本人口令").fill(pin)
    await page.get_by_role("button", name="确定").click()
    await expect(page.get_by_text("已核查，辛苦了")).to_be_visible()
    assert pin not in await page.evaluate("JSON.stringify(localStorage)")
    await closed(town, alert)

"""The page of the API, with the session of the console; and the font of all pages."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.support.browser_pages import PHONE, WALL, OpenPages, fits, sign_in_by_token
from tests.support.demo_town import DemoTown
from tests.support.timeouts import LONG_TIMEOUT_MS


async def scroll_by_half(page: Page, direction: int) -> None:
    await page.evaluate(f"scrollBy(0, {direction} * innerHeight / 2)")
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


async def operations_on_page(page: Page) -> set[str]:
    """The paths on the page of the API, which renders only the operations near the visible part."""
    paths, at_end = set[str](), False
    shown = page.locator(".opblock-summary-path")
    await expect(shown.first).to_be_visible(timeout=LONG_TIMEOUT_MS)
    while not at_end:
        paths |= set(await shown.evaluate_all("all => all.map(one => one.dataset.path)"))
        at_end = await page.evaluate("innerHeight + scrollY >= document.documentElement.scrollHeight - 2")
        await scroll_by_half(page, 1)
    return paths


async def test_the_page_of_the_api_shows_every_operation_behind_the_login_and_requests_no_other_host(
    town: DemoTown, open_page: OpenPages
) -> None:
    # Without a session the login asks for it; the operation that is tried at the end names an alert that is not there.
    page = await open_page("/docs", role=None, size=WALL, expected=("401", "404"))
    await expect(page).to_have_url(f"{open_page.root}/login?next=/docs")
    await sign_in_by_token(page)

    await expect(page).to_have_url(f"{open_page.root}/docs")
    document = (await town.api.get("/api/v1/openapi.json")).json()
    assert await operations_on_page(page) == set(document["paths"])
    one_alert = page.get_by_text("/api/v1/alerts/{alert_id}", exact=True).first
    while not await one_alert.count():
        await scroll_by_half(page, -1)
    await one_alert.click()
    await expect(page.locator(".opblock-body").get_by_text("opened_at").first).to_be_visible()
    await page.get_by_role("button", name="Try it out").click()
    await page.get_by_placeholder("alert_id").fill("987654")
    await page.get_by_role("button", name="Execute").click()
    await expect(page.get_by_text("没有编号为987654的告警").first).to_be_visible()
    await fits(page)


async def test_an_operation_on_the_page_of_the_api_fits_a_telephone(open_page: OpenPages) -> None:
    page = await open_page("/docs", size=PHONE)
    first = page.locator(".opblock-summary-path").first
    await expect(first).to_be_visible(timeout=LONG_TIMEOUT_MS)
    await first.click()
    await expect(page.locator(".opblock-body").first).to_be_visible(timeout=LONG_TIMEOUT_MS)
    await fits(page)


def test_the_code_of_the_page_of_the_api_is_in_no_other_page() -> None:
    dist = Path(__file__).resolve().parents[2] / "console" / "dist"
    own = (dist / "index.html").read_text("utf-8")
    assert "/assets/api-" not in own
    assert "/assets/api-" in (dist / "api.html").read_text("utf-8")
    assert all("SwaggerUI" not in file.read_text("utf-8") for file in (dist / "assets").glob("[!a]*.js"))


async def test_chinese_is_rendered_with_a_chinese_font(chromium: Browser) -> None:
    page = await chromium.new_page()
    await page.set_content("<span style='font: 40px sans-serif'>枫</span><span style='font: 40px sans-serif'>哨</span>")
    drawn = await page.evaluate(
        """() => ["枫", "哨", "\\uE000"].map((letter) => {
            const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
            canvas.font = "40px sans-serif";
            canvas.fillText(letter, 5, 45);
            return canvas.getImageData(0, 0, 60, 60).data.join();
        })"""
    )
    assert len(set(drawn)) == 3, "no CJK font: every letter looks like the missing one (install fonts-noto-cjk)"
    await page.close()

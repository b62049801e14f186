"""Takes pictures of every page against the mock server, and fails when a page logs an error or breaks its policy.

Start `npm run mock` first. It does not need the real service; it checks only what the browser shows.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

BASE = os.environ.get("FENGSHAO_MOCK", "http://127.0.0.1:8787")
WALL = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}
EXPECTED = "ERR_INCOMPLETE_CHUNKED_ENCODING"  # the stream that /mock/drop cut
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

faults: list[str] = []


def page_of(browser: Browser, size: dict[str, int], scheme: str = "dark") -> Page:
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="zh-CN")  # type: ignore[arg-type]
    page = context.new_page()
    page.on(
        "console",
        lambda message: (
            faults.append(message.text) if message.type == "error" and EXPECTED not in message.text else None
        ),
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    return page


def shoot(page: Page, folder: Path, name: str, path: str, wait: str) -> None:
    page.goto(BASE + path)
    page.wait_for_selector(wait)
    page.wait_for_timeout(700)
    page.screenshot(path=folder / f"{name}.png")


def sheets(page: Page, folder: Path) -> None:
    """The input that actions ask for; the sheet of `resolve` is open."""
    page.screenshot(path=folder / "desk-resolve.png")
    page.keyboard.press("Escape")
    for name, label in (("return", "退回"), ("merge", "并案"), ("split", "拆分"), ("supervise", "督办")):
        page.click(f".bar button:has-text('{label}')")
        page.wait_for_timeout(400)
        page.screenshot(path=folder / f"desk-{name}.png")
        page.keyboard.press("Escape")


def desktop(browser: Browser, folder: Path) -> None:
    page = page_of(browser, WALL)
    page.request.post(f"{BASE}/mock/reset")
    shoot(page, folder, "wall", "/", ".item")
    shoot(page, folder, "login", "/login", "form")
    page.request.post(f"{BASE}/mock/quiet")
    shoot(page, folder, "wall-quiet", "/", ".quiet p")
    page.request.post(f"{BASE}/mock/reset")
    page.request.post(f"{BASE}/mock/storm")
    shoot(page, folder, "wall-storm", "/", ".more")
    page.request.post(f"{BASE}/mock/disconnected")
    shoot(page, folder, "wall-disconnected", "/", ".disconnected")
    page.request.post(f"{BASE}/mock/reset")
    shoot(page, folder, "alert", "/alerts/31", "canvas")
    shoot(page, folder, "alert-failed-text", "/alerts/29", "canvas")
    light = page_of(browser, WALL, "light")
    shoot(light, folder, "desk-light", "/desk", "canvas")
    light.evaluate("localStorage.setItem('fengshao.language', 'en')")
    shoot(light, folder, "desk-english", "/desk", "canvas")
    light.evaluate("localStorage.removeItem('fengshao.language')")
    shoot(light, folder, "desk-light", "/desk", "canvas")
    light.keyboard.press("j")
    light.keyboard.press("d")
    light.wait_for_timeout(600)
    light.keyboard.press("r")
    light.wait_for_timeout(400)
    sheets(light, folder)
    light.keyboard.press("?")
    light.wait_for_timeout(300)
    light.screenshot(path=folder / "desk-help.png")


def phone(browser: Browser, folder: Path) -> None:
    page = page_of(browser, PHONE)
    page.request.post(f"{BASE}/mock/reset")
    shoot(page, folder, "phone-1-open", "/m", ".first")
    for number, name in ((2, "taken"), (3, "on-site"), (4, "done")):
        page.click(".first")
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / f"phone-{number}-{name}.png")
    page.request.post(f"{BASE}/mock/reset")
    shoot(page, folder, "phone-5-again", "/m", ".first")
    page.context.set_offline(True)
    urlopen(f"{BASE}/mock/drop", data=b"").close()  # noqa: S310 - our own mock, over http
    page.click(".first")
    page.wait_for_timeout(4000)
    page.screenshot(path=folder / "phone-6-offline.png")
    faults[:] = [fault for fault in faults if "ERR_INTERNET_DISCONNECTED" not in fault]
    page.context.set_offline(False)
    page.wait_for_timeout(5000)
    page.screenshot(path=folder / "phone-7-back.png")
    light = page_of(browser, PHONE, "light")
    shoot(light, folder, "phone-8-light", "/m", ".thumb")
    light.request.post(f"{BASE}/mock/storm")
    for _ in range(3):
        light.click("nav button:last-child")
    light.wait_for_timeout(600)
    light.screenshot(path=folder / "phone-9-storm.png")
    light.request.post(f"{BASE}/mock/reset")


def supervision(browser: Browser, folder: Path) -> None:
    page_of(browser, WALL).request.post(f"{BASE}/mock/reset")
    shoot(page_of(browser, WALL), folder, "supervision", "/supervision", "li")
    shoot(page_of(browser, PHONE), folder, "phone-supervision", "/supervision", "li")


def office(browser: Browser, folder: Path) -> None:
    wall, phone_page = page_of(browser, WALL), page_of(browser, PHONE)
    shoot(wall, folder, "reports", "/reports/11", "article img")
    shoot(wall, folder, "reports-verify", "/reports/12", "article form")
    shoot(page_of(browser, WALL, "light"), folder, "reports-answer", "/reports/14", "article form")
    shoot(phone_page, folder, "phone-reports", "/reports", "li")
    shoot(phone_page, folder, "phone-report", "/reports/11", "article img")
    shoot(wall, folder, "exchange", "/exchange", "details")
    shoot(page_of(browser, WALL, "light"), folder, "exchange-light", "/exchange", "details")
    shoot(phone_page, folder, "phone-exchange", "/exchange", "details")


def silences(browser: Browser, folder: Path) -> None:
    shoot(page_of(browser, WALL), folder, "silences", "/silences", "li")
    shoot(page_of(browser, WALL, "light"), folder, "silences-light", "/silences", "li")
    shoot(page_of(browser, PHONE), folder, "phone-silences", "/silences", "li")


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("FENGSHAO_CHROMIUM"), args=FLAGS)
        desktop(browser, folder)
        silences(browser, folder)
        supervision(browser, folder)
        office(browser, folder)
        phone(browser, folder)
        browser.close()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

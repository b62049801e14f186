"""`python -m benchmarks.wall_delay [LEAKS]`: from the publication of a leak, and from a press on a phone, to the wall.

Runs `fengshao up --demo` with its simulated town, opens the wall in Chromium, and publishes gas alarms of detectors in
as many buildings, one after the other. The instant of publication stands in the message (`ts`). The end is read from
the page's own clock, `performance.timeOrigin + performance.now()`, in the task after the frame that draws the entry.
Each leak is then taken on the worker's phone, another page: from the clock of that page at the press to the frame of
the wall that names the worker. All pages and the publisher are on one machine and have one clock. Prints one JSON
object: the median, the 95th percentile and the longest of both, in milliseconds; the targets are 1,000. Then, with
alerts open and nothing happening, the processor time that Chromium's renderers and its GPU process take to draw the
wall, in percent of one processor.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any, Final

import aiomqtt
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright
from playwright.async_api import TimeoutError as PageTimeoutError

from benchmarks.service import Service, service
from tests.support.browser_pages import CHROMIUM_ARGUMENTS, PHONE, WALL, chromium_path

LEAKS: Final = 20
WAIT_MS: Final = 120_000
STILL_S: Final = 20
WATCH_THE_LIST: Final = """
() => {
  const drawn = (window.drawn = {})
  const look = () => {
    const at = performance.timeOrigin + performance.now()
    for (const item of document.querySelectorAll('.item')) {
      const who = item.querySelector('.who').textContent
      const key = item.getAttribute('href') + (who.includes('已接警') ? ' taken' : '')
      drawn[key] ??= at
    }
  }
  // A task queued in a frame runs after that frame was drawn.
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = look
  new MutationObserver(() => requestAnimationFrame(() => port2.postMessage(0)))
    .observe(document.body, { childList: true, subtree: true, characterData: true })
}
"""
WATCH_THE_PRESS: Final = """
() => document.addEventListener('click', () => { window.pressed = performance.timeOrigin + performance.now() }, true)
"""


async def open_context(browser: Browser, size: tuple[int, int]) -> BrowserContext:
    return await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )


async def open_wall(browser: Browser, running: Service) -> Page:
    context = await open_context(browser, WALL)
    await context.request.post(f"{running.root}/api/v1/session", data={"token": running.token})
    page = await context.new_page()
    await page.goto(running.root)
    await page.locator(".item, .quiet").first.wait_for()
    await page.evaluate(WATCH_THE_LIST)
    return page


async def drawn_at(page: Page, key: str) -> float:
    """The page's clock when the entry was drawn, in ms since 1970."""
    try:
        found = await page.wait_for_function("(key) => window.drawn[key]", arg=key, timeout=WAIT_MS)
    except PageTimeoutError as error:
        shown = await page.locator(".item, .more").all_inner_texts()
        raise RuntimeError(f"the wall did not draw {key} in {WAIT_MS} ms; it shows {shown}") from error
    return float(await found.json_value())


def detectors(running: Service, number: int) -> list[str]:
    """Gas alarms of flats, each of another building: what is open in one building joins."""
    found: dict[str, str] = {}
    for device in running.get("/api/v1/devices?kind=gas_alarm&limit=1000")["items"]:
        if device["place"] and device["attributes"].get("use") == "home":
            found.setdefault(device["place"].rsplit("-", 2)[0], device["id"])
    return list(found.values())[:number]


async def opened_alert(running: Service, device: str) -> dict[str, Any]:
    while True:
        items = (await asyncio.to_thread(running.get, f"/api/v1/alerts?device={device}&state=open"))["items"]
        if items:
            return dict(items[0])
        await asyncio.sleep(0.2)


async def press_on_the_phone(browser: Browser, running: Service, alert: dict[str, Any]) -> float:
    """The worker who was called opens the link of the text and presses 接警; the phone's clock then."""
    person = alert["told"][0]["person"]
    path = running.post(f"/api/v1/alerts/{alert['id']}/link", {"person": person})["path"]
    context = await open_context(browser, PHONE)
    page = await context.new_page()
    await page.goto(f"{running.root}{path}")
    button = page.get_by_role("button", name="接警").first
    await button.wait_for()
    await page.evaluate(WATCH_THE_PRESS)
    await button.click()
    pressed = float(await page.evaluate("window.pressed"))
    await page.get_by_role("button", name="我已到场").first.wait_for(timeout=WAIT_MS)
    await context.close()
    return pressed


async def one_leak(
    browser: Browser, wall: Page, running: Service, broker: aiomqtt.Client, device: str
) -> tuple[float, float]:
    """Publication to wall, and press to wall, in ms."""
    published = time.time() * 1000
    values = {"ts": round(published), "alarm": True, "lel_pct": 18.5}
    await broker.publish(f"fengshao/v1/{device}/alarm", json.dumps(values), qos=1)
    alert = await opened_alert(running, device)
    path = f"/alerts/{alert['id']}"
    shown = await drawn_at(wall, path)
    while not alert["told"]:
        await asyncio.sleep(0.2)
        alert = await opened_alert(running, device)
    pressed = await press_on_the_phone(browser, running, alert)
    taken = await drawn_at(wall, f"{path} taken")
    await broker.publish(f"fengshao/v1/{device}/alarm", json.dumps({"alarm": False, "lel_pct": 0}), qos=1)
    for action in ("arrive", "resolve"):
        running.post(f"/api/v1/alerts/{alert['id']}/{action}", {"disposition": "real"})
    return shown - published, taken - pressed


def figures(name: str, times_ms: Sequence[float]) -> dict[str, float]:
    return {
        f"{name}_p50_ms": round(median(times_ms), 1),
        f"{name}_p95_ms": round(quantiles(times_ms, n=20)[-1], 1),
        f"{name}_max_ms": round(max(times_ms), 1),
    }


async def processor_s(devtools: CDPSession, kind: str) -> float:
    """What all processes of a kind have used."""
    processes = (await devtools.send("SystemInfo.getProcessInfo"))["processInfo"]
    return float(sum(one["cpuTime"] for one in processes if one["type"] == kind))


async def drawing_of_a_still_wall(browser: Browser) -> dict[str, float]:
    """Percent of one processor, by process of Chromium, while nothing but the clock and what pulses changes."""
    devtools, kinds = await browser.new_browser_cdp_session(), ("renderer", "GPU")
    before, began = [await processor_s(devtools, kind) for kind in kinds], time.monotonic()
    await asyncio.sleep(STILL_S)
    used, elapsed_s = [await processor_s(devtools, kind) for kind in kinds], time.monotonic() - began
    return {
        f"still_{kind.lower()}_percent": round(100 * (after - earlier) / elapsed_s, 1)
        for kind, after, earlier in zip(kinds, used, before, strict=True)
    }


async def measure(running: Service, leaks: int) -> dict[str, Any]:
    async with (
        async_playwright() as playwright,
        aiomqtt.Client("127.0.0.1", running.mqtt) as broker,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        wall = await open_wall(browser, running)
        measured = [await one_leak(browser, wall, running, broker, device) for device in detectors(running, leaks)]
        drawing = await drawing_of_a_still_wall(browser)
        await browser.close()
    leak, taken = zip(*measured, strict=True)
    count = {"leaks": len(measured), "load_of_machine": round(os.getloadavg()[0], 1)}
    return {**figures("leak_to_wall", leak), **figures("press_to_wall", taken), **drawing, **count}


if __name__ == "__main__":
    with service(demo=True) as started:
        print(json.dumps(asyncio.run(measure(started, int(sys.argv[1]) if len(sys.argv) > 1 else LEAKS))), flush=True)

"""`python -m benchmarks.wall [SITE]`: the wall of a site in Chromium, 500 open alerts, 100 changed ones a second.

SITE is the folder of a town (`fengshao town build district FOLDER`); without it, the demo's. The service runs in a
process of its own (benchmarks/town_service.py) and is quiet before. Prints a JSON object for each first load (an empty
cache): the page's own clock from the start of the navigation to the frame that shows map and list, the processor time
of the browser and of the service, requests and bytes. Then one object: the median of the loads, one step of the map and
the processor time of the service for it, frames a second without and with events, and the time from a key on the desk
to the second frame after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import httpx2
from playwright.async_api import Browser, Page, async_playwright

from benchmarks.town_service import EVENTS_PER_S, TownService, town_service
from tests.support.browser_pages import CHROMIUM_ARGUMENTS, WALL, chromium_path
from tests.support.demo_town import DemoTown

ALERTS: Final = int(os.environ.get("WALL_ALERTS", "500"))
SECONDS: Final = 10
LOADS: Final = 5
STEPS: Final = 40
LOAD_MAX_MS: Final = 120_000
DRAWN: Final = """
const { port1, port2 } = new MessageChannel()
port1.onmessage = () => { window.drawn ??= performance.now() }
const watching = new MutationObserver(() => {
  if (!document.querySelector('.item') || !document.querySelector('.map a, .tile')) return
  watching.disconnect()
  // A task queued in a frame runs after that frame was drawn.
  requestAnimationFrame(() => port2.postMessage(0))
})
watching.observe(document, { childList: true, subtree: true })
"""
"""When the page has drawn the list and the map, by its own clock, in ms since the start of the navigation."""
RECEIVED: Final = """
() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  return [all.length, all.reduce((sum, one) => sum + one.transferSize, 0)]
}
"""
FRAMES: Final = """
(ms) => new Promise((done) => {
  let frames = 0
  const end = performance.now() + ms
  const next = () => { frames += 1; performance.now() < end ? requestAnimationFrame(next) : done(frames * 1000 / ms) }
  requestAnimationFrame(next)
})
"""


async def open_wall(browser: Browser, town: TownService) -> Page:
    """A page of the wall's size in a browser context of its own, logged in as administrator."""
    context = await browser.new_context(
        viewport={"width": WALL[0], "height": WALL[1]}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    await context.request.post(f"{town.root}/api/v1/session", data={"token": town.token})
    return await context.new_page()


async def browser_processor_s(page: Page) -> float:
    """Processor time of all processes of the browser since its start, in seconds."""
    assert page.context.browser is not None
    session = await page.context.browser.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    return float(sum(one["cpuTime"] for one in found["processInfo"]))


async def first_load(page: Page, town: TownService) -> dict[str, float]:
    """One load: `drawn_s` by the page's clock, processor time in ms, requests, bytes as transferred."""
    await page.add_init_script(DRAWN)
    before, browser_before = town.processor_s(), await browser_processor_s(page)
    await page.goto(town.root, wait_until="commit")
    drawn = await page.wait_for_function("() => window.drawn", timeout=LOAD_MAX_MS)
    drawn_ms = float(await drawn.json_value())
    service_ms = (town.processor_s() - before) * 1000
    browser_ms = (await browser_processor_s(page) - browser_before) * 1000
    requests, received = await page.evaluate(RECEIVED)
    return {
        "drawn_s": round(drawn_ms / 1000, 2),
        "browser_ms": round(browser_ms),
        "service_ms": round(service_ms),
        "requests": requests,
        "kilobytes": round(received / 1000),
    }


async def first_loads_s(browser: Browser, town: TownService) -> list[float]:
    """Loads by browsers that have nothing of the pages in their cache; prints each."""
    loads = []
    for _ in range(LOADS):
        page = await open_wall(browser, town)
        measured = await first_load(page, town)
        print(json.dumps({"first_load": measured}), flush=True)
        loads.append(measured["drawn_s"])
        await page.context.close()
    return loads


def steps_ms(town: TownService) -> tuple[list[float], float]:
    """Wall-clock times of one step of the map, and the service's processor time for one, in ms."""
    headers, times = {"Authorization": f"Bearer {town.token}"}, []
    with httpx2.Client(base_url=town.root, headers=headers, timeout=60) as client:
        before = town.processor_s()
        for _ in range(STEPS):
            begin = time.perf_counter()
            client.get("/api/v1/places/overview").raise_for_status()
            times.append((time.perf_counter() - begin) * 1000)
    return times, (town.processor_s() - before) * 1000 / STEPS


async def key_ms(page: Page) -> float:
    """From a key on the desk's list to the second frame after it."""
    return float(
        await page.evaluate(
            """() => new Promise((done) => {
            const begin = performance.now()
            window.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }))
            requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)))
        })"""
        )
    )


async def measure(town: TownService, browser: Browser) -> dict[str, Any]:
    loads = await first_loads_s(browser, town)
    steps, step_processor_ms = await asyncio.to_thread(steps_ms, town)
    page = await open_wall(browser, town)
    await first_load(page, town)
    quiet = await page.evaluate(FRAMES, 3_000)
    changing = asyncio.to_thread(town.change_alerts, SECONDS)
    frames, rate = await asyncio.gather(page.evaluate(FRAMES, SECONDS * 1000), changing)
    await page.goto(f"{town.root}/desk")
    await page.locator("canvas, li").first.wait_for()
    keys = [await key_ms(page) for _ in range(20)]
    return {
        "alerts": town.alerts,
        "first_load_s": round(median(loads), 2),
        "first_loads_s": [round(load, 2) for load in loads],
        "overview_ms": round(median(steps), 1),
        "overview_p95_ms": round(quantiles(steps, n=20)[-1], 1),
        "overview_processor_ms": round(step_processor_ms, 1),
        "frames_per_s_quiet": round(quiet, 1),
        "frames_per_s": round(frames, 1),
        "events_per_s": f"{rate} of {EVENTS_PER_S}",
        "key_ms": round(median(keys), 1),
        "load_of_machine": round(os.getloadavg()[0], 1),
    }


async def measure_in_chromium(town: TownService) -> dict[str, Any]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        measured = await measure(town, browser)
        await browser.close()
    return measured


if __name__ == "__main__":
    with town_service(Path(sys.argv[1]) if len(sys.argv) > 1 else DemoTown.source, ALERTS) as running:
        print(json.dumps(asyncio.run(measure_in_chromium(running))), flush=True)

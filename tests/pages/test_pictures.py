"""The pictures of docs/pictures that need a scene of their own (`make picture`)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from domain import MINUTE
from tests.pages.conftest import Pictured
from tests.support.browser_pages import OpenPages
from tests.support.demo_town import DemoTown


@pytest.mark.usefixtures("takes_picture")
async def test_the_wall_of_a_busy_evening(town: DemoTown, open_page: OpenPages, pictured: Pictured) -> None:
    """One on site, one on the way, one shelved, one that nobody has taken yet."""
    on_site, taken, shelved = [await town.leak() for _ in range(3)]
    town.clock.now += MINUTE
    for alert, action in ((on_site, "acknowledge"), (on_site, "arrive"), (taken, "acknowledge")):
        person = "worker-01" if alert is on_site else "worker-02"
        await town.api.post(f"/api/v1/alerts/{alert['id']}/{action}", json={"person": person})
    until = datetime.fromtimestamp((town.clock() + 30 * MINUTE) / 1000, UTC).isoformat()
    body = {"person": "worker-01", "reason": "燃气公司检修", "until": until}
    await town.api.post(f"/api/v1/alerts/{shelved['id']}/shelve", json=body)
    page = await open_page("/")
    await page.mouse.click(5, 1070)
    for _ in range(3):
        latest = await town.leak()
    await expect(page.get_by_text(latest["address"]).first).to_be_visible()
    await pictured(page, "wall")
    await page.goto(f"{open_page.root}/?at={on_site['place_path'][2]}")
    await page.mouse.click(5, 1070)
    await expect(page.locator(".map a").first).to_be_visible()
    await pictured(page, "wall-compound")
    await town.api.post(f"/api/v1/alerts/{shelved['id']}/reopen", json={"person": "worker-01"})

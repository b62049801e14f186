"""The rows of a street office's needs, each played on a real broker with text messages at a real provider server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.conftest import Broker
from tests.support.community_harness import CommunityHarness


@pytest.fixture
async def town(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[CommunityHarness]:
    async with CommunityHarness(tmp_path, broker.port, free_port()) as running:
        yield running


async def test_a_restaurant_is_named_in_the_text_and_a_worker_with_a_plain_phone_says_arrived_and_done(
    town: CommunityHarness,
) -> None:
    """Row 1."""
    await town.publish("fengshao/v1/gas-shop/alarm", {"alarm": True, "lel_pct": 31})
    await town.phone("李伟").expects_sms("燃气泄漏", "枫林苑老张火锅店", "10分钟内到场")
    await town.phone("李伟").replies("11")
    await town.phone("李伟").expects_sms("已由李伟接警", "到场回复13", "处置完回复14")
    await town.phone("李伟").replies("13")
    await town.until_state("1", "on_site")
    await town.phone("李伟").replies("14")
    await town.until_state("1", "resolved")


async def test_a_shelved_call_for_help_speaks_when_the_button_is_pressed_again_and_says_whose_it_is(
    town: CommunityHarness,
) -> None:
    """Row 2."""
    await town.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await town.phone("李伟").expects_sms("枫林苑3栋2单元402")
    (alert,) = await town.until_items("/api/v1/alerts")
    shown = await town.get(f"/api/v1/alerts/{alert['id']}")
    assert [person["name"] for person in shown["concerned"]] == ["王奶奶"]
    assert {"王丽"} <= {contact["name"] for contact in shown["contacts"]}

    until = "2026-11-21T22:30:00+08:00"
    body = {"person": "li", "reason": "已电话确认，半小时后上门", "until": until}
    shelved = await town.api.post(f"/api/v1/alerts/{alert['id']}/shelve", json=body)
    assert shelved.status_code == 200, shelved.text
    town.clock.now += 120_000
    await town.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await town.until(lambda: len(town.phone("李伟").texts) >= 2, "a text for the second press")
    assert "枫林苑3栋2单元402" in town.phone("李伟").texts[-1]

"""The rows of a street office's needs, each played on a real broker with text messages at a real provider server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.conftest import Broker
from tests.support.community_harness import CommunityHarness


@pytest.fixture
async def service(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[CommunityHarness]:
    async with CommunityHarness(tmp_path, broker.port, free_port()) as running:
        yield running


async def test_a_restaurant_is_named_in_the_text_and_a_worker_with_a_plain_phone_reports_arrival_and_end(
    service: CommunityHarness,
) -> None:
    """Row 1."""
    await service.publish("fengshao/v1/gas-shop/alarm", {"alarm": True, "lel_pct": 31})
    await service.phone("李伟").expects_sms("燃气泄漏", "枫林苑老张火锅店", "10分钟内到场")
    await service.phone("李伟").replies("11")
    await service.phone("李伟").expects_sms("已由李伟接警", "到场回复13", "处置完回复14")
    await service.phone("李伟").replies("13")
    await service.until_state("1", "on_site")
    await service.phone("李伟").replies("14")
    await service.until_state("1", "resolved")


async def test_a_shelved_call_for_help_is_sent_again_at_the_next_press_and_names_the_person(
    service: CommunityHarness,
) -> None:
    """Row 2."""
    await service.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await service.phone("李伟").expects_sms("枫林苑3栋2单元402")
    (alert,) = await service.until_items("/api/v1/alerts")
    shown = await service.get(f"/api/v1/alerts/{alert['id']}")
    assert [person["name"] for person in shown["concerned"]] == ["王奶奶"]
    assert {"王丽"} <= {contact["name"] for contact in shown["contacts"]}

    until = "2026-11-21T22:30:00+08:00"
    body = {"person": "li", "reason": "已电话确认，半小时后上门", "until": until}
    shelved = await service.api.post(f"/api/v1/alerts/{alert['id']}/shelve", json=body)
    assert shelved.status_code == 200, shelved.text
    service.clock.now += 120_000
    await service.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await service.until(lambda: len(service.phone("李伟").texts) >= 2, "a text for the second press")
    assert "枫林苑3栋2单元402" in service.phone("李伟").texts[-1]

"""Unread verdicts of a detector are reported to maintenance once, with the line that helps; a self-test has an end.

Whole services on a real broker, with a crash in between.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.pipeline.unread_verdicts import findings
from domain import Device, FindingPhase
from domain.people import community
from ingest.mappings.proposal import UnreadVerdict
from ingest.results import UnreadVerdictEvent
from tests.conftest import Broker
from tests.support.rulebook_harness import RulebookHarness

IEEE = "0x000d6f0014f7bf0f"
HEALTH = "/api/v1/alerts?ledger=health"
MAPPING = "platform: zigbee2mqtt\nversion: 1\nkinds:\n  gas_alarm:\n    {line}\n"


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RulebookHarness]:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def send(harness: RulebookHarness, **values: object) -> None:
    before = harness.service.processing.pipeline.counters.frames
    await harness.publish(f"zigbee2mqtt/{IEEE}", values)
    await harness.until(lambda: harness.service.processing.pipeline.counters.frames > before, "the message")


async def test_an_unread_verdict_is_reported_once_across_a_crash_and_over_when_a_mapping_names_it(
    harness: RulebookHarness,
) -> None:
    await send(harness, alarm_code=7, battery=50)
    (alert,) = await harness.until_items(HEALTH)
    shown = {line["quantity"]: line["value"] for line in alert["evidence"]}
    assert ("unread-verdict", "安全设备消息未读懂", "gas-403") == (alert["rule"], alert["title"], alert["device"])
    assert {"字段": "alarm_code", "值": "7", "来源": "zigbee2mqtt"}.items() <= shown.items()
    line = str(shown["建议的映射"])

    await harness.crash()
    await harness.start()
    await send(harness, alarm_code=7, battery=49)
    await harness.fast_forward(minutes=30)
    assert [alert["id"]] == [one["id"] for one in await harness.items(HEALTH)]

    harness.save_file(MAPPING.format(line=line), "../mappings/zigbee2mqtt_site.yaml")
    await harness.until(
        lambda: "zigbee2mqtt_site.yaml" in harness.service.processing.definitions.mappings_by_file, "the site's mapping"
    )
    await send(harness, alarm_code=7, battery=48)
    await harness.until_state(alert["id"], "closed")
    (danger,) = await harness.until_items("/api/v1/alerts?ledger=danger")
    assert "gas-alarm" == danger["rule"]


async def test_a_danger_sent_during_a_self_test_is_reported_in_time_after_a_crash_and_without_another_message(
    harness: RulebookHarness,
) -> None:
    await send(harness, gas=True, self_test_result="checking")
    assert [] == await harness.items("/api/v1/alerts")
    await harness.crash()
    await harness.start()
    await harness.fast_forward(minutes=2.9)
    assert [] == await harness.items("/api/v1/alerts")

    await harness.fast_forward(minutes=0.3)
    (alert,) = await harness.until_items("/api/v1/alerts")
    assert ("gas-alarm", "gas-403") == (alert["rule"], alert["device"])
    await harness.phone("李伟").expects_sms("403")


def test_a_field_and_a_value_have_different_advice_and_ids() -> None:
    device = Device("g", "gas_alarm", "M1", place="nowhere")
    line, word = "code: {to: alarm}", "words: {gas_alarm: {danger: [x]}}"
    one = UnreadVerdictEvent(device, "tts", UnreadVerdict("code", 7, line), 5, 5)
    two = UnreadVerdictEvent(device, "tts", UnreadVerdict("alarm", "x", word), 5, 9, is_over=True)
    began, ended = findings([one, two], community())

    assert (FindingPhase.BEGAN, FindingPhase.ENDED) == (began.phase, ended.phase)
    assert began.id != ended.id
    assert "tts_site.yaml" in began.advice
    assert "kinds: gas_alarm" in began.advice
    assert line in began.advice
    assert word in ended.advice
    assert "tts M1" == began.evidence[0].value

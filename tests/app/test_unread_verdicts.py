"""A detector that nobody understands is told to maintenance once, with the line that helps; a test has an end.

Whole services on a real broker, with a crash in between.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.pipeline.unread_verdicts import findings
from domain import Device, Phase
from domain.people import community
from ingest.mappings.proposal import UnreadVerdict
from ingest.results import Unread
from tests.conftest import Broker
from tests.support.rulebook_harness import RuledTown

IEEE = "0x000d6f0014f7bf0f"
HEALTH = "/api/v1/alerts?ledger=health"
MAPPING = "platform: zigbee2mqtt\nversion: 1\nkinds:\n  gas_alarm:\n    {line}\n"


@pytest.fixture
async def town(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RuledTown]:
    async with RuledTown(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def says(town: RuledTown, **values: object) -> None:
    before = town.house.processing.pipeline.counters.frames
    await town.publish(f"zigbee2mqtt/{IEEE}", values)
    await town.until(lambda: town.house.processing.pipeline.counters.frames > before, "the message")


async def test_an_unread_verdict_is_told_once_across_a_crash_and_over_when_a_mapping_names_it(town: RuledTown) -> None:
    await says(town, alarm_code=7, battery=50)
    (alert,) = await town.until_items(HEALTH)
    shown = {line["quantity"]: line["value"] for line in alert["evidence"]}
    assert ("unread-verdict", "安全设备消息未读懂", "gas-403") == (alert["rule"], alert["title"], alert["device"])
    assert {"字段": "alarm_code", "值": "7", "来源": "zigbee2mqtt"}.items() <= shown.items()
    line = str(shown["建议的映射"])

    await town.crash()
    await town.start()
    await says(town, alarm_code=7, battery=49)
    await town.fast_forward(minutes=30)
    assert [alert["id"]] == [one["id"] for one in await town.items(HEALTH)]

    town.writes(MAPPING.format(line=line), "../mappings/zigbee2mqtt_site.yaml")
    await town.until(
        lambda: "zigbee2mqtt_site.yaml" in town.house.processing.definitions.mappings_by_file, "the site's mapping"
    )
    await says(town, alarm_code=7, battery=48)
    await town.until_state(alert["id"], "closed")
    (danger,) = await town.until_items("/api/v1/alerts?ledger=danger")
    assert "gas-alarm" == danger["rule"]


async def test_a_danger_said_under_test_is_told_in_time_after_a_crash_and_without_another_message(
    town: RuledTown,
) -> None:
    await says(town, gas=True, self_test_result="checking")
    assert [] == await town.items("/api/v1/alerts")
    await town.crash()
    await town.start()
    await town.fast_forward(minutes=2.9)
    assert [] == await town.items("/api/v1/alerts")

    await town.fast_forward(minutes=0.3)
    (alert,) = await town.until_items("/api/v1/alerts")
    assert ("gas-alarm", "gas-403") == (alert["rule"], alert["device"])
    await town.phone("李伟").expects_sms("403")


def test_a_field_and_a_word_have_each_their_advice_and_an_id_of_their_own() -> None:
    device = Device("g", "gas_alarm", "M1", place="nowhere")
    line, word = "code: {to: alarm}", "words: {gas_alarm: {danger: [x]}}"
    one = Unread(device, "tts", UnreadVerdict("code", 7, line), 5, 5)
    two = Unread(device, "tts", UnreadVerdict("alarm", "x", word), 5, 9, over=True)
    began, ended = findings([one, two], community())

    assert (Phase.BEGAN, Phase.ENDED) == (began.phase, ended.phase)
    assert began.id != ended.id
    assert "tts_site.yaml" in began.advice
    assert "kinds: gas_alarm" in began.advice
    assert line in began.advice
    assert word in ended.advice
    assert "tts M1" == began.evidence[0].value

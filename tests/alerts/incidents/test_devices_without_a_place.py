"""A danger without a known place: the text names the device, so that its place can be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from app.pipeline.refused_dangers import danger_findings
from domain import MINUTE, RefusalReason, Subject
from domain.people import community
from ingest.adapters import FILTERS
from ingest.results import Refusal

MAX_LENGTH = 70


def unregistered_danger(harness: Any, platform: str, identity: str | None, topic: str = "t") -> Any:
    now = harness.clock.now
    refusal = Refusal(now, platform, topic, b"", RefusalReason.UNKNOWN_DEVICE, "", platform, identity, danger=True)
    (finding,) = danger_findings([refusal], (), community())
    return finding


@pytest.mark.parametrize(
    ("platform", "identity", "place"),
    [
        ("zigbee2mqtt", "0x00158d0001deec28", "位置未登记，zigbee2mqtt尾号deec28"),
        ("zigbee2mqtt", "kitchen", "位置未登记，zigbee2mqtt尾号kitchen"),
        ("chirpstack", "0101010101abcdef", "位置未登记，chirpstack尾号abcdef"),
        ("alink", "a1ProductKey/gas0042", "位置未登记，alink尾号gas0042"),
        ("sparkplug", "estate/edge/gas/", "位置未登记，sparkplug尾号gas"),
    ],
)
async def test_the_text_about_an_unregistered_device_has_the_end_of_its_name(
    harness: Any, platform: str, identity: str, place: str
) -> None:
    await harness.service.process_findings([unregistered_danger(harness, platform, identity)])
    await harness.send()
    (text,) = harness.texts("sun")
    assert place in text
    assert "未登记设备报警，14:05" in text
    assert len(text) <= MAX_LENGTH
    assert harness.alert().place is None


async def test_an_access_token_used_as_a_name_is_not_in_the_text(harness: Any) -> None:
    await harness.service.process_findings([unregistered_danger(harness, "thingsboard", "A1_TEST_TOKEN")])
    await harness.send()
    (text,) = harness.texts("sun")
    assert "位置未登记，thingsboard尾号2293d9" in text
    assert "TOKEN" not in text


@pytest.mark.parametrize("platform", sorted(FILTERS))
async def test_the_text_fits_with_the_end_of_the_name_for_every_platform(harness: Any, platform: str) -> None:
    for late_ms in (0, 45 * MINUTE):
        harness.clock.now += MINUTE * 11
        finding = unregistered_danger(harness, platform, "0x00158d0001deec28")
        harness.clock.now += late_ms
        await harness.service.process_findings([finding])
        await harness.send()
        text = harness.texts("sun")[-1]
        assert len(text) <= MAX_LENGTH
        end = "5e2214" if platform == "thingsboard" else "deec28"
        assert f"尾号{end}" in text, "what must be cut is the beginning"


async def test_each_further_unregistered_device_is_named(harness: Any) -> None:
    await harness.service.process_findings([unregistered_danger(harness, "zigbee2mqtt", "0x00158d0001deec28")])
    await harness.send()
    await harness.service.process_findings([unregistered_danger(harness, "zigbee2mqtt", "0x00158d0001aaaa01")])
    await harness.send()
    assert "位置未登记，zigbee2mqtt尾号aaaa01" in harness.texts("sun")[-1]


async def test_a_registered_device_without_a_place_is_named_by_its_id(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(place=None, device="gas-77", subject=Subject("device", "gas-77"))])
    await harness.send()
    assert "燃气泄漏，14:05，位置未登记，设备gas-77，" in harness.texts("sun")[0]


async def test_a_subject_without_a_device_has_no_device_name(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(place=None, device=None, subject=Subject("line", "sewer-1"))])
    await harness.service.process_findings([finding(id="2", place=None, device=None, subject=Subject("device", "odd"))])
    await harness.send()
    assert len(harness.texts("sun")) == 2
    assert all("，位置未登记，无人接警。" in text for text in harness.texts("sun"))

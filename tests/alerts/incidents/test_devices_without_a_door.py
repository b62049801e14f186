"""A danger of which nobody knows the door: the text says which device it is, so that somebody can ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from app.pipeline.refused_dangers import danger_findings
from domain import MINUTE, RefusalReason, Subject
from domain.people import community
from ingest.adapters import FILTERS
from ingest.results import Refusal

LONGEST = 70


def cry(town: Any, platform: str, identity: str | None, topic: str = "t") -> Any:
    now = town.clock.now
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
async def test_the_text_about_a_device_that_nobody_registered_names_its_end(
    town: Any, platform: str, identity: str, place: str
) -> None:
    await town.service.process_findings([cry(town, platform, identity)])
    await town.send()
    (text,) = town.texts("sun")
    assert place in text
    assert "未登记设备报警，14:05" in text
    assert len(text) <= LONGEST
    assert town.alert().place is None


async def test_a_token_that_is_a_devices_name_is_no_part_of_the_text(town: Any) -> None:
    await town.service.process_findings([cry(town, "thingsboard", "A1_TEST_TOKEN")])
    await town.send()
    (text,) = town.texts("sun")
    assert "位置未登记，thingsboard尾号2293d9" in text
    assert "TOKEN" not in text


@pytest.mark.parametrize("platform", sorted(FILTERS))
async def test_of_every_platform_the_text_fits_with_the_end_of_the_name(town: Any, platform: str) -> None:
    for late_ms in (0, 45 * MINUTE):
        town.clock.now += MINUTE * 11
        finding = cry(town, platform, "0x00158d0001deec28")
        town.clock.now += late_ms
        await town.service.process_findings([finding])
        await town.send()
        text = town.texts("sun")[-1]
        assert len(text) <= LONGEST
        end = "5e2214" if platform == "thingsboard" else "deec28"
        assert f"尾号{end}" in text, "what must be cut is the beginning"


async def test_each_further_device_that_nobody_registered_is_named(town: Any) -> None:
    await town.service.process_findings([cry(town, "zigbee2mqtt", "0x00158d0001deec28")])
    await town.send()
    await town.service.process_findings([cry(town, "zigbee2mqtt", "0x00158d0001aaaa01")])
    await town.send()
    assert "位置未登记，zigbee2mqtt尾号aaaa01" in town.texts("sun")[-1]


async def test_one_of_ours_without_a_place_is_named_by_its_id(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(place=None, device="gas-77", subject=Subject("device", "gas-77"))])
    await town.send()
    assert "燃气泄漏，14:05，位置未登记，设备gas-77，" in town.texts("sun")[0]


async def test_what_is_no_device_has_no_name_of_one(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(place=None, device=None, subject=Subject("line", "sewer-1"))])
    await town.service.process_findings([finding(id="2", place=None, device=None, subject=Subject("device", "odd"))])
    await town.send()
    assert len(town.texts("sun")) == 2
    assert all("，位置未登记，无人接警。" in text for text in town.texts("sun"))

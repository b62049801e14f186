"""Times without an offset are local times of the device, its platform or the site."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain import Device
from domain.kind import Kind
from ingest.decoding.decoder import Decoder, DecoderSettings
from ingest.decoding.device_index import DeviceIndex
from ingest.mappings.mapping import MappingBook
from tests.ingest.decoding.native_messages import NOW, native_frames


@pytest.mark.parametrize(
    ("attributes", "hour"), [({}, 2), ({"timezone": "Asia/Urumqi"}, 4), ({"timezone": "Mars/Phobos"}, 2)]
)
def test_a_time_without_a_zone_is_the_devices_own_local_time_else_its_platforms(
    kinds: dict[str, Kind], books: list[MappingBook], attributes: dict[str, Any], hour: int
) -> None:
    settings = DecoderSettings(zones={"native": ZoneInfo("Asia/Shanghai")}, zone=ZoneInfo("UTC"))
    decoder = Decoder(kinds, books, settings)
    decoder.device_index = DeviceIndex([Device("gas-1", "gas_alarm", attributes=attributes)])
    received = NOW + 6 * 3_600_000  # 06:01 in Greenwich

    payloads = [{"ts": "2026-01-01T10:00:00", "lel_pct": lel} for lel in (3, 4)]
    readings = decoder.decode(native_frames("gas-1", *payloads, at=received)).readings
    assert [hour * 3_600_000] * 2 == [reading.at - (NOW - 60_000) for reading in readings]

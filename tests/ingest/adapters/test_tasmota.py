"""Tasmota: Zigbee devices by any of their names, presses without a counter."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingest.decoding.decoder import Decoder
from tests.ingest.adapters.home_platforms import frame_of, named_on


@pytest.mark.parametrize("name", ["0x8F20", "0x8f20", "8F20", "cafe", "0x00158D00036B50AE", "b/0x8F20", "b/cafe"])
def test_a_zigbee_device_is_found_by_any_of_its_names(name: str, build_decoder: Callable[..., Decoder]) -> None:
    fields = {"Device": "0x8F20", "IEEEAddr": "0x00158D00036B50AE", "Contact": 1}
    result = build_decoder(named_on("tasmota", "door", name)).decode(
        [frame_of("tele/b/SENSOR", {"ZbReceived": {"cafe": fields}})]
    )

    assert [reading.values for reading in result.readings] == [{"opened": True}]


def test_two_equal_presses_without_a_counter_are_two(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(named_on("tasmota", "sos_button", "0x3476"))
    press = frame_of("tele/b/SENSOR", {"ZbReceived": {"0x3476": {"0006!02": "", "Power": 2}}})

    assert len(decoder.decode([press, press]).readings) == 2

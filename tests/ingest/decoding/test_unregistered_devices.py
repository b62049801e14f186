"""Messages of devices that are not registered: one refusal a message, and their dangers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import ingest.adapters
from domain import RefusalReason
from domain.kind import Kind
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from tests.ingest.decoding.native_messages import NOW, native_frames, refusal_reasons


def test_an_unregistered_device_is_refused_once_a_message_with_its_danger(decoder: Decoder) -> None:
    result = decoder.decode(native_frames("gas-9", [{"lel_pct": 1}, {"alarm": True, "co_ppm": 3}]))

    (refusal,) = result.refusals
    assert (RefusalReason.UNKNOWN_DEVICE, True, "gas_alarm", "gas-9") == (
        refusal.reason,
        refusal.danger,
        refusal.proposed_kind,
        refusal.identity,
    )


@pytest.mark.parametrize(
    ("fields", "danger"),
    [
        ({"alarm": True}, True),
        ({"alarm": "1"}, True),
        ({"alarm": False, "lel_pct": 80}, False),
        ({"alarm": True, "test": True}, False),
        ({"sos": 1}, True),
        ({"occupied": True}, False),
    ],
)
def test_which_fields_of_an_unregistered_device_are_a_danger(
    decoder: Decoder, fields: dict[str, Any], danger: bool
) -> None:
    assert [(RefusalReason.UNKNOWN_DEVICE, danger)] == refusal_reasons(
        decoder.decode(native_frames("stranger", fields))
    )


@pytest.mark.parametrize(("action", "danger"), [("single", False), ("emergency", True)])
def test_a_switch_of_an_unregistered_device_is_no_call_for_help_but_an_emergency_is(
    decoder: Decoder, action: str, danger: bool
) -> None:
    frame = Frame("zigbee2mqtt/Lamp", json.dumps({"action": action}).encode(), NOW, "bulk")

    assert [(RefusalReason.UNKNOWN_DEVICE, danger)] == refusal_reasons(decoder.decode([frame]))


DANGERS = {
    "alink": "an event without a content",
    "chirpstack": "a leak detector, decoded by the device profile's codec",
    "ctwing": "an event by its number only",
    "hj212": "an alarm that a station tells",
    "iotda": "an event",
    "jetlinks": "an event with its contents",
    "setracker": "SOS without a fix, so without a place; Greenwich time",
    "shelly": "a little gas is the device's alarm",
    "tasmota": "a panic button",
    "thingsboard": "values without a time, beside one that bears its time",
    "tts": "known by its EUI, which people write in either case",
    "wmbusmeters": "smoke",
    "zigbee2mqtt": "a gas alarm that alarms",
}
"""One danger in each vendor's own words. A strange switch, contact or zone is none: it may be a lamp or a door."""


def evidence(platform: str, name: str) -> Frame:
    book = yaml.safe_load((Path(ingest.adapters.__file__).parent / f"{platform}.yaml").read_text("utf-8"))
    (case,) = (case for case in book["read"] if case["name"] == name)
    return Frame(case["topic"], case["payload"].encode(), NOW, "bulk")


@pytest.mark.parametrize(("platform", "name"), DANGERS.items())
def test_a_danger_of_an_unregistered_device_is_reported_whatever_its_maker(
    build_decoder: Callable[..., Decoder], platform: str, name: str
) -> None:
    assert any(refusal.danger for refusal in build_decoder().decode([evidence(platform, name)]).refusals)


@pytest.mark.parametrize("platform", ["chirpstack", "zigbee2mqtt"])
@pytest.mark.parametrize(
    ("fields", "danger"),
    [
        ({"Alarm": "ON"}, True),
        ({"flood": "wet"}, True),
        ({"event": "sos"}, True),
        ({"报警": 1}, True),
        ({"Alarm": "OFF"}, False),
        ({"event": "single"}, False),
        ({"opened": True}, False),
        ({"opened": True, "tilt_deg": 40, "water_level_mm": 3}, True),
    ],
)
def test_an_unregistered_device_is_understood_in_plain_words(
    kinds: dict[str, Kind], books: list[MappingBook], platform: str, fields: dict[str, object], danger: bool
) -> None:
    assert danger is DangerDetector(kinds, books).in_fields(platform, fields)


def test_an_open_unregistered_device_is_a_danger_if_its_model_is_a_cover(
    kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    assert DangerDetector(kinds, books).in_fields("chirpstack", {"opened": True}, "DC410")

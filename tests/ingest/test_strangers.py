"""Devices that nobody registered: what they look like, what their platform said of them, and their dangers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import ingest.adapters
from domain import Device, Identity
from domain.kind import Kind
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.decoder import Decoder
from ingest.discovery.hints import NAMES_MAX, DiscoveryHints
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.results import DiscoveredDevice

NOW = 1767225660000

CRIES = {
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


def config(topic: str, **said: object) -> Frame:
    return Frame(f"homeassistant/{topic}/config", json.dumps(said).encode(), NOW, "bulk")


def state(topic: str, word: str) -> Frame:
    return Frame(f"homeassistant/{topic}/state", word.encode(), NOW, "bulk")


@pytest.mark.parametrize(("platform", "name"), CRIES.items())
def test_a_danger_of_a_device_that_nobody_registered_is_told_whoever_its_maker_is(
    listener: Callable[..., Decoder], platform: str, name: str
) -> None:
    assert any(refusal.danger for refusal in listener().decode([evidence(platform, name)]).refusals)


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
def test_a_stranger_is_understood_in_plain_words(
    kinds: dict[str, Kind], books: list[MappingBook], platform: str, fields: dict[str, object], danger: bool
) -> None:
    assert danger is DangerDetector(kinds, books).in_fields(platform, fields)


def test_an_open_stranger_is_a_danger_if_its_model_is_a_cover(kinds: dict[str, Kind], books: list[MappingBook]) -> None:
    assert DangerDetector(kinds, books).in_fields("chirpstack", {"opened": True}, "DC410")


@pytest.mark.parametrize(
    ("platform", "fields", "kind"),
    [
        ("zigbee2mqtt", ("gas", "battery_low", "tamper"), "gas_alarm"),
        ("zigbee2mqtt", ("smoke", "smoke_density", "battery"), "smoke_alarm"),
        ("zigbee2mqtt", ("water_leak", "battery"), "water_leak"),
        ("zigbee2mqtt", ("contact", "battery"), "door"),
        ("homeassistant", ("moisture",), "water_leak"),
        ("homeassistant", ("battery", "gas"), "gas_alarm"),
        ("homeassistant", ("battery",), None),
        ("tasmota", ("ZoneAlarm", "ZoneTrouble"), None),
        ("jftech", ("fall",), None),
        ("jftech", ("falling_object",), "falling_object"),
        ("jftech", ("e-bike",), "ebike_lift"),
    ],
)
def test_what_a_device_will_speak_of_proposes_its_kind(
    kinds: dict[str, Kind], books: list[MappingBook], platform: str, fields: tuple[str, ...], kind: str | None
) -> None:
    assert kind == DangerDetector(kinds, books).guess_kind(platform, fields)


def test_a_bare_word_of_a_described_stranger_means_what_the_description_says(
    listener: Callable[..., Decoder],
) -> None:
    ours = listener()
    ours.decode([config("binary_sensor/cellar", dev_cla="moisture", stat_t="homeassistant/binary_sensor/cellar/state")])
    (wet,) = ours.decode([state("binary_sensor/cellar", "ON")]).refusals
    (dry,) = ours.decode([state("binary_sensor/cellar", "OFF")]).refusals

    assert (True, "water_leak") == (wet.danger, wet.proposed_kind)
    assert (False, "water_leak") == (dry.danger, dry.proposed_kind)
    assert ours.has_danger(state("binary_sensor/cellar", "ON"))
    assert not ours.has_danger(state("binary_sensor/lamp", "ON"))


def test_what_was_described_is_known_after_a_restart(listener: Callable[..., Decoder]) -> None:
    before, after = listener(), listener()
    before.decode(
        [config("binary_sensor/cellar", dev_cla="moisture", stat_t="homeassistant/binary_sensor/cellar/state")]
    )
    after.restore(before.snapshot())

    assert after.decode([state("binary_sensor/cellar", "ON")]).refusals[0].danger


def test_a_withdrawn_description_says_nothing_any_more(listener: Callable[..., Decoder]) -> None:
    ours = listener()
    ours.decode([config("binary_sensor/cellar", dev_cla="moisture")])
    ours.decode([Frame("homeassistant/binary_sensor/cellar/config", b"", NOW, "bulk")])

    assert not ours.decode([state("binary_sensor/cellar", "ON")]).refusals[0].danger


def test_once_registered_the_kind_decides_and_not_the_description(listener: Callable[..., Decoder]) -> None:
    door = Device("door-1", "door", identities=(Identity("homeassistant", "cellar"),))
    ours = listener(door)
    ours.decode([config("binary_sensor/cellar", dev_cla="moisture")])

    (reading,) = ours.decode([state("binary_sensor/cellar", "ON")]).readings
    assert {"opened": True} == reading.values


def test_what_is_remembered_of_descriptions_is_bounded() -> None:
    known = DiscoveryHints()
    known.update(DiscoveredDevice((("homeassistant", f"thing-{number}"),), ("gas",)) for number in range(NAMES_MAX + 1))

    assert NAMES_MAX == len(known.state())
    assert {"state": "ON"} == known.explain("homeassistant", "thing-0", {"state": "ON"})

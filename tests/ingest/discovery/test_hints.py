"""Hints of discovery messages explain bare states."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from domain import Device, Identity
from domain.kind import Kind
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.decoder import Decoder
from ingest.discovery.hints import NAMES_MAX, DiscoveryHints
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.results import DiscoveredDevice

NOW = 1767225660000


def config(topic: str, **value: object) -> Frame:
    return Frame(f"homeassistant/{topic}/config", json.dumps(value).encode(), NOW, "bulk")


def state(topic: str, word: str) -> Frame:
    return Frame(f"homeassistant/{topic}/state", word.encode(), NOW, "bulk")


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
def test_hints_propose_the_kind_of_a_device(
    kinds: dict[str, Kind], books: list[MappingBook], platform: str, fields: tuple[str, ...], kind: str | None
) -> None:
    assert kind == DangerDetector(kinds, books).guess_kind(platform, fields)


def test_a_bare_word_of_an_announced_device_means_what_its_hints_tell(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder()
    decoder.decode(
        [config("binary_sensor/cellar", dev_cla="moisture", stat_t="homeassistant/binary_sensor/cellar/state")]
    )
    (wet,) = decoder.decode([state("binary_sensor/cellar", "ON")]).refusals
    (dry,) = decoder.decode([state("binary_sensor/cellar", "OFF")]).refusals

    assert (True, "water_leak") == (wet.danger, wet.proposed_kind)
    assert (False, "water_leak") == (dry.danger, dry.proposed_kind)
    assert decoder.has_danger(state("binary_sensor/cellar", "ON"))
    assert not decoder.has_danger(state("binary_sensor/lamp", "ON"))


def test_hints_survive_a_restart(build_decoder: Callable[..., Decoder]) -> None:
    before, after = build_decoder(), build_decoder()
    before.decode(
        [config("binary_sensor/cellar", dev_cla="moisture", stat_t="homeassistant/binary_sensor/cellar/state")]
    )
    after.restore(before.snapshot())

    assert after.decode([state("binary_sensor/cellar", "ON")]).refusals[0].danger


def test_hints_of_a_withdrawn_device_are_removed(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder()
    decoder.decode([config("binary_sensor/cellar", dev_cla="moisture")])
    decoder.decode([Frame("homeassistant/binary_sensor/cellar/config", b"", NOW, "bulk")])

    assert not decoder.decode([state("binary_sensor/cellar", "ON")]).refusals[0].danger


def test_of_a_registered_device_the_kind_decides_and_not_the_hints(build_decoder: Callable[..., Decoder]) -> None:
    door = Device("door-1", "door", identities=(Identity("homeassistant", "cellar"),))
    decoder = build_decoder(door)
    decoder.decode([config("binary_sensor/cellar", dev_cla="moisture")])

    (reading,) = decoder.decode([state("binary_sensor/cellar", "ON")]).readings
    assert {"opened": True} == reading.values


def test_the_number_of_hints_is_limited() -> None:
    known = DiscoveryHints()
    known.update(DiscoveredDevice((("homeassistant", f"thing-{number}"),), ("gas",)) for number in range(NAMES_MAX + 1))

    assert NAMES_MAX == len(known.state())
    assert {"state": "ON"} == known.explain("homeassistant", "thing-0", {"state": "ON"})


def test_a_bare_state_gets_the_name_that_its_hint_gives_it() -> None:
    known = DiscoveryHints([("homeassistant", "garden", ("moisture",))])

    assert known.explain("homeassistant", "garden", {"state": "ON", "x": 1}) == {"moisture": "ON", "x": 1}
    assert known.explain("homeassistant", "kitchen", {"state": "ON"}) == {"state": "ON"}
    assert known.explain("homeassistant", "garden", {"x": 1}) == {"x": 1}

"""What must not wait: a message with a true danger bit, seen cheaply and exactly, on every platform."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain import Device, Identity
from domain.kind import Kind
from ingest.decoding.decoder import Listener
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.mqtt.danger_prefilter import DangerPrefilter

ADAPTERS = Path(__file__).parents[2] / "ingest" / "adapters"
DEVICES = (
    Device("band-1", "wristband"),
    Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),)),
    Device("meter-1", "water_meter"),
    Device("cover-1", "manhole", identities=(Identity("zigbee2mqtt", "cover"),)),
    Device("door-1", "door", identities=(Identity("zigbee2mqtt", "door"),)),
    Device("band-2", "wristband", identities=(Identity("chirpstack", "0102030405060708"),)),
)


def said(topic: str, payload: object) -> Frame:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Frame(topic, raw, 1_795_269_600_000, "bulk")


@pytest.fixture(scope="module")
def searched(kinds: dict[str, Kind], books: list[MappingBook]) -> DangerPrefilter:
    """What is searched for, made once: it depends on kinds and mappings only."""
    return DangerPrefilter(kinds, books, lambda frame: False)


@pytest.fixture
def foresight(searched: DangerPrefilter, listener: Callable[..., Listener]) -> Callable[[Sequence[Frame]], list[Frame]]:
    return foresight_of(searched, listener(*DEVICES))


def foresight_of(searched: DangerPrefilter, heard: Listener) -> DangerPrefilter:
    made = DangerPrefilter({}, [], heard.bears_danger)
    made.replace_pattern(searched)
    return made


DANGERS = [
    ("fengshao/v1/band-1/up", {"sos": True}),
    ("fengshao/v1/band-1/up", b'{"sos" : true, "seq": 1}'),
    ("fengshao/v1/band-1/up", {"sos": 1}),
    ("fengshao/v1/band-1/up", {"sos": "yes"}),
    ("fengshao/v1/band-1/up", [{"sos": False}, {"sos": True}]),
    ("fengshao/v1/gas-1/up", {"lel_pct": 3, "alarm": True}),
    ("fengshao/v1/nobody/up", {"sos": True}),
    ("fengshao/v1/band-1/up", b'{"sos": true, "bro'),
    ("zigbee2mqtt/kitchen", {"gas": True, "linkquality": 3}),
    ("zigbee2mqtt/cover", {"contact": False}),
]
ORDINARY = [
    ("fengshao/v1/band-1/up", {"sos": False, "heart_rate_bpm": 70}),
    ("fengshao/v1/band-1/up", {"sos": True, "test": True}),
    ("fengshao/v1/band-1/up", {"sos": None}),
    ("fengshao/v1/meter-1/up", {"volume_m3": 312.407, "burst": 0}),
    ("fengshao/v1/band-1/status", b"online"),
    ("zigbee2mqtt/kitchen", {"gas": False, "battery": 100}),
    ("zigbee2mqtt/cover", {"contact": True}),
    ("zigbee2mqtt/kitchen/availability", {"state": "online"}),
    ("fengshao/v1/band-1/up", b"not json"),
]


@pytest.mark.parametrize(("topic", "payload"), DANGERS)
def test_this_must_not_wait(foresight: Callable[..., list[Frame]], topic: str, payload: object) -> None:
    assert [said(topic, payload)] == foresight([said(*ORDINARY[0]), said(topic, payload)])


@pytest.mark.parametrize(("topic", "payload"), ORDINARY)
def test_this_may_wait(foresight: Callable[..., list[Frame]], topic: str, payload: object) -> None:
    assert [] == foresight([said(topic, payload)])


def test_raw_bytes_of_an_urgent_kind_go_first_because_only_their_codec_could_tell(
    foresight: Callable[..., list[Frame]],
) -> None:
    body = {"deviceInfo": {"devEui": "0102030405060708"}, "data": "AQ==", "fPort": 1, "fCnt": 1}
    frame = said("application/1/device/0102030405060708/event/up", body)
    assert [frame] == foresight([said(*ORDINARY[0]), frame])


def test_kinds_that_were_added_while_it_ran_are_searched_for(
    kinds: dict[str, Kind], books: list[MappingBook], listener: Callable[..., Listener]
) -> None:
    bears_danger = listener(*DEVICES).bears_danger
    foresight = DangerPrefilter({}, [], bears_danger)
    pressed = said("fengshao/v1/band-1/up", {"sos": True})
    assert [] == foresight([pressed])

    foresight.replace_pattern(DangerPrefilter(kinds, books, bears_danger))
    assert [pressed] == foresight([pressed])


def _evidence() -> list[Any]:
    found: list[Any] = []
    for file in sorted(ADAPTERS.glob("*.yaml")):
        for block in yaml.safe_load(file.read_text()).values():
            for each in block if isinstance(block, list) else []:
                if isinstance(each, dict) and "topic" in each and "payload" in each:
                    found.append(pytest.param(each["topic"], each["payload"], id=f"{file.stem}-{len(found)}"))
    return found


@pytest.mark.parametrize(("topic", "payload"), _evidence())
def test_the_cheap_look_sees_what_decoding_sees(
    searched: DangerPrefilter, listener: Callable[..., Listener], topic: str, payload: object
) -> None:
    heard = listener(*DEVICES)
    raw = payload.encode() if isinstance(payload, str) else payload
    frame = said(topic, raw)
    assert heard.bears_danger(frame) == (foresight_of(searched, heard)([frame]) == [frame])

"""Messages with a danger bit set are found before the journal, cheaply and exactly, on every platform."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from domain import Device, Identity
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.mqtt.danger_prefilter import DangerPrefilter, _alternatives
from tests.support.many_cases import many_cases
from tests.support.yaml_text import load_yaml

ADAPTERS = Path(__file__).parents[3] / "ingest" / "adapters"
DEVICES = (
    Device("band-1", "wristband"),
    Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),)),
    Device("meter-1", "water_meter"),
    Device("cover-1", "manhole", identities=(Identity("zigbee2mqtt", "cover"),)),
    Device("door-1", "door", identities=(Identity("zigbee2mqtt", "door"),)),
    Device("band-2", "wristband", identities=(Identity("chirpstack", "0102030405060708"),)),
)


def frame_of(topic: str, payload: object) -> Frame:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Frame(topic, raw, 1_795_269_600_000, "bulk")


@pytest.fixture(scope="module")
def compiled(kinds: dict[str, Kind], books: list[MappingBook]) -> DangerPrefilter:
    """The compiled pattern, built once: it depends on kinds and mappings only."""
    return DangerPrefilter(kinds, books, lambda frame: False)


@pytest.fixture
def prefilter(
    compiled: DangerPrefilter, build_decoder: Callable[..., Decoder]
) -> Callable[[Sequence[Frame]], list[Frame]]:
    return prefilter_for(compiled, build_decoder(*DEVICES))


def prefilter_for(compiled: DangerPrefilter, decoder: Decoder) -> DangerPrefilter:
    prefilter = DangerPrefilter({}, [], decoder.has_danger)
    prefilter.replace_pattern(compiled)
    return prefilter


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
def test_a_message_with_a_danger_bit_is_found(
    prefilter: Callable[..., list[Frame]], topic: str, payload: object
) -> None:
    assert [frame_of(topic, payload)] == prefilter([frame_of(*ORDINARY[0]), frame_of(topic, payload)])


@pytest.mark.parametrize(("topic", "payload"), ORDINARY)
def test_an_ordinary_message_is_not_found(prefilter: Callable[..., list[Frame]], topic: str, payload: object) -> None:
    assert [] == prefilter([frame_of(topic, payload)])


def test_raw_bytes_of_an_urgent_kind_are_found_because_only_their_codec_can_decode_them(
    prefilter: Callable[..., list[Frame]],
) -> None:
    body = {"deviceInfo": {"devEui": "0102030405060708"}, "data": "AQ==", "fPort": 1, "fCnt": 1}
    frame = frame_of("application/1/device/0102030405060708/event/up", body)
    assert [frame] == prefilter([frame_of(*ORDINARY[0]), frame])


def test_kinds_that_were_added_at_run_time_are_searched_for(
    kinds: dict[str, Kind], books: list[MappingBook], build_decoder: Callable[..., Decoder]
) -> None:
    bears_danger = build_decoder(*DEVICES).has_danger
    prefilter = DangerPrefilter({}, [], bears_danger)
    pressed = frame_of("fengshao/v1/band-1/up", {"sos": True})
    assert [] == prefilter([pressed])

    prefilter.replace_pattern(DangerPrefilter(kinds, books, bears_danger))
    assert [pressed] == prefilter([pressed])


def _evidence() -> list[Any]:
    found: list[Any] = []
    for file in sorted(ADAPTERS.glob("*.yaml")):
        for block in load_yaml(file.read_text()).values():
            for example in block if isinstance(block, list) else []:
                if isinstance(example, dict) and "topic" in example and "payload" in example:
                    found.append(pytest.param(example["topic"], example["payload"], id=f"{file.stem}-{len(found)}"))
    return found


@many_cases(("topic", "payload"), _evidence())
def test_the_prefilter_finds_exactly_what_decoding_finds(
    compiled: DangerPrefilter, build_decoder: Callable[..., Decoder], topic: str, payload: object
) -> None:
    decoder = build_decoder(*DEVICES)
    raw = payload.encode() if isinstance(payload, str) else payload
    frame = frame_of(topic, raw)
    assert decoder.has_danger(frame) == (prefilter_for(compiled, decoder)([frame]) == [frame])


def test_names_with_any_first_letter_are_searched_as_they_are() -> None:
    pattern = re.compile(_alternatives(["$gas", "(x)", "leak", "alarm", "alert"]))
    assert all(pattern.fullmatch(name) for name in ("$gas", "(x)", "leak", "alarm", "alert"))
    assert not any(pattern.fullmatch(name) for name in ("gas", "x", "a", "leakage"))
    assert re.compile(_alternatives([])).search("anything") is None

"""The Things Stack: joins by any registered name, normalized payloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ingest.decoding.decoder import Decoder
from tests.ingest.adapters.defined_platforms import device_of_kind, frame_at, values
from tests.ingest.adapters.home_platforms import frame_of, named_on


@pytest.mark.parametrize("name", ["dev1", "0004A30B001C0530", "0004a30b001c0530"])
def test_a_join_is_matched_by_any_registered_name(name: str, build_decoder: Callable[..., Decoder]) -> None:
    content = {"end_device_ids": {"dev_eui": "0004A30B001C0530"}, "join_accept": {}}
    result = build_decoder(named_on("tts", "door", name)).decode([frame_of("v3/a@t/devices/dev1/join", content)])

    assert [(event.kind, event.device) for event in result.events] == [("join", "ours")]


def uplink(**content: object) -> dict[str, object]:
    return {
        "end_device_ids": {"device_id": "d"},
        "uplink_message": {"f_cnt": 3, "received_at": "2026-11-28T22:05:49Z", **content},
    }


@pytest.mark.parametrize(
    ("kind", "normalized", "expected"),
    [
        (
            "water_meter",
            [{"metering": {"water": {"total": 98_765}}, "battery": 3.6}],
            {"volume_m3": 98.765, "battery_v": 3.6},
        ),
        ("water_leak", [{"water": {"leak": True}}], {"leak": True}),
        ("door", [{"action": {"contactState": "open"}}], {"opened": True}),
        ("manhole", [{"action": {"contactState": "closed"}}], {"opened": False}),
        ("motion", [{"action": {"motion": {"detected": True, "count": 4}}}], {"occupied": True}),
        (
            "smoke_alarm",
            [{"air": {"temperature": 21.5, "relativeHumidity": 40, "location": "indoor"}}],
            {"temp_c": 21.5},
        ),
        ("smoke_alarm", {"air": {"temperature": 21.5}}, {"temp_c": 21.5}),
        ("wristband", [{"position": {"latitude": 31.2, "longitude": 121.4}}], {"lat": 31.2, "lon": 121.4}),
    ],
)
def test_a_normalized_payload_is_read_in_its_defined_units(
    build_decoder: Callable[..., Decoder], kind: str, normalized: object, expected: dict[str, Any]
) -> None:
    decoder = build_decoder(device_of_kind(kind, "tts", "d"))

    result = decoder.decode(
        [frame_at("v3/a@t/devices/d/up", uplink(decoded_payload={"xyz": 1}, normalized_payload=normalized))]
    )

    assert [expected] == values(result)


def test_normalized_measurements_of_the_past_keep_their_times(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device_of_kind("smoke_alarm", "tts", "d"))
    past = {"time": "2026-11-28T21:05:49Z", "air": {"temperature": 19}}

    only = decoder.decode(
        [frame_at("v3/a@t/devices/d/up", uplink(normalized_payload=[past, {"air": {"temperature": 21}}]))]
    )

    assert [(1795899949000, {"temp_c": 19}), (1795903549000, {"temp_c": 21})] == [
        (reading.at, reading.values) for reading in only.readings
    ]

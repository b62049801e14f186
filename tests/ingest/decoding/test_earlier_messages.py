"""State of earlier messages that survives a restart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain import MINUTE, Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import IngestResult

NOW = 1_795_904_000_000


def device(kind: str) -> Device:
    return Device("d", kind, identities=(Identity("thingsboard", "x"), Identity("zigbee2mqtt", "x")))


def decode_fields(
    decoder: Decoder, fields: Mapping[str, Any], at: int = NOW, platform: str = "thingsboard"
) -> IngestResult:
    if platform == "zigbee2mqtt":
        frame = Frame("zigbee2mqtt/x", json.dumps(fields).encode(), at, "bulk")
    else:
        values = {"x": [{"ts": at, "values": fields}]}
        frame = Frame("v1/gateway/telemetry", json.dumps(values).encode(), at, "bulk")
    return decoder.decode([frame])


def test_a_reported_word_and_a_running_self_test_survive_a_restart(build_decoder: Callable[..., Decoder]) -> None:
    decoder, after = build_decoder(device("gas_alarm")), build_decoder(device("gas_alarm"))
    assert [True] == [one.danger for one in decode_fields(decoder, {"alarm": "qwx"}).refusals]
    assert [True] == [
        one.is_test for one in decode_fields(decoder, {"alarm": True, "test": True}, NOW + MINUTE).readings
    ]
    after.restore(decoder.snapshot())

    assert [False] == [one.danger for one in decode_fields(after, {"alarm": "qwx"}, NOW + 2 * MINUTE).refusals]
    decoder, after = after, build_decoder(device("gas_alarm"))
    assert [True] == [
        one.is_test for one in decode_fields(decoder, {"alarm": True, "test": True}, NOW + 3 * MINUTE).readings
    ]
    after.restore(decoder.snapshot())
    late = NOW + 6 * MINUTE + 1
    assert [False] == [one.is_test for one in decode_fields(after, {"alarm": True, "test": True}, late).readings]


def test_a_snapshot_of_an_earlier_version_has_no_unread_verdicts(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    assert decode_fields(decoder, {"alarm_code": 7}).unread_verdicts
    parts = msgspec.msgpack.decode(decoder.snapshot())
    after = build_decoder(device("gas_alarm"))
    after.restore(msgspec.msgpack.encode(parts[:4]))
    assert decode_fields(after, {"alarm_code": 7}, NOW + 1).unread_verdicts

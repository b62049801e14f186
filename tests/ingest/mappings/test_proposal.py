"""The proposed line of a mapping book is valid YAML and makes the field understood."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
import yaml

from domain import MINUTE, Device, Identity
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from ingest.mappings.check import check
from ingest.mappings.mapping import MappingBook
from ingest.mappings.proposal import shortened
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


def phases(result: IngestResult) -> list[tuple[str, bool]]:
    return [(event.verdict.field, event.is_over) for event in result.unread_verdicts]


def book_with(line: str, kind: str, platform: str) -> MappingBook:
    """The site's file as the advice says."""
    text = line if line.startswith("words:") else f"kinds:\n  {kind}:\n    {line}"
    return MappingBook.model_validate(yaml.safe_load(f"platform: {platform}\nversion: 1\n{text}\n"))


FIELDS: Sequence[tuple[str, dict[str, Any]]] = [
    ("gas_alarm", {"alarm_code": 7}),
    ("gas_alarm", {"alarm": "qwx"}),
    ("gas_alarm", {"alarm": 7}),
    ("gas_alarm", {"gas_status": 9}),
    ("gas_alarm", {"gasEvent 2": "qwx: 1"}),
    ("gas_alarm", {"燃气报警码": "12"}),
    ("gas_alarm", {"alarms": ["qwx", "yes"]}),
    ("gas_alarm", {"alarmThing": {"deep": {"state": "qwx"}}}),
    ("smoke_alarm", {"smokeAlarmX": "on fire?"}),
    ("smoke_alarm", {"alarm_event": 4.0}),
    ("water_leak", {"leak state 1": "#q"}),
    ("water_leak", {"leak": 3}),
    ("manhole", {"coverAlarm": "qwx"}),
    ("sos_button", {"action": "qwx"}),
    ("wristband", {"fall_alarm_code": 8}),
]


@pytest.mark.parametrize("platform", ["thingsboard", "zigbee2mqtt"])
@pytest.mark.parametrize(("kind", "fields"), FIELDS)
def test_the_proposed_line_is_valid_yaml_and_makes_the_field_understood(
    kinds: dict[str, Kind], books: list[MappingBook], kind: str, fields: dict[str, Any], platform: str
) -> None:
    decoder = Decoder(kinds, books)
    decoder.device_index = DeviceIndex([device(kind)])
    events = decode_fields(decoder, {**fields, "battery_pct": 50}, platform=platform).unread_verdicts
    if platform == "zigbee2mqtt" and not events:
        return  # its words are fixed: what nobody could mean is only counted

    assert events, fields
    own = [book_with(event.verdict.line, kind, platform) for event in events]
    assert [] == [fault for book in own for fault in check(book, kinds)]
    decoder.apply_mappings(kinds, [*books, *own])
    result = decode_fields(decoder, {**fields, "battery_pct": 51}, NOW + MINUTE, platform)
    assert {(event.verdict.field, True) for event in events} == set(phases(result))
    assert result.readings


def test_values_are_shortened_to_what_a_snapshot_can_hold() -> None:
    values = [True, 2, 2.5, 2**60, "x", ["a"] * 20, {"a": 1}, None]
    held = [shortened(value) for value in values]
    assert held == msgspec.msgpack.decode(msgspec.msgpack.encode(held))
    assert [True, 2, 2.5, str(2**60), "x", ["a"] * 8, "{'a': 1}", "None"] == held

"""Verdicts that are not understood: how often they are reported, when they end, what a restart restores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from domain import DAY, MINUTE, Device, Identity
from domain.kind import Kind
from ingest.decoding import unread_verdicts
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.decoding.unread_verdicts import UnreadVerdicts
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.mappings.proposal import UnreadVerdict
from ingest.results import IngestResult, UnreadVerdictEvent

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


def test_it_is_reported_again_after_a_day_and_not_because_of_a_restart(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    field = "alarm_code"
    assert [(field, False)] == phases(decode_fields(decoder, {field: 7}))
    assert [] == phases(decode_fields(decoder, {field: 8}, NOW + MINUTE))
    after = build_decoder(device("gas_alarm"))
    after.restore(decoder.snapshot())
    assert [] == phases(decode_fields(after, {field: 7}, NOW + DAY))
    again = decode_fields(after, {field: 7}, NOW + DAY + 1)

    assert [(field, False), (field, True)] == phases(again)
    assert [NOW + DAY + 1, NOW] == [event.begin for event in again.unread_verdicts]


def test_verdicts_of_a_removed_device_end(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    assert decode_fields(decoder, {"alarm_code": 7, "alarm_text": "q"}).unread_verdicts
    left = decoder.update_registry(["d", "never seen"], [], NOW + 5)
    assert [("alarm_code", True), ("alarm_text", True)] == [(one.verdict.field, one.is_over) for one in left]
    assert [] == decoder.update_registry(["d"], [], NOW + 6)


def test_a_field_of_one_platform_is_not_understood_by_the_mapping_of_another(
    kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    decoder = Decoder(kinds, books)
    decoder.device_index = DeviceIndex([device("gas_alarm")])
    (event,) = decode_fields(decoder, {"alarm_code": 7}, platform="zigbee2mqtt").unread_verdicts
    decoder.apply_mappings(kinds, [*books, book_with(event.verdict.line, "gas_alarm", "zigbee2mqtt")])
    assert [] == phases(decode_fields(decoder, {"battery_pct": 5}, NOW + 1))
    assert [("alarm_code", True)] == phases(decode_fields(decoder, {"battery": 5}, NOW + 2, "zigbee2mqtt"))


def test_history_opens_no_unread_verdict(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    old = {"x": [{"ts": NOW - 2 * 3_600_000, "values": {"alarm_code": 7, "battery_pct": 5}}]}
    result = decoder.decode([Frame("v1/gateway/telemetry", json.dumps(old).encode(), NOW, "bulk")])
    assert ([], 1) == (result.unread_verdicts, len(result.readings))


def test_beyond_the_limit_the_oldest_field_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread_verdicts, "FIELDS_MAX", 2)
    fields, decoder = UnreadVerdicts(), device("gas_alarm")

    def ask(name: str, whose: Device = decoder) -> list[UnreadVerdictEvent]:
        return list(fields.report(whose, "p", [UnreadVerdict(name, 1, "l")], NOW))

    assert all(ask(name) for name in ("a", "b", "c"))
    assert ["b", "c"] == [one.field for one in fields.state()]
    assert ask("z", Device("other", "gas_alarm"))
    assert ask("y", Device("third", "gas_alarm"))
    assert ["z", "y"] == [one.field for one in fields.state()]
    assert "d" not in fields

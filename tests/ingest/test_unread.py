"""Unread verdicts: which line is proposed, that it helps, who is told how often, and what a restart remembers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest
import yaml

from domain import DAY, MINUTE, Device, Identity
from domain.kind import Kind
from ingest.decoding import unread_verdicts
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.decoding.unread_verdicts import UnreadVerdicts
from ingest.frame import Frame
from ingest.mappings.check import check
from ingest.mappings.mapping import MappingBook
from ingest.mappings.proposal import UnreadVerdict, shortened
from ingest.results import IngestResult, UnreadVerdictEvent

NOW = 1_795_904_000_000
NAMES = ("x", "y")


def device(kind: str) -> Device:
    return Device("d", kind, identities=(Identity("thingsboard", "x"), Identity("zigbee2mqtt", "x")))


def said(ours: Decoder, fields: Mapping[str, Any], at: int = NOW, platform: str = "thingsboard") -> IngestResult:
    if platform == "zigbee2mqtt":
        frame = Frame("zigbee2mqtt/x", json.dumps(fields).encode(), at, "bulk")
    else:
        values = {"x": [{"ts": at, "values": fields}]}
        frame = Frame("v1/gateway/telemetry", json.dumps(values).encode(), at, "bulk")
    return ours.decode([frame])


def phases(heard: IngestResult) -> list[tuple[str, bool]]:
    return [(one.verdict.field, one.is_over) for one in heard.unread_verdicts]


def book_with(line: str, kind: str, platform: str) -> MappingBook:
    """The site's file as the advice says."""
    written = line if line.startswith("words:") else f"kinds:\n  {kind}:\n    {line}"
    return MappingBook.model_validate(yaml.safe_load(f"platform: {platform}\nversion: 1\n{written}\n"))


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
def test_the_proposed_line_is_right_yaml_and_makes_the_field_understood(
    kinds: dict[str, Kind], books: list[MappingBook], kind: str, fields: dict[str, Any], platform: str
) -> None:
    ours = Decoder(kinds, books)
    ours.device_index = DeviceIndex([device(kind)])
    told = said(ours, {**fields, "battery_pct": 50}, platform=platform).unread_verdicts
    if platform == "zigbee2mqtt" and not told:
        return  # its words are fixed: what nobody could mean is only counted

    assert told, fields
    own = [book_with(one.verdict.line, kind, platform) for one in told]
    assert [] == [fault for book in own for fault in check(book, kinds)]
    ours.apply_mappings(kinds, [*books, *own])
    heard = said(ours, {**fields, "battery_pct": 51}, NOW + MINUTE, platform)
    assert {(one.verdict.field, True) for one in told} == set(phases(heard))
    assert heard.readings


def test_it_is_told_once_again_after_a_day_and_not_because_of_a_restart(listener: Callable[..., Decoder]) -> None:
    ours = listener(device("gas_alarm"))
    field = "alarm_code"
    assert [(field, False)] == phases(said(ours, {field: 7}))
    assert [] == phases(said(ours, {field: 8}, NOW + MINUTE))
    after = listener(device("gas_alarm"))
    after.restore(ours.snapshot())
    assert [] == phases(said(after, {field: 7}, NOW + DAY))
    again = said(after, {field: 7}, NOW + DAY + 1)

    assert [(field, False), (field, True)] == phases(again)
    assert [NOW + DAY + 1, NOW] == [one.begin for one in again.unread_verdicts]


def test_a_word_told_once_and_a_test_begun_are_remembered_over_a_restart(listener: Callable[..., Decoder]) -> None:
    ours, after = listener(device("gas_alarm")), listener(device("gas_alarm"))
    assert [True] == [one.danger for one in said(ours, {"alarm": "qwx"}).refusals]
    assert [True] == [one.is_test for one in said(ours, {"alarm": True, "test": True}, NOW + MINUTE).readings]
    after.restore(ours.snapshot())

    assert [False] == [one.danger for one in said(after, {"alarm": "qwx"}, NOW + 2 * MINUTE).refusals]
    ours, after = after, listener(device("gas_alarm"))
    assert [True] == [one.is_test for one in said(ours, {"alarm": True, "test": True}, NOW + 3 * MINUTE).readings]
    after.restore(ours.snapshot())
    late = NOW + 6 * MINUTE + 1
    assert [False] == [one.is_test for one in said(after, {"alarm": True, "test": True}, late).readings]


def test_a_snapshot_of_before_has_no_such_memory(listener: Callable[..., Decoder]) -> None:
    ours = listener(device("gas_alarm"))
    assert said(ours, {"alarm_code": 7}).unread_verdicts
    parts = msgspec.msgpack.decode(ours.snapshot())
    after = listener(device("gas_alarm"))
    after.restore(msgspec.msgpack.encode(parts[:4]))
    assert said(after, {"alarm_code": 7}, NOW + 1).unread_verdicts


def test_who_is_registered_no_more_is_asked_nothing_more(listener: Callable[..., Decoder]) -> None:
    ours = listener(device("gas_alarm"))
    assert said(ours, {"alarm_code": 7, "alarm_text": "q"}).unread_verdicts
    left = ours.update_registry(["d", "never seen"], [], NOW + 5)
    assert [("alarm_code", True), ("alarm_text", True)] == [(one.verdict.field, one.is_over) for one in left]
    assert [] == ours.update_registry(["d"], [], NOW + 6)


def test_what_one_platform_says_is_not_understood_by_the_mapping_of_another(
    kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    ours = Decoder(kinds, books)
    ours.device_index = DeviceIndex([device("gas_alarm")])
    (told,) = said(ours, {"alarm_code": 7}, platform="zigbee2mqtt").unread_verdicts
    ours.apply_mappings(kinds, [*books, book_with(told.verdict.line, "gas_alarm", "zigbee2mqtt")])
    assert [] == phases(said(ours, {"battery_pct": 5}, NOW + 1))
    assert [("alarm_code", True)] == phases(said(ours, {"battery": 5}, NOW + 2, "zigbee2mqtt"))


def test_history_asks_for_nothing(listener: Callable[..., Decoder]) -> None:
    ours = listener(device("gas_alarm"))
    old = {"x": [{"ts": NOW - 2 * 3_600_000, "values": {"alarm_code": 7, "battery_pct": 5}}]}
    heard = ours.decode([Frame("v1/gateway/telemetry", json.dumps(old).encode(), NOW, "bulk")])
    assert ([], 1) == (heard.unread_verdicts, len(heard.readings))


def test_of_more_fields_than_are_kept_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread_verdicts, "FIELDS_MAX", 2)
    fields, ours = UnreadVerdicts(), device("gas_alarm")

    def ask(name: str, whose: Device = ours) -> list[UnreadVerdictEvent]:
        return list(fields.report(whose, "p", [UnreadVerdict(name, 1, "l")], NOW))

    assert all(ask(name) for name in ("a", "b", "c"))
    assert ["b", "c"] == [one.field for one in fields.state()]
    assert ask("z", Device("other", "gas_alarm"))
    assert ask("y", Device("third", "gas_alarm"))
    assert ["z", "y"] == [one.field for one in fields.state()]
    assert "d" not in fields


def test_values_are_kept_as_a_snapshot_can_hold_them() -> None:
    values = [True, 2, 2.5, 2**60, "x", ["a"] * 20, {"a": 1}, None]
    held = [shortened(value) for value in values]
    assert held == msgspec.msgpack.decode(msgspec.msgpack.encode(held))
    assert [True, 2, 2.5, str(2**60), "x", ["a"] * 8, "{'a': 1}", "None"] == held

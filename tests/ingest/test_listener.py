"""What becomes of messages: every frame has an answer, and an alarm bit is never lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import Device, Identity, Quality, RefusalReason
from domain.kind import Kind
from ingest.decoding.decoder import Decoder, DecoderSettings
from ingest.decoding.device_index import DeviceIndex
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.validation import Outcome, validate
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import compile_plan
from ingest.results import DeviceEventKind, RawReading

NOW = 1767225660000
GAS = Device("gas-1", "gas_alarm")
BUTTON = Device("button-1", "sos_button", identities=(Identity("zigbee2mqtt", "Bedroom"),))
BAND = Device("band-1", "wristband")


def say(device: str, *said: Any, leaf: str = "up", at: int = NOW, **about: Any) -> list[Frame]:
    return [Frame(f"fengshao/v1/{device}/{leaf}", json.dumps(each).encode(), at, "bulk", **about) for each in said]


@pytest.fixture
def ours(listener: Callable[..., Decoder]) -> Decoder:
    return listener(GAS, BUTTON, BAND)


def reasons(heard: Any) -> list[tuple[RefusalReason, bool]]:
    return [(each.reason, each.danger) for each in heard.refusals]


def test_the_same_seq_is_heard_once(ours: Decoder) -> None:
    heard = ours.decode(say("gas-1", {"seq": 1, "lel_pct": 3}, {"seq": 1, "lel_pct": 3}, {"seq": 2, "lel_pct": 3}))

    assert (2, 1) == (len(heard.readings), heard.duplicates)


def test_the_same_time_and_values_are_heard_once_and_other_values_of_that_time_are_kept(ours: Decoder) -> None:
    heard = ours.decode(
        say(
            "gas-1",
            {"ts": NOW, "lel_pct": 3},
            {"ts": NOW, "lel_pct": 3},
            {"ts": NOW, "co_ppm": 3},
            {"ts": NOW, "lel_pct": 4},
        )
    )

    assert (3, 1) == (len(heard.readings), heard.duplicates)


def test_one_and_one_point_nought_are_the_same_value(ours: Decoder) -> None:
    one, again = {"ts": NOW, "lel_pct": 1, "co_ppm": 2.5}, {"ts": NOW, "lel_pct": 1.0, "co_ppm": 2.5}
    heard = ours.decode(say("gas-1", one, again))

    assert (1, 1) == (len(heard.readings), heard.duplicates)


def test_a_key_written_as_text_is_a_press_all_the_same(ours: Decoder) -> None:
    assert [{"key": 1}] == [each.values for each in ours.decode(say("button-1", {"key": "1"})).readings]


@pytest.mark.parametrize("platform", ["chirpstack", "tts"])
@pytest.mark.parametrize(
    ("said", "values"),
    [(3.6, {"battery_v": 3.6}), (3, {"battery_pct": 3}), (57.5, {"battery_pct": 57.5}), ("3.6 V", {"battery_v": 3.6})],
)
def test_a_battery_of_three_point_six_is_volts(
    kinds: dict[str, Kind], books: list[MappingBook], platform: str, said: object, values: dict[str, float]
) -> None:
    plan = compile_plan(kinds["water_leak"], books, platform)
    verdict = validate(RawReading(platform, "x", None, {"battery": said}), GAS, plan, DuplicateWindow(), NOW, UTC)

    assert isinstance(verdict, Outcome)
    assert verdict.reading is not None
    assert ([], values) == (verdict.objections, verdict.reading.values)


def test_equal_bytes_without_time_or_seq_are_two_presses(ours: Decoder) -> None:
    heard = ours.decode(say("button-1", {"sos": True}, {"sos": True}))

    assert (2, 0) == (len(heard.readings), heard.duplicates)


def test_a_batch_sent_again_is_heard_once_however_long_it_is(ours: Decoder) -> None:
    batch = [{"ts": NOW - 60_000 * each, "lel_pct": each % 7} for each in range(500)]

    heard = ours.decode(say("gas-1", batch, batch))

    assert (500, 500) == (len(heard.readings), heard.duplicates)


def test_a_batch_may_be_mixed_and_every_part_of_it_has_an_answer(ours: Decoder) -> None:
    heard = ours.decode(say("gas-1", [{"lel_pct": 1}, 7, {"lel_pct": "x"}, {}, {"lel_pct": None}, {"zzz": 1}]))

    assert [1] == [each.values["lel_pct"] for each in heard.readings]
    assert [DeviceEventKind.LIFE] == [each.kind for each in heard.events]
    assert [
        RefusalReason.BAD_PAYLOAD,
        RefusalReason.BAD_VALUE,
        RefusalReason.BAD_PAYLOAD,
        RefusalReason.NO_MAPPING,
    ] == [reason for reason, _ in reasons(heard)]


def test_a_stranger_is_refused_once_a_message_and_his_danger_is_told(ours: Decoder) -> None:
    heard = ours.decode(say("gas-9", [{"lel_pct": 1}, {"alarm": True, "co_ppm": 3}]))

    (refusal,) = heard.refusals
    assert (RefusalReason.UNKNOWN_DEVICE, True, "gas_alarm", "gas-9") == (
        refusal.reason,
        refusal.danger,
        refusal.proposed_kind,
        refusal.identity,
    )


@pytest.mark.parametrize(
    ("said", "danger"),
    [
        ({"alarm": True}, True),
        ({"alarm": "1"}, True),
        ({"alarm": False, "lel_pct": 80}, False),
        ({"alarm": True, "test": True}, False),
        ({"sos": 1}, True),
        ({"occupied": True}, False),
    ],
)
def test_what_a_stranger_says_is_a_danger_or_not(ours: Decoder, said: dict[str, Any], danger: bool) -> None:
    assert [(RefusalReason.UNKNOWN_DEVICE, danger)] == reasons(ours.decode(say("stranger", said)))


@pytest.mark.parametrize(("action", "danger"), [("single", False), ("emergency", True)])
def test_a_strange_switch_is_no_call_for_help_but_a_strange_emergency_is(
    ours: Decoder, action: str, danger: bool
) -> None:
    frame = Frame("zigbee2mqtt/Lamp", json.dumps({"action": action}).encode(), NOW, "bulk")

    assert [(RefusalReason.UNKNOWN_DEVICE, danger)] == reasons(ours.decode([frame]))


@pytest.mark.parametrize("leaf", ["up", "alarm"])
def test_broken_bytes_with_an_alarm_in_them_are_a_danger(ours: Decoder, leaf: str) -> None:
    frame = Frame(f"fengshao/v1/gas-1/{leaf}", b'{"lel_pct": 3, "alarm" : true, "co', NOW, "bulk")

    assert [(RefusalReason.BAD_PAYLOAD, True)] == reasons(ours.decode([frame]))


def test_broken_bytes_are_a_danger_only_on_the_alarm_topic(ours: Decoder) -> None:
    heard = ours.decode([Frame(f"fengshao/v1/gas-1/{leaf}", b"\xff\xfe", NOW, "bulk") for leaf in ("up", "alarm")])

    assert [(RefusalReason.BAD_PAYLOAD, False), (RefusalReason.BAD_PAYLOAD, True)] == reasons(heard)


def test_a_danger_that_a_kind_does_not_have_is_refused_by_name_and_the_rest_is_read(ours: Decoder) -> None:
    heard = ours.decode(say("gas-1", {"lel_pct": 3, "sos": True}, {"sos": True}, {"sos": False, "lel_pct": 4}))

    assert [3, 4] == [each.values["lel_pct"] for each in heard.readings]
    assert [(RefusalReason.NO_MAPPING, True), (RefusalReason.NO_MAPPING, True)] == reasons(heard)
    assert {("native", "gas_alarm", "sos"): 3} == ours.unmapped_fields


def test_unmapped_fields_are_counted_up_to_a_limit(kinds: dict[str, Kind], books: list[MappingBook]) -> None:
    ours = Decoder(kinds, books, DecoderSettings(unmapped_max=1))
    ours.device_index = DeviceIndex([GAS])
    ours.decode(say("gas-1", {"lel_pct": 3, "a" * 99: 1}, {"lel_pct": 4, "b": 1}))

    assert {("native", "gas_alarm", "a" * 64): 1} == ours.unmapped_fields


def test_a_bad_value_that_may_have_been_an_alarm_is_a_danger(ours: Decoder) -> None:
    heard = ours.decode(say("gas-1", {"alarm": "GRUEZI!", "lel_pct": 3}, {"lel_pct": "NaN", "co_ppm": True}))

    assert [
        (RefusalReason.BAD_VALUE, True),
        (RefusalReason.BAD_VALUE, False),
        (RefusalReason.BAD_VALUE, False),
    ] == reasons(heard)
    assert [{"lel_pct": 3}] == [each.values for each in heard.readings]


def test_a_value_outside_the_plausible_range_is_marked_and_an_alarm_bit_never(ours: Decoder) -> None:
    (reading,) = ours.decode(say("gas-1", {"temp_c": -117, "alarm": True, "lel_pct": 1e300})).readings

    assert {"temp_c": -117, "alarm": True, "lel_pct": 1e300} == reading.values
    assert {"temp_c": Quality.IMPLAUSIBLE, "lel_pct": Quality.IMPLAUSIBLE} == reading.doubts


def test_a_sensor_past_the_end_of_its_scale_is_the_worst_leak_and_no_nonsense(ours: Decoder) -> None:
    """Many read a little over 100 %LEL when saturated; a fire brings CO beyond any household scale."""
    (reading,) = ours.decode(say("gas-1", {"lel_pct": 104.5, "co_ppm": 4200})).readings

    assert reading.doubts == {}


def test_a_retained_message_is_marked_so(ours: Decoder) -> None:
    heard = ours.decode(say("gas-1", {"alarm": True, "lel_pct": 200}, retain=True))

    assert {"alarm": Quality.RETAINED, "lel_pct": Quality.IMPLAUSIBLE} == heard.readings[0].doubts


def test_a_clock_that_is_not_sane_is_replaced_by_the_arrival_and_says_so(ours: Decoder) -> None:
    heard = ours.decode(
        say("gas-1", {"ts": NOW + 180_000, "lel_pct": 3}, {"ts": 0, "lel_pct": 3}, {"ts": 0, "lel_pct": 3})
    )

    assert [(NOW, {"lel_pct": Quality.CLOCK})] * 3 == [(each.at, each.doubts) for each in heard.readings]
    assert [180_000, -NOW, -NOW] == [each.ahead_ms for each in heard.readings]


def test_a_time_that_is_none_is_refused_and_the_values_are_taken_at_their_arrival(ours: Decoder) -> None:
    heard = ours.decode(say("gas-1", {"ts": "soon", "alarm": True}))

    assert [(RefusalReason.BAD_TIME, False)] == reasons(heard)
    assert [(NOW, Quality.CLOCK)] == [(each.at, each.doubts["alarm"]) for each in heard.readings]


@pytest.mark.parametrize("seq", [True, 1.5, "x", 2**70, [1]])
def test_a_seq_that_is_no_whole_number_is_refused_and_the_values_are_taken(ours: Decoder, seq: Any) -> None:
    heard = ours.decode(say("gas-1", {"seq": seq, "lel_pct": 3}))

    assert ([(RefusalReason.BAD_VALUE, False)], 1) == (reasons(heard), len(heard.readings))


@pytest.mark.parametrize(
    ("attributes", "hour"), [({}, 2), ({"timezone": "Asia/Urumqi"}, 4), ({"timezone": "Mars/Phobos"}, 2)]
)
def test_a_time_without_a_zone_is_the_devices_own_local_time_else_its_platforms(
    kinds: dict[str, Kind], books: list[MappingBook], attributes: dict[str, Any], hour: int
) -> None:
    settings = DecoderSettings(zones={"native": ZoneInfo("Asia/Shanghai")}, zone=ZoneInfo("UTC"))
    ours = Decoder(kinds, books, settings)
    ours.device_index = DeviceIndex([Device("gas-1", "gas_alarm", attributes=attributes)])
    received = NOW + 6 * 3_600_000  # 06:01 in Greenwich

    said = [{"ts": "2026-01-01T10:00:00", "lel_pct": lel} for lel in (3, 4)]
    readings = ours.decode(say("gas-1", *said, at=received)).readings
    assert [hour * 3_600_000] * 2 == [reading.at - (NOW - 60_000) for reading in readings]


def test_a_seq_may_be_written_as_text_or_as_a_fraction(ours: Decoder) -> None:
    heard = ours.decode(say("gas-1", {"seq": 7, "lel_pct": 3}, {"seq": "7", "lel_pct": 3}, {"seq": 7.0, "lel_pct": 3}))

    assert (1, 2) == (len(heard.readings), heard.duplicates)


def test_two_fields_for_one_verdict_let_the_danger_count(listener: Callable[..., Decoder]) -> None:
    ours = listener(Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "Kitchen"),)))

    for said in ({"gas": True, "alarm": False}, {"alarm": False, "gas": True}):
        (reading,) = ours.decode([Frame("zigbee2mqtt/Kitchen", json.dumps(said).encode(), NOW, "bulk")]).readings
        assert {"alarm": True} == reading.values


def test_a_redelivered_packet_of_a_session_is_heard_once_and_a_new_one_with_its_number_is_heard(ours: Decoder) -> None:
    first, again = say("button-1", {"sos": True}, packet_id=5), say("button-1", {"sos": True}, packet_id=5, dup=True)
    other = say("button-1", {"sos": 1}, packet_id=5, dup=True)

    heard = ours.decode([*first, *again, *other, *first])

    assert (3, 1) == (len(heard.readings), heard.duplicates)


def test_a_message_that_was_too_large_is_refused_with_its_head(ours: Decoder) -> None:
    heard = ours.decode([Frame("fengshao/v1/gas-1/up", b'[{"alarm":true},', NOW, "bulk", size=2_000_000)])

    (refusal,) = heard.refusals
    assert (RefusalReason.TOO_LARGE, True, "2000000 bytes; only the first 16 were kept") == (
        refusal.reason,
        refusal.danger,
        refusal.detail,
    )


def test_a_kind_that_nobody_described_is_refused(listener: Callable[..., Decoder]) -> None:
    assert [(RefusalReason.NO_MAPPING, True)] == reasons(
        listener(Device("x", "robot")).decode(say("x", {"alarm": True}))
    )


def test_after_a_join_the_frame_counter_begins_again(listener: Callable[..., Decoder]) -> None:
    ours = listener(Device("leak-1", "water_leak", identities=(Identity("chirpstack", "0101010101ABCDEF"),)))
    topic = "application/a/device/0101010101abcdef/event/"
    up = Frame(topic + "up", b'{"fCnt": 1, "object": {"leak": false}}', NOW, "bulk")
    join = Frame(topic + "join", b"{}", NOW, "bulk")

    heard = ours.decode([up, up, join, up])

    assert (2, 1) == (len(heard.readings), heard.duplicates)
    assert ["leak-1"] == [note.device for note in heard.events]


def test_a_text_in_gbk_or_with_a_byte_order_mark_does_not_hide_an_alarm(ours: Decoder) -> None:
    said = '{"msg": "燃气泄漏", "alarm": true}'
    frames = [Frame("fengshao/v1/gas-1/up", said.encode(code), NOW, "bulk") for code in ("gbk", "utf-8-sig", "utf-16")]

    assert [{"alarm": True}] * 3 == [each.values for each in ours.decode(frames).readings]


def test_nothing_in_a_refusal_breaks_a_database(ours: Decoder) -> None:
    (refusal,) = ours.decode([Frame("fengshao/v1/gas-1/up", b'{"\\u0000\\ud800": NaN}', NOW, "bulk")]).refusals

    assert "\x00" not in refusal.detail
    assert refusal.detail.encode()


def test_an_adapter_that_fails_stops_nobody_behind_it(ours: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(platform: str | None, frame: Frame) -> Any:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("ingest.routing.routes.decode", broken)
    heard = ours.decode(say("gas-1", {"lel_pct": 1}, {"lel_pct": 1}))

    assert [(RefusalReason.CODEC_FAILED, False)] * 2 == reasons(heard)


def test_a_message_that_breaks_our_own_judgement_stops_nobody_behind_it_and_may_be_a_danger(
    ours: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(draft: RawReading, *rest: Any) -> Any:
        if draft.seq == 2:
            raise ZeroDivisionError("oh")
        return validate(draft, *rest)

    monkeypatch.setattr("ingest.decoding.readings.validate", poisoned)
    monkeypatch.setattr("ingest.decoding.decoder.has_danger_bit", lambda *_: 1 // 0)
    said = [{"seq": number, "alarm": number == 2} for number in (1, 2, 3)]
    frames = [frame for each in said for frame in say("gas-1", each, leaf="alarm")]
    heard = ours.decode(frames)

    assert ([False, False], [(RefusalReason.CODEC_FAILED, True)]) == (
        [each.values["alarm"] for each in heard.readings],
        reasons(heard),
    )
    assert [True] * 3 == [ours.has_danger(frame) for frame in frames]


def test_a_topic_of_nobody_is_refused_and_its_source_is_mqtt(ours: Decoder) -> None:
    (refusal,) = ours.decode([Frame("somebody/else", b"hello", NOW, "bulk")]).refusals

    assert ("mqtt", None, RefusalReason.NO_CODEC) == (refusal.source, refusal.platform, refusal.reason)


def test_a_restored_listener_knows_what_was_said_before_the_crash(
    ours: Decoder, listener: Callable[..., Decoder]
) -> None:
    before = say("gas-1", {"seq": 1, "ts": NOW, "lel_pct": 3}, {"ts": NOW - 5, "co_ppm": 1}, packet_id=1)
    ours.decode(before)
    after = listener(GAS)
    after.restore(ours.snapshot())

    heard = after.decode([*before, *say("gas-1", {"ts": NOW - 5, "co_ppm": 1}, packet_id=1, dup=True)])

    assert ([], 3) == (heard.readings, heard.duplicates)
    assert len(ours.snapshot(received_since=NOW + 1)) < len(ours.snapshot())


def test_the_decoder_says_its_version(ours: Decoder) -> None:
    assert "adapter 3, mapping 4" == ours.versions["zigbee2mqtt"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["ts", "seq", "alarm", "lel_pct", "co_ppm", "fault", "battery_pct", "test", "object", "gas", "x"]
)
TOPICS = st.sampled_from(
    [
        "fengshao/v1/gas-1/up",
        "fengshao/v1/gas-1/alarm",
        "fengshao/v1/gas-1/status",
        "application/a/device/01/event/up",
        "application/a/device/01/event/status",
        "application/a/device/01/event/location",
        "zigbee2mqtt/Kitchen",
        "zigbee2mqtt/bridge/event",
        "zigbee2mqtt/Kitchen/availability",
    ]
)
KNOWN = Device("gas-1", "gas_alarm", identities=(Identity("chirpstack", "01"), Identity("zigbee2mqtt", "Kitchen")))


@settings(max_examples=400, deadline=None)
@given(data=st.data(), topic=TOPICS)
def test_whatever_is_said_ends_as_something_and_a_true_alarm_is_never_lost(
    data: st.DataObject, topic: str, kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    ours = Decoder(kinds, books)
    ours.device_index = DeviceIndex([KNOWN])
    said = data.draw(st.dictionaries(FIELDS, JSON, max_size=5) | st.lists(JSON, max_size=3) | JSON)
    payload = data.draw(st.just(json.dumps(said).encode()) | st.binary(max_size=40))

    heard = ours.decode([Frame(topic, payload, NOW, "bulk")])

    assert heard.readings or heard.refusals or heard.events or heard.duplicates
    assert all(each.values for each in heard.readings)
    whole = payload == json.dumps(said).encode() and topic in ("fengshao/v1/gas-1/up", "fengshao/v1/gas-1/alarm")
    if whole and isinstance(said, dict) and said.get("alarm") is True:
        assert heard.readings[0].values["alarm"] is True


def test_a_change_of_some_devices_leaves_the_others_as_they_were(listener: Callable[..., Decoder]) -> None:
    moved = Identity("zigbee2mqtt", "kitchen")
    named = Device("gone", "gas_alarm", identities=(Identity("zigbee2mqtt", "hall"),))
    ours = listener(Device("gas-1", "gas_alarm", identities=(moved,)), Device("gas-2", "gas_alarm"), named)
    ours.update_registry(["gone", "never known"], [Device("gas-2", "gas_alarm", identities=(moved,)), NEW])
    find = ours.device_index.find

    assert ["gas-2", "gas-1", "new"] == [
        found(find("zigbee2mqtt", "kitchen")),
        found(find("native", "gas-1")),
        found(find("native", "new")),
    ]
    assert find("zigbee2mqtt", "hall") is None
    assert (None, 3) == (find("native", "gone"), len(ours.device_index))

    ours.update_registry(["gas-1"], [])
    assert ("gas-2", None) == (found(find("zigbee2mqtt", "kitchen")), find("native", "gas-1"))


NEW = Device("new", "gas_alarm")


def found(device: Device | None) -> str | None:
    return device.id if device else None


def test_a_snapshot_of_the_first_version_is_still_read(ours: Decoder, listener: Callable[..., Decoder]) -> None:
    said = say("gas-1", {"seq": 1, "ts": NOW, "lel_pct": 3}, packet_id=1)
    ours.decode(said)
    (windows,), packets, *_ = msgspec.msgpack.decode(ours.snapshot(), strict=False)
    after = listener(GAS)
    after.restore(msgspec.msgpack.encode([windows, packets]))

    assert 1 == after.decode(said).duplicates


@pytest.mark.parametrize(
    "payload",
    [b'{"alarm":"maybe","lel_pct":3}', b'{"alarm":true', b'[{"alarm":tru},5]', b'[{"alarm":"x"},5]'],
)
def test_a_danger_that_cannot_be_read_is_told_as_one_of_the_device_that_said_it(ours: Decoder, payload: bytes) -> None:
    refused = ours.decode([Frame("fengshao/v1/gas-1/alarm", payload, NOW, "bulk")]).refusals

    assert all(GAS == each.device for each in refused)
    assert any(each.danger for each in refused)


@pytest.mark.parametrize("said", [[{"alarm": True}, 5], [5, {"alarm": True}], {"alarm": True, "gas_alarm": []}])
def test_what_a_message_tells_as_a_reading_its_unreadable_part_does_not_tell_again(ours: Decoder, said: Any) -> None:
    heard = ours.decode(say("gas-1", said, leaf="alarm"))

    assert [True] == [each.values["alarm"] for each in heard.readings]
    assert [False] * len(heard.refusals) == [each.danger for each in heard.refusals]


def test_of_two_dangers_the_unreadable_one_is_told_beside_the_other(ours: Decoder) -> None:
    assert [True] == [each.danger for each in ours.decode(say("band-1", {"sos": True, "fall": "x"})).refusals]


def test_of_a_test_whose_message_is_garbled_nobody_is_told(ours: Decoder) -> None:
    assert [False] == [each.danger for each in ours.decode(say("gas-1", {"test": True, "alarm": "x"})).refusals]


def test_a_garbled_door_that_is_open_is_no_danger_and_a_garbled_cover_is(listener: Callable[..., Decoder]) -> None:
    heard = listener(Device("door-1", "door"), Device("lid-1", "manhole")).decode(
        [Frame(f"fengshao/v1/{name}/up", b'{"opened":true', NOW, "bulk") for name in ("door-1", "lid-1", "who")]
    )

    assert [False, True, False] == [each.danger for each in heard.refusals]

"""The fast path and the full path give the same result, whatever the messages and their order."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.fast_path import FastPath
from ingest.frame import Frame
from ingest.mappings.plan import Plan
from ingest.results import IngestResult, RawReading

NOW = 1_795_269_600_000
GAS = Device("gas-1", "gas_alarm")
VALUES: st.SearchStrategy[object] = st.sampled_from(
    [True, False, 0, 1, 3.5, -1, 101, 10**20, "on", "x", None, [], float("inf")]
)
FIELDS = st.dictionaries(
    st.sampled_from(["alarm", "lel_pct", "battery_pct", "fault", "test", "dev_id", "unheard_of"]), VALUES, max_size=4
)
TIMES_AND_SEQS = st.fixed_dictionaries(
    {},
    optional={
        "ts": st.sampled_from([NOW, NOW - 1, NOW // 1000, NOW + 10**9, "2026-11-21T22:00:00+08:00", None, True]),
        "seq": st.sampled_from([1, 2, 3, "4", 2**70, None]),
    },
)
MESSAGES = st.lists(
    st.tuples(st.builds(lambda fields, times_and_seqs: fields | times_and_seqs, FIELDS, TIMES_AND_SEQS), st.booleans()),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES)
def test_both_paths_give_the_same_result(
    build_decoder: Callable[..., Decoder], messages: list[tuple[dict[str, object], bool]]
) -> None:
    short, long = build_decoder(GAS), build_decoder(GAS)
    first = Frame("fengshao/v1/gas-1/up", b'{"ts": %d, "lel_pct": 1}' % (NOW - 10), NOW, "bulk")
    short.decode([first])
    long.decode([first])
    for fields, retain in messages:
        frame = Frame("fengshao/v1/gas-1/up", msgspec.json.encode(fields), NOW, "bulk", retain=retain)
        long._fast_path.invalidate()
        assert long.decode([frame]) == short.decode([frame])
    assert long.snapshot() == short.snapshot()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES)
def test_frames_of_one_batch_give_the_result_of_each_by_itself(
    build_decoder: Callable[..., Decoder], messages: list[tuple[dict[str, object], bool]]
) -> None:
    together, single, result = build_decoder(GAS), build_decoder(GAS), IngestResult()
    frames = [Frame("fengshao/v1/gas-1/up", b'{"ts": %d, "lel_pct": 1}' % (NOW - 10), NOW, "bulk")]
    frames += [
        Frame("fengshao/v1/gas-1/up", msgspec.json.encode(fields), NOW, "bulk", retain=retain)
        for fields, retain in messages
    ]
    together.decode(frames[:1])
    single.decode(frames[:1])
    for frame in frames[1:]:
        single._fast_path.invalidate()
        of_frame = single.decode([frame])
        result.readings += of_frame.readings
        result.refusals += of_frame.refusals
        result.events += of_frame.events
        result.unread_verdicts += of_frame.unread_verdicts
        result.duplicates += of_frame.duplicates
    assert together.decode(frames[1:]) == result
    assert together.snapshot() == single.snapshot()


def frame(number: int | None, payload: bytes, received: int = NOW, dup: bool = False) -> Frame:
    return Frame("t", payload, received, "bulk", 1 if number else 0, number, dup)


def up(payload: bytes) -> Frame:
    return Frame("fengshao/v1/gas-1/up", payload, NOW, "bulk")


def test_the_fast_path_finds_duplicates_and_leaves_broken_messages_to_the_full_path(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(GAS)
    payload = b'{"ts": %d, "seq": 1, "lel_pct": 1}' % NOW
    result = decoder.decode([up(payload), up(payload)])
    assert (1, 1) == (len(result.readings), result.duplicates)

    (reading,) = decoder.decode([up(b'{"ts": %d, "seq": 2, "lel_pct": 2}' % (NOW + 1))]).readings
    assert ("gas-1", NOW + 1, {"lel_pct": 2}) == (reading.device, reading.at, reading.values)

    result = decoder.decode([up(payload), up(b'{"lel_pct": NaN, "alarm": true}'), up(b"{"), up(b"[]")])
    assert ([{"alarm": True}], 1, 3) == (
        [reading.values for reading in result.readings],
        result.duplicates,
        len(result.refusals),
    )


def test_a_device_that_joins_again_between_two_messages_is_looked_up_again(
    build_decoder: Callable[..., Decoder],
) -> None:
    both = Device("gas-1", "gas_alarm", identities=(Identity("chirpstack", "0102030405060708"),))
    decoder = build_decoder(both)
    decoder.decode([up(b'{"ts": %d, "lel_pct": 1}' % (NOW - 1))])
    status = Frame("application/1/device/0102030405060708/event/status", b'{"batteryLevel": 50}', NOW, "bulk")
    assert [{"battery_pct": 50}] == [one.values for one in decoder.decode([status]).readings]
    join = Frame("application/1/device/0102030405060708/event/join", b"{}", NOW, "bulk")

    result = decoder.decode([join, up(b'{"ts": %d, "lel_pct": 2}' % NOW)])
    assert (1, 1) == (len(result.events), len(result.readings))


def test_only_the_native_format_takes_the_fast_path() -> None:
    express, device = FastPath(), Device("gas-1", "gas_alarm")
    draft = RawReading("thingsboard", "gas-1", NOW, {"lel_pct": 1})
    express.register("v1/gateway/telemetry", draft, device, Plan("gas_alarm", {}, ()), DuplicateWindow())

    assert express.parse(Frame("v1/gateway/telemetry", b"{}", NOW, "bulk")) is None


def test_an_ordinary_message_sent_again_behind_an_unusual_one_is_a_duplicate(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(GAS)
    first, unusual, ordinary = (
        Frame("fengshao/v1/gas-1/up", b'{"ts": %d, "lel_pct": %s}' % (NOW - 9 + n, value), NOW, "bulk")
        for n, value in enumerate((b"1", b"null", b"2"))
    )
    results = [decoder.decode(frames) for frames in ([first], [ordinary], [unusual, ordinary])]
    assert [(len(result.readings), result.duplicates) for result in results] == [(1, 0), (1, 0), (0, 1)]

"""The short way and the long way of a message end the same, whatever it holds and in whatever order they are mixed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.fast_path import FastPath
from ingest.decoding.redelivery import RedeliveryFilter, encode_state
from ingest.frame import Frame
from ingest.mappings.plan import Plan
from ingest.results import RawReading

NOW = 1_795_269_600_000
GAS = Device("gas-1", "gas_alarm")

VALUES: st.SearchStrategy[object] = st.sampled_from(
    [True, False, 0, 1, 3.5, -1, 101, 10**20, "on", "x", None, [], float("inf")]
)
FIELDS = st.dictionaries(
    st.sampled_from(["alarm", "lel_pct", "battery_pct", "fault", "test", "unheard_of"]), VALUES, max_size=4
)
STAMPS = st.fixed_dictionaries(
    {},
    optional={
        "ts": st.sampled_from([NOW, NOW - 1, NOW // 1000, NOW + 10**9, "2026-11-21T22:00:00+08:00", None, True]),
        "seq": st.sampled_from([1, 2, 3, "4", 2**70, None]),
    },
)
MESSAGES = st.lists(
    st.tuples(st.builds(lambda fields, stamps: fields | stamps, FIELDS, STAMPS), st.booleans()), max_size=12
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES)
def test_both_ways_say_the_same(
    listener: Callable[..., Decoder], messages: list[tuple[dict[str, object], bool]]
) -> None:
    short, long = listener(GAS), listener(GAS)
    first = Frame("fengshao/v1/gas-1/up", b'{"ts": %d, "lel_pct": 1}' % (NOW - 10), NOW, "bulk")
    short.decode([first])
    long.decode([first])
    for fields, retain in messages:
        frame = Frame("fengshao/v1/gas-1/up", msgspec.json.encode(fields), NOW, "bulk", retain=retain)
        long._fast_path.invalidate()
        assert long.decode([frame]) == short.decode([frame])
    assert long.snapshot() == short.snapshot()


def frame(number: int | None, payload: bytes, received: int = NOW, dup: bool = False) -> Frame:
    return Frame("t", payload, received, "bulk", 1 if number else 0, number, dup)


def test_a_packet_sent_again_is_known_by_number_and_bytes_also_after_a_restart() -> None:
    heard = RedeliveryFilter()
    assert not heard.redelivered([frame(1, b"a"), frame(2, b"b" * 5_000), frame(None, b"c")])
    after = RedeliveryFilter(encode_state(heard.state()))

    again = [
        frame(1, b"a", dup=True),
        frame(2, b"b" * 5_000, dup=True),
        frame(1, b"other", dup=True),
        frame(None, b"c", dup=True),
    ]
    assert {0, 1} == after.redelivered(again)


def test_what_a_danger_overtook_does_not_hide_it_when_it_comes_again() -> None:
    heard = RedeliveryFilter()
    heard.redelivered([frame(5, b"sos", NOW + 5_000)])
    heard.redelivered([frame(5, b"meter", NOW)])

    assert {0} == heard.redelivered([frame(5, b"sos", NOW + 9_000, dup=True)])


def up(payload: bytes) -> Frame:
    return Frame("fengshao/v1/gas-1/up", payload, NOW, "bulk")


def test_the_short_way_tells_duplicates_and_leaves_what_is_broken_to_the_long_one(
    listener: Callable[..., Decoder],
) -> None:
    ours = listener(GAS)
    said = b'{"ts": %d, "seq": 1, "lel_pct": 1}' % NOW
    heard = ours.decode([up(said), up(said)])
    assert (1, 1) == (len(heard.readings), heard.duplicates)

    (reading,) = ours.decode([up(b'{"ts": %d, "seq": 2, "lel_pct": 2}' % (NOW + 1))]).readings
    assert ("gas-1", NOW + 1, {"lel_pct": 2}) == (reading.device, reading.at, reading.values)

    heard = ours.decode([up(said), up(b'{"lel_pct": NaN, "alarm": true}'), up(b"{"), up(b"[]")])
    assert ([{"alarm": True}], 1, 3) == ([one.values for one in heard.readings], heard.duplicates, len(heard.refusals))


def test_a_device_that_joins_anew_between_two_messages_is_looked_up_again(listener: Callable[..., Decoder]) -> None:
    both = Device("gas-1", "gas_alarm", identities=(Identity("chirpstack", "0102030405060708"),))
    ours = listener(both)
    ours.decode([up(b'{"ts": %d, "lel_pct": 1}' % (NOW - 1))])
    status = Frame("application/1/device/0102030405060708/event/status", b'{"batteryLevel": 50}', NOW, "bulk")
    assert [{"battery_pct": 50}] == [one.values for one in ours.decode([status]).readings]
    join = Frame("application/1/device/0102030405060708/event/join", b"{}", NOW, "bulk")

    heard = ours.decode([join, up(b'{"ts": %d, "lel_pct": 2}' % NOW)])
    assert (1, 1) == (len(heard.events), len(heard.readings))


def test_only_our_own_format_goes_the_short_way() -> None:
    express, device = FastPath(), Device("gas-1", "gas_alarm")
    draft = RawReading("thingsboard", "gas-1", NOW, {"lel_pct": 1})
    express.register("v1/gateway/telemetry", draft, device, Plan("gas_alarm", {}, ()), DuplicateWindow())

    assert express.parse(Frame("v1/gateway/telemetry", b"{}", NOW, "bulk")) is None

"""Faults together, over days of a town."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from domain import DAY, HOUR, Device, Identity, Instant
from simulators.events import Batch, CitizenReport, Measurement, TimedEvent, TimedValues
from simulators.faults.catalog import FAULTS, UnknownFault
from simulators.faults.fault import DeviceFacts
from simulators.faults.fault_set import FaultSet, decode_state, encode_state
from simulators.wire import Sent
from simulators.wire.encoders import MessageEncoder

MONDAY: Instant = 1_796_011_200_000 // DAY * DAY
DEVICES = (
    Device("gas-1", "gas_alarm", place="b1-101", attributes={"gateway": "gw-1"}),
    Device("gas-2", "gas_alarm", place="b1-102", identities=(Identity("zigbee2mqtt", "kitchen"),)),
    Device("meter-1", "water_meter", place="b1-101"),
)
FACTS = {
    device.id: DeviceFacts(device.id, device.kind, "native", "gw-1", "b1", device.kind == "gas_alarm")
    for device in DEVICES
}
ALL: Mapping[str, Mapping[str, float]] = {name: {} for name in FAULTS}


def events(day: int) -> list[TimedEvent]:
    start = MONDAY + day * DAY
    hourly = [
        TimedEvent(start + hour * HOUR + index, Measurement(device, {"alarm": False, "lel_pct": float(hour)}))
        for hour in range(24)
        for index, device in enumerate(("gas-1", "gas-2"))
    ]
    meter = tuple(TimedValues(start + hour * HOUR, {"volume_m3": 10.0 + day + hour / 24}) for hour in range(24))
    report = TimedEvent(start + 24 * HOUR - 2, CitizenReport("b1", "gas", "闻到燃气味"))
    return [*hourly, report, TimedEvent(start + 24 * HOUR - 1, Batch("meter-1", meter))]


def play(days: int, settings: Mapping[str, Mapping[str, float]], interrupted: bool = False) -> list[Sent]:
    """All messages that arrive within the days; `interrupted`: state is written and read between the days."""
    arrived: list[Sent] = []
    faults = FaultSet(settings, FACTS, seed=5)
    encoder = MessageEncoder(DEVICES, MONDAY, faults.device_time)
    for day in range(days):
        start, end = MONDAY + day * DAY, MONDAY + (day + 1) * DAY
        measured = faults.measurements(events(day), start, end)
        arrived += faults.deliver(encoder.send(measured), end)
        if interrupted:
            state, counts = encode_state(faults.state()), encoder.counts
            faults = FaultSet(settings, FACTS, seed=5)
            faults.restore(decode_state(state))
            encoder = MessageEncoder(DEVICES, MONDAY, faults.device_time, counts)
    return arrived


def test_without_faults_every_message_arrives_when_it_is_sent() -> None:
    arrived = play(2, {})
    assert [sent.sent_at for sent in arrived] == [sent.arrives_at for sent in arrived]
    assert len(arrived) == 2 * (48 + 1)


def test_messages_are_delivered_in_order_of_arrival_with_all_faults() -> None:
    arrived = [sent.arrives_at for sent in play(14, ALL)]
    assert arrived == sorted(arrived)


def test_a_run_that_is_interrupted_at_every_midnight_delivers_the_same_messages() -> None:
    assert play(14, ALL, interrupted=True) == play(14, ALL)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_alone_is_resumable_and_explains_itself(name: str) -> None:
    assert play(5, {name: {}}, interrupted=True) == play(5, {name: {}})
    assert FAULTS[name].may_change
    assert FAULTS[name].may_change_zh


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_no_message_but_those_it_counts(name: str) -> None:
    faults = FaultSet({name: {}}, FACTS, seed=5)
    encoder = MessageEncoder(DEVICES, MONDAY, faults.device_time)
    arrived: list[Sent] = []
    for day in range(5):
        start, end = MONDAY + day * DAY, MONDAY + (day + 1) * DAY
        arrived += faults.deliver(encoder.send(faults.measurements(events(day), start, end)), end)
    clocks = {"clock_skew", "clock_jump"}
    if name not in clocks and not faults.counts[name]:
        assert arrived == play(5, {})
    unchanged = set(map(str, play(5, {}))) & set(map(str, arrived))
    assert name in clocks or len(unchanged) >= 5 * 49 - faults.counts[name]


def test_an_urgent_message_that_a_fault_changes_is_explained() -> None:
    faults = FaultSet({"late": {"share": 1.0}, "duplicate": {"share": 0.0}}, FACTS, seed=5)
    encoder = MessageEncoder(DEVICES, MONDAY)
    alarm = TimedEvent(MONDAY + HOUR, Measurement("gas-1", {"alarm": True}, urgent=True))
    assert len(list(faults.deliver(encoder.send([alarm]), MONDAY + DAY))) == 1
    (effect,) = faults.effects("gas-1", MONDAY, MONDAY + DAY)
    assert (effect.fault, effect.device, effect.start) == ("late", "gas-1", MONDAY + HOUR)
    assert faults.effects("gas-2", MONDAY, MONDAY + DAY) == []
    assert faults.counts == {"late": 1, "duplicate": 0}


def test_a_window_of_a_fault_is_an_effect_on_the_devices_behind_it() -> None:
    always = {"share": 1.0, "shortest_s": 86_400, "longest_s": 86_400}
    effects = FaultSet({"gateway_down": always}, FACTS, seed=5).effects("gas-1", MONDAY, MONDAY + DAY)
    assert {effect.fault for effect in effects} == {"gateway_down"}
    assert all(MONDAY <= effect.start < effect.end <= MONDAY + DAY for effect in effects)


def test_a_fault_that_does_not_exist_is_refused_with_the_names_that_do() -> None:
    with pytest.raises(UnknownFault, match=r"no fault 'lat'; write one of: .*late"):
        FaultSet({"lat": {}}, FACTS, seed=5)
    with pytest.raises(UnknownFault, match="late: no parameter often; write one of: share, most_s, urgent_most_s"):
        FaultSet({"late": {"often": 1}}, FACTS, seed=5)

"""The schedule of a demo: deterministic, ordinary, and with scenarios."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import takewhile

from domain import HOUR, MINUTE, SECOND, Device, Identity, Value
from simulators.events import GroundTruth, Measurement, TimedEvent
from simulators.publisher import packaged_scenario
from simulators.schedule import DemoSite, build_schedule, pick_device

START = 1_795_269_600_000  # 2026-11-21 22:00 in Shanghai


LEAK = packaged_scenario("kitchen_leak")


def site() -> DemoSite:
    devices = [Device(f"gas-{n}", "gas_alarm", attributes={"use": "home"}) for n in range(4)]
    devices += [Device("shop", "gas_alarm", attributes={"use": "catering"})]
    devices += [Device("zigbee", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),))]
    devices += [Device("band", "wristband"), Device("hole", "manhole"), Device("lamp", "lamp_post")]
    devices += [Device("meter", "water_meter", identities=(Identity("chirpstack", "70b3d57ed0060001"),))]
    return DemoSite(devices)


def until(end: int, *scores: object, seed: int = 1) -> list[TimedEvent]:
    moments = build_schedule(site(), scores, seed, START)  # type: ignore[arg-type]
    return list(takewhile(lambda moment: moment.at < START + end, moments))


def said_by(moments: list[TimedEvent]) -> Mapping[str, list[tuple[int, Mapping[str, Value]]]]:
    heard: dict[str, list[tuple[int, Mapping[str, Value]]]] = defaultdict(list)
    for moment in moments:
        if isinstance(moment.event, Measurement):
            heard[moment.event.device].append((moment.at, moment.event.values))
    return heard


def test_the_same_seed_gives_the_same_events_and_another_seed_other_ones() -> None:
    assert until(10 * MINUTE, LEAK) == until(10 * MINUTE, LEAK)
    assert until(10 * MINUTE, LEAK) != until(10 * MINUTE, LEAK, seed=2)


def test_time_never_goes_back_and_every_device_reports_soon_and_often() -> None:
    moments = until(10 * MINUTE, LEAK)
    times = [moment.at for moment in moments]
    assert times == sorted(times)
    for heard in said_by(moments).values():
        assert heard[0][0] < START + 15 * SECOND
        assert 10 * MINUTE / len(heard) <= 60 * SECOND


def test_a_day_of_ordinary_measurements_raises_no_alarm() -> None:
    heard = said_by(until(6 * HOUR))
    for device in ("gas-0", "gas-1", "shop"):
        assert all(values["lel_pct"] <= 2 and values["co_ppm"] <= 3 for _, values in heard[device])
    assert not any(
        values.get(bit)
        for spoken in heard.values()
        for _, values in spoken
        for bit in ("alarm", "fault", "sos", "fall", "opened", "flooded", "leak", "burst", "tamper", "battery_low")
    )
    assert all(60 <= values["heart_rate_bpm"] <= 95 for _, values in heard["band"])
    assert all(96 <= values["spo2_pct"] <= 99 and values["worn"] for _, values in heard["band"])
    assert all(values["tilt_deg"] < 2 and 20 < values["water_level_mm"] < 200 for _, values in heard["hole"])
    assert all(values.get("battery_pct", 100) >= 40 for spoken in heard.values() for _, values in spoken)


def test_the_leak_begins_within_fifteen_seconds_and_again_at_another_home() -> None:
    moments = until(4 * LEAK.every, LEAK)
    began = [(m.at, m.event.device) for m in moments if isinstance(m.event, GroundTruth) and m.event.what == "软管脱落"]
    assert began[0][0] - START <= 15 * SECOND
    assert [at - began[0][0] for at, _ in began] == [0, LEAK.every, 2 * LEAK.every, 3 * LEAK.every]
    assert {device for _, device in began} == {"gas-0", "gas-1", "gas-2", "gas-3"}


def test_the_device_of_a_leak_sends_no_ordinary_measurements_meanwhile() -> None:
    moments = until(2 * MINUTE, LEAK)
    leaking = next(m.event.device for m in moments if isinstance(m.event, GroundTruth))
    spoken = [m for m in moments if isinstance(m.event, Measurement) and m.event.device == leaking]
    during = [m for m in spoken if START + LEAK.first_after <= m.at <= START + LEAK.first_after + 90 * SECOND]
    alarms = [m.event.values["alarm"] for m in during if isinstance(m.event, Measurement)]
    changes = sum(now != before for now, before in zip(alarms[1:], alarms, strict=False))
    assert changes == 2


def test_a_site_without_native_gas_alarms_has_no_leak() -> None:
    assert pick_device(DemoSite([Device("band", "wristband")]), LEAK, 1, 0) is None
    moments = build_schedule(DemoSite([Device("band", "wristband")]), [LEAK], 1, START)
    assert not any(isinstance(m.event, GroundTruth) for m in takewhile(lambda m: m.at < START + 10 * MINUTE, moments))
    assert list(build_schedule(DemoSite([]), [LEAK], 1, START)) == []

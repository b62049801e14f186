"""Ordinary life: calm, plausible, the same for the same seed; and the one place where it is not calm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise, takewhile
from random import Random
from zoneinfo import ZoneInfo

from domain import DAY, HOUR, MINUTE, SECOND, Device, Identity, Value
from simulators.models.devices import WaterMeterModel, WristbandModel, device_model
from simulators.publisher import packaged_scenario
from simulators.scenario_player import GroundTruth, TimedEvent
from simulators.schedule import DemoSite, build_schedule, pick_device
from simulators.wire import Measurement

START = 1_795_269_600_000  # 2026-11-21 22:00 in Shanghai
ZONE = ZoneInfo("Asia/Shanghai")
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


def test_the_same_seed_gives_the_same_town_and_another_seed_another() -> None:
    assert until(10 * MINUTE, LEAK) == until(10 * MINUTE, LEAK)
    assert until(10 * MINUTE, LEAK) != until(10 * MINUTE, LEAK, seed=2)


def test_time_never_goes_back_and_everybody_speaks_soon_and_often() -> None:
    moments = until(10 * MINUTE, LEAK)
    times = [moment.at for moment in moments]
    assert times == sorted(times)
    for heard in said_by(moments).values():
        assert heard[0][0] < START + 15 * SECOND
        assert 10 * MINUTE / len(heard) <= 60 * SECOND


def test_a_day_of_ordinary_life_alarms_nobody() -> None:
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


def test_an_elder_draws_water_every_few_hours_but_never_all_the_time() -> None:
    for seed in range(20):
        voice = WaterMeterModel(Random(seed), ZONE, start_m3=100.0)
        volumes = [(at, float(voice.measure(at)["volume_m3"])) for at in range(START, START + 3 * DAY, MINUTE)]
        drawn = [after[1] - before[1] for before, after in pairwise(volumes)]
        assert min(drawn) >= 0
        used = [at for (at, _), litres in zip(volumes[1:], drawn, strict=True) if litres > 0]
        assert max(after - before for before, after in pairwise(used)) < 5.5 * HOUR
        for twelve in range(START, START + 2 * DAY, HOUR):
            inside = [v for at, v in volumes if twelve <= at <= twelve + 12 * HOUR]
            assert inside[-1] - inside[0] > 0.02
        assert 0.05 < (volumes[-1][1] - volumes[0][1]) / 3 < 0.4
        half_hours = {at // (30 * MINUTE) for at in used}
        assert len(half_hours) < 0.6 * 3 * 48


def test_a_meter_started_anew_never_turns_back() -> None:
    device = site().devices[-1]
    before = device_model(device, 1, ZONE)
    readings = [float(before.measure(START + hours * HOUR)["volume_m3"]) for hours in range(48)]
    for seed in (1, 2, 3):
        again = device_model(device, seed, ZONE).measure(START + 48 * HOUR)
        assert float(again["volume_m3"]) >= readings[-1]


def test_steps_begin_anew_every_day_and_only_grow_within_it() -> None:
    voice = WristbandModel(Random(1), ZONE)
    midnight = START + 2 * HOUR
    evening = [int(voice.measure(at)["steps"]) for at in range(START - 3 * HOUR, midnight, MINUTE)]
    assert evening == sorted(evening)
    assert voice.measure(midnight)["steps"] == 0


def test_the_leak_begins_within_fifteen_seconds_and_again_at_another_home() -> None:
    moments = until(4 * LEAK.every, LEAK)
    began = [(m.at, m.event.device) for m in moments if isinstance(m.event, GroundTruth) and m.event.what == "软管脱落"]
    assert began[0][0] - START <= 15 * SECOND
    assert [at - began[0][0] for at, _ in began] == [0, LEAK.every, 2 * LEAK.every, 3 * LEAK.every]
    assert {device for _, device in began} == {"gas-0", "gas-1", "gas-2", "gas-3"}


def test_the_device_in_a_leak_says_nothing_of_ordinary_life_meanwhile() -> None:
    moments = until(2 * MINUTE, LEAK)
    leaking = next(m.event.device for m in moments if isinstance(m.event, GroundTruth))
    spoken = [m for m in moments if isinstance(m.event, Measurement) and m.event.device == leaking]
    during = [m for m in spoken if START + LEAK.first_after <= m.at <= START + LEAK.first_after + 90 * SECOND]
    alarms = [m.event.values["alarm"] for m in during if isinstance(m.event, Measurement)]
    changes = sum(now != before for now, before in zip(alarms[1:], alarms, strict=False))
    assert changes == 2


def test_a_town_without_native_gas_alarms_has_no_leak() -> None:
    assert pick_device(DemoSite([Device("band", "wristband")]), LEAK, 1, 0) is None
    moments = build_schedule(DemoSite([Device("band", "wristband")]), [LEAK], 1, START)
    assert not any(isinstance(m.event, GroundTruth) for m in takewhile(lambda m: m.at < START + 10 * MINUTE, moments))
    assert list(build_schedule(DemoSite([]), [LEAK], 1, START)) == []

"""Ordinary behaviour of water meters and wristbands."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from domain import DAY, HOUR, MINUTE, Device, Identity
from simulators.models.devices import WaterMeterModel, WristbandModel, device_model
from simulators.schedule import DemoSite

START = 1_795_269_600_000  # 2026-11-21 22:00 in Shanghai


ZONE = ZoneInfo("Asia/Shanghai")


def site() -> DemoSite:
    devices = [Device(f"gas-{n}", "gas_alarm", attributes={"use": "home"}) for n in range(4)]
    devices += [Device("shop", "gas_alarm", attributes={"use": "catering"})]
    devices += [Device("zigbee", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),))]
    devices += [Device("band", "wristband"), Device("hole", "manhole"), Device("lamp", "lamp_post")]
    devices += [Device("meter", "water_meter", identities=(Identity("chirpstack", "70b3d57ed0060001"),))]
    return DemoSite(devices)


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


def test_a_restarted_water_meter_never_turns_back() -> None:
    device = site().devices[-1]
    before = device_model(device, 1, ZONE)
    readings = [float(before.measure(START + hours * HOUR)["volume_m3"]) for hours in range(48)]
    for seed in (1, 2, 3):
        again = device_model(device, seed, ZONE).measure(START + 48 * HOUR)
        assert float(again["volume_m3"]) >= readings[-1]


def test_steps_start_at_zero_every_day_and_only_grow_within_it() -> None:
    voice = WristbandModel(Random(1), ZONE)
    midnight = START + 2 * HOUR
    evening = [int(voice.measure(at)["steps"]) for at in range(START - 3 * HOUR, midnight, MINUTE)]
    assert evening == sorted(evening)
    assert voice.measure(midnight)["steps"] == 0

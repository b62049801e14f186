"""Faults of sensors and batteries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain import DAY, HOUR, MINUTE, Value
from simulators.faults.catalog import make_fault
from simulators.faults.fault import DeviceFacts

MONDAY = 20_787 * DAY
GAS = DeviceFacts("gas-1", "gas_alarm", "native", is_mains_powered=True)
METER = DeviceFacts("meter-1", "water_meter", "native")
DAILY = {"share": 1.0, "shortest_h": 12, "longest_h": 12}


def measure(
    fault: Any, at: int, values: Mapping[str, Value], device: DeviceFacts = METER
) -> Mapping[str, Value] | None:
    measured: Mapping[str, Value] | None = fault.measure(device, at, values)
    return measured


def window(fault: Any, device: DeviceFacts = METER) -> tuple[int, int]:
    """The first window that begins on Tuesday, and lies alone."""
    effect = next(one for one in fault.effects(device, MONDAY, MONDAY + 9 * DAY) if one.start >= MONDAY + DAY)
    return effect.start, effect.end


def test_numbers_in_wrong_units_are_those_of_another_unit_and_verdicts_are_untouched() -> None:
    fault = make_fault("wrong_units", 5, DAILY)
    start, end = window(fault)
    values: dict[str, Value] = {"volume_m3": 1.5, "temp_c": 20.0, "leak": False, "battery_pct": 80}
    assert measure(fault, start, values) == {"volume_m3": 1500.0, "temp_c": 68.0, "leak": False, "battery_pct": 80}
    unaffected = make_fault("wrong_units", 5, {"share": 0.0})
    assert measure(unaffected, start, values) is values
    assert end - start == 12 * HOUR


def test_a_frozen_device_repeats_its_first_numbers_and_its_verdicts_go_on() -> None:
    fault = make_fault("frozen", 5, DAILY)
    start, end = window(fault)
    assert measure(fault, start, {"lel_pct": 1.0, "alarm": False}) == {"lel_pct": 1.0, "alarm": False}
    assert measure(fault, start + HOUR, {"lel_pct": 25.0, "alarm": True}) == {"lel_pct": 1.0, "alarm": True}
    later: dict[str, Value] = {"lel_pct": 3.0}
    after = next(at for at in range(end, end + 2 * DAY, MINUTE) if not list(fault.effects(METER, at, at + 1)))
    assert measure(fault, after, later) is later


def test_noise_scatters_analogue_values_only() -> None:
    fault = make_fault("noise", 5, {"share": 1.0})
    values: dict[str, Value] = {"lel_pct": 10.0, "heart_rate_bpm": 70, "volume_m3": 1.5, "alarm": False}
    measured = [measure(fault, MONDAY + number, values) for number in range(400)]
    lel = [float(one["lel_pct"]) for one in measured if one is not None]
    assert 9.9 < sum(lel) / len(lel) < 10.1
    assert 1.0 < max(lel) - min(lel) < 5.0
    assert all(one is not None and one["volume_m3"] == 1.5 and one["alarm"] is False for one in measured)
    assert all(one is not None and isinstance(one["heart_rate_bpm"], int) for one in measured)
    assert all(float(one["lel_pct"]) >= 0 for number in range(200) if (one := measure(fault, number, {"lel_pct": 0.1})))
    assert [effect.fault for effect in fault.effects(METER, MONDAY, MONDAY + DAY)] == ["noise"]


def test_a_device_that_is_not_noisy_measures_exactly() -> None:
    fault = make_fault("noise", 5, {"share": 0.0})
    values: dict[str, Value] = {"lel_pct": 10.0}
    assert measure(fault, MONDAY, values) is values
    assert list(fault.effects(METER, MONDAY, MONDAY + DAY)) == []


def test_a_battery_runs_down_and_the_device_is_silent_until_it_is_replaced() -> None:
    fault = make_fault("battery", 5, {"share": 0.02, "shortest_h": 100, "longest_h": 100})
    start = next(one.start for one in fault.effects(METER, MONDAY, MONDAY + 400 * DAY) if one.start > MONDAY)
    values: dict[str, Value] = {"battery_pct": 90, "battery_v": 3.1, "battery_low": False, "volume_m3": 1.5}
    begin, low, silent = (measure(fault, start + hours * HOUR, values) for hours in (0, 80, 90))
    assert begin == {"battery_pct": 60, "battery_v": 3.0, "battery_low": False, "volume_m3": 1.5}
    assert low == {"battery_pct": 4, "battery_v": 2.15, "battery_low": True, "volume_m3": 1.5}
    assert silent is None
    assert measure(fault, start, {"alarm": True}) == {"alarm": True}


def test_a_device_on_mains_has_no_battery_that_dies() -> None:
    fault = make_fault("battery", 5, {"share": 1.0})
    assert list(fault.effects(GAS, MONDAY, MONDAY + DAY)) == []
    values: dict[str, Value] = {"battery_pct": 90}
    assert measure(fault, MONDAY, values, GAS) is values

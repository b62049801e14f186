"""Power cuts and loose contacts."""

from __future__ import annotations

from domain import DAY, SECOND
from simulators.faults.fault import DeviceFacts
from simulators.faults.reports import Flapping, PowerCut

MONDAY = 20_787 * DAY
GAS = {
    f"gas-{number}": DeviceFacts(f"gas-{number}", "gas_alarm", "native", "", "b1", is_mains_powered=True)
    for number in range(300)
}
LIFT = DeviceFacts("lift-1", "ebike_lift", "alink", "", "b1", is_mains_powered=True)
BAND = DeviceFacts("band-1", "wristband", "native", "", "b1")


def test_all_detectors_of_a_building_report_within_a_minute_of_a_power_cut_and_of_its_end() -> None:
    fault = PowerCut(5, share=1.0, shortest_s=3_600, longest_s=3_600, within_s=60)
    added = fault.additions({**GAS, "lift-1": LIFT, "band-1": BAND}, MONDAY, MONDAY + DAY)
    window = next(iter(fault.effects(GAS["gas-1"], MONDAY, MONDAY + DAY)))
    lost = [one for one in added if one.measurement.values == {"fault": True} and one.at >= window.start]
    lost = [one for one in lost if one.at < window.start + 3_600 * SECOND]
    assert len(lost) == 300
    assert all(window.start <= one.at < window.start + 60 * SECOND for one in lost)
    assert {one.measurement.device for one in added} == set(GAS)


def test_days_follow_each_other_without_a_report_twice_or_lost() -> None:
    fault = PowerCut(5, share=0.5, shortest_s=36_000, longest_s=80_000, within_s=60)
    whole = fault.additions(GAS, MONDAY, MONDAY + 6 * DAY)
    by_day = [one for day in range(6) for one in fault.additions(GAS, MONDAY + day * DAY, MONDAY + (day + 1) * DAY)]
    assert sorted(whole, key=lambda one: (one.at, one.measurement.device)) == sorted(
        by_day, key=lambda one: (one.at, one.measurement.device)
    )


def test_during_a_power_cut_detectors_go_on_with_a_fault_and_other_devices_are_silent() -> None:
    fault = PowerCut(5, share=1.0, shortest_s=86_400, longest_s=86_400, within_s=60)
    at = MONDAY + DAY
    assert fault.measure(GAS["gas-1"], at, {"alarm": False, "fault": False}) == {"alarm": False, "fault": True}
    assert fault.measure(GAS["gas-1"], at, {"alarm": True}) == {"alarm": True}
    assert fault.measure(LIFT, at, {"present": False}) is None
    assert fault.measure(BAND, at, {"worn": True}) == {"worn": True}


def test_a_loose_contact_comes_and_goes_and_ends_with_the_all_clear() -> None:
    fault = Flapping(5, share=1.0, shortest_s=300, longest_s=300, danger=1.0)
    added = fault.additions({"gas-1": GAS["gas-1"], "band-1": BAND}, MONDAY, MONDAY + DAY)
    states = [one.measurement.values["alarm"] for one in added]
    assert len(states) > 10
    assert states[-1] is False or states[0] is True
    assert all(one.measurement.urgent for one in added)
    assert states[:4] in ([True, False, True, False], [False, True, False, True])


def test_another_bit_than_the_danger_may_be_loose() -> None:
    fault = Flapping(5, share=1.0, shortest_s=300, longest_s=300, danger=0.0)
    added = fault.additions({"gas-1": GAS["gas-1"]}, MONDAY, MONDAY + DAY)
    assert all(set(one.measurement.values) == {"fault"} and not one.measurement.urgent for one in added)

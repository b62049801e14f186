"""Mains by EPANET: what enters equals what is used and lost. Skipped without the dependency group `town`."""

import pytest

pytest.importorskip("wntr")

from simulators.town.hydraulics.epanet import burst_sites, compute_main
from simulators.town.networks import BuildingLoad, WaterMain

MAIN = WaterMain("c1", tuple(BuildingLoad(f"c1-{number}", 6, 20_000.0) for number in range(1, 6)))


def test_a_burst_near_the_gate_takes_water_from_all_and_one_at_the_end_from_the_end() -> None:
    days = compute_main(MAIN)
    gate, _, end = days.bursts
    assert all(max(series) < 60 for series in gate.delivered_pct)
    assert min(end.delivered_pct[0]) > 60 > max(end.delivered_pct[4])
    assert min(gate.lost_l) > 50_000


def test_supply_is_demand_and_leakage() -> None:
    days = compute_main(MAIN)
    assert sum(days.supply_l[:24]) == pytest.approx(100_000 + sum(days.leakage_l[:24]), rel=0.002)


def test_a_compound_with_one_building_has_one_burst() -> None:
    assert list(burst_sites(1)) == [0]

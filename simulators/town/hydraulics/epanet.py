"""Pressure and flow in the water mains of a town by EPANET 2.2, through WNTR. Needs the dependency group `town`.

Demand is pressure-driven (Wagner): full above 20 m of head, none below 2 m, so that a burst takes water from taps.
Pipes are sized for 1.2 m/s at the peak hour. Heads, sizes and lengths are ours (unverified); background leakage is
40 l an hour and kilometre of main (domain facts B.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import wntr
from msgspec import Struct

from simulators.models.leaks import emitter_coefficient
from simulators.models.water_demand import REST_DAY_FACTOR, shares
from simulators.town.hydraulics.days import CompoundWater, MainBurst, Series
from simulators.town.networks import WaterMain

_STREET_HEAD_M: Final = 34.0
"""Pressure in the street: 0.34 MPa."""
_STREET_PIPE_M: Final = 250.0
_BETWEEN_BUILDINGS_M: Final = 35.0
_ROUGHNESS: Final = 110.0
_DIAMETERS_M: Final = (0.1, 0.15, 0.2, 0.3, 0.4)
_VELOCITY: Final = 1.2
_REQUIRED_HEAD_M, _MINIMUM_HEAD_M = 20.0, 2.0
_LEAKAGE_L_H_KM: Final = 40.0
_BURST_MM2: Final = 4500.0
"""A ring fracture or a blown joint of a DN150 main: about 200 m³/h."""
_BURSTS_PER_COMPOUND: Final = 3
HOURS: Final = 48
_LITRES_H: Final = 3.6e6


def compute_main(main: WaterMain) -> CompoundWater:
    """The days of one compound, with bursts near the gate, in the middle and at the end."""
    with TemporaryDirectory() as folder:
        prefix = str(Path(folder) / "main")
        ordinary = _run(main, None, prefix)
        bursts = tuple(_burst(main, index, prefix) for index in burst_sites(len(main.buildings)))
    return CompoundWater(
        compound=main.compound,
        buildings=tuple(load.place for load in main.buildings),
        head_dm=ordinary.head_dm,
        supply_l=ordinary.supply_l,
        leakage_l=ordinary.lost_l,
        bursts=bursts,
    )


def burst_sites(buildings: int) -> Sequence[int]:
    """Indexes of the buildings that a burst is next to.

    >>> burst_sites(8), burst_sites(1)
    ([0, 3, 7], [0])
    """
    count = min(_BURSTS_PER_COMPOUND, buildings)
    return [number * (buildings - 1) // max(count - 1, 1) for number in range(count)]


class _Result(Struct, frozen=True):
    """Of one run: by building, and of the whole main."""

    head_dm: tuple[Series, ...]
    supply_l: Series
    lost_l: Series


def _burst(main: WaterMain, index: int, prefix: str) -> MainBurst:
    result = _run(main, index, prefix)
    delivered = tuple(tuple(map(_delivered_pct, series)) for series in result.head_dm)
    return MainBurst(main.buildings[index].place, result.lost_l, delivered)


def _delivered_pct(head_dm: int) -> int:
    """Wagner's formula. From the pressure: beside the flow of a burst the demand is within EPANET's accuracy."""
    share = (head_dm / 10.0 - _MINIMUM_HEAD_M) / (_REQUIRED_HEAD_M - _MINIMUM_HEAD_M)
    return round(math.sqrt(min(max(share, 0.0), 1.0)) * 100.0)


def _pattern() -> tuple[float, ...]:
    """The share of a workday's use that is drawn in each of the 48 hours."""
    return shares(rest_day=False) + tuple(share * REST_DAY_FACTOR for share in shares(rest_day=True))


def _run(main: WaterMain, burst: int | None, prefix: str) -> _Result:
    network = _network(main, burst)
    results = wntr.sim.EpanetSimulator(network).run_sim(file_prefix=prefix)
    pressure, demand = results.node["pressure"], results.node["demand"]
    heads, lost = [], [0.0] * HOURS
    for index in range(len(main.buildings)):
        head = [max(float(value), 0.0) for value in pressure[f"B{index}"].to_numpy()[:HOURS]]
        coefficient = _coefficient(burst == index)
        leak = [coefficient * math.sqrt(value) * _LITRES_H for value in head]
        heads.append(tuple(round(value * 10.0) for value in head))
        lost = [total + out for total, out in zip(lost, leak, strict=True)]
    supply = tuple(round(-float(value) * _LITRES_H) for value in demand["STREET"].to_numpy()[:HOURS])
    return _Result(tuple(heads), supply, tuple(map(round, lost)))


def _coefficient(is_burst: bool) -> float:
    """The emitter of a building's piece of the main: background leakage, and the burst."""
    background = _LEAKAGE_L_H_KM * _BETWEEN_BUILDINGS_M / 1000.0 / _LITRES_H / math.sqrt(_STREET_HEAD_M)
    return background + (emitter_coefficient(_BURST_MM2) if is_burst else 0.0)


def _network(main: WaterMain, burst: int | None) -> Any:
    network = wntr.network.WaterNetworkModel()
    _set_options(network)
    network.add_pattern("day", list(_pattern()))
    network.add_reservoir("STREET", base_head=_STREET_HEAD_M)
    peak = max(_pattern())
    for index, load in enumerate(main.buildings):
        # Demand in m³/s of an hour with the share 1.
        network.add_junction(f"B{index}", base_demand=load.litres / _LITRES_H, demand_pattern="day", elevation=0.0)
        network.get_node(f"B{index}").emitter_coefficient = _coefficient(burst == index)
        upstream = _upstream(index)
        behind = sum(one.litres for number, one in enumerate(main.buildings) if _carries(index, number))
        network.add_pipe(
            f"P{index}",
            "STREET" if upstream is None else f"B{upstream}",
            f"B{index}",
            length=_STREET_PIPE_M if upstream is None else _BETWEEN_BUILDINGS_M,
            diameter=_diameter(behind * peak),
            roughness=_ROUGHNESS,
        )
    return network


def _set_options(network: Any) -> None:
    options = network.options
    options.time.duration = (HOURS - 1) * 3600
    options.time.hydraulic_timestep = options.time.report_timestep = options.time.pattern_timestep = 3600
    options.hydraulic.demand_model = "PDD"
    options.hydraulic.required_pressure, options.hydraulic.minimum_pressure = _REQUIRED_HEAD_M, _MINIMUM_HEAD_M


def _upstream(index: int) -> int | None:
    """The trunk is 0, 1, 3, 4, 6 …; every third building hangs on a branch of the one before it.

    >>> [_upstream(index) for index in range(6)]
    [None, 0, 1, 1, 3, 4]
    """
    if index == 0:
        return None
    return index - 2 if index % 3 == 0 else index - 1


def _carries(pipe: int, building: int) -> bool:
    """Whether the pipe to `pipe` carries the water of `building`."""
    at: int | None = building
    while at is not None and at > pipe:
        at = _upstream(at)
    return at == pipe


def _diameter(litres_h: float) -> float:
    needed = math.sqrt(4.0 * litres_h / _LITRES_H / _VELOCITY / math.pi)
    return next((one for one in _DIAMETERS_M if one >= needed), _DIAMETERS_M[-1])

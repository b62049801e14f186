"""Water levels in the sewers of a town by SWMM 5.2, through PySWMM. Needs the dependency group `town`.

A rain sewer drains the compound's ground, a foul sewer carries its sewage; a tenth of either gets into the wrong one,
as surveys of old compounds find (ours, unverified). Pipes are sized for the storm of 3 years, in old
compounds for half the flow of the storm of 2 years (GB 50014 asks 2 to 5 years of a city, unverified), so that a
cloudburst is more than they carry. In a cloudburst the trunk sewer that they run into is full to their crown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import Struct
from pyswmm import Nodes, Simulation

from domain import HOUR, SECOND
from simulators.models.rain import CLOUDBURSTS, STEP_MIN, STORMS, intensity_mm_min
from simulators.models.water_demand import shares
from simulators.town.hydraulics.days import STEP_MS, LineLevels, Series
from simulators.town.networks import Content, SewerLine

_AREA_HA: Final = 0.16
"""Ground that drains into one manhole, 75 % of it paved: ours (unverified)."""
_PAVED: Final = 0.75
_ASTRAY: Final = 0.1
_SPACING_M, _SLOPE, _MANNING = 40.0, 0.004, 0.013
_DIAMETERS_M: Final = (0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2)
_FOUL_DIAMETER_M: Final = 0.3
"""The smallest that GB 50014 allows for a foul sewer in a street (unverified)."""
_TRUNK: Final = (("0:00", 0.0), ("0:20", 0.0), ("0:50", 1.0), ("2:30", 1.0), ("4:00", 0.0), ("48:00", 0.0))
"""How full the trunk sewer is in a cloudburst, by time: ours (unverified)."""
_SEWAGE_SHARE: Final = 0.85
"""Of the water that is used: GB 50014 gives 80 to 90 % (unverified)."""
_DESIGN_MINUTES: Final = 15.0
STORM_STEPS: Final = 72
BLOCKED_STEPS: Final = 576
DRY_HOURS: Final = 24


class _Case(Struct, frozen=True):
    """One run: its rain by steps, its length, whether one pipe a line is closed, whether the trunk sewer is full."""

    mm_h: Sequence[float]
    hours: int
    step_s: int
    is_blocked: bool = False
    is_trunk_full: bool = False


def compute_sewers(lines: Sequence[SewerLine]) -> tuple[LineLevels, ...]:
    """The levels of every line; all lines together are one SWMM model of separate trees."""
    if not lines:
        return ()
    dry = _run(lines, _Case((), 2 * DRY_HOURS, 3600))
    storms = {
        name: _run(lines, _case(STORM_STEPS, storm.mm_h, is_trunk_full=name in CLOUDBURSTS))
        for name, storm in STORMS.items()
    }
    blocked = _run(lines, _case(BLOCKED_STEPS, (), is_blocked=True))
    return tuple(
        LineLevels(
            line=line.id,
            manholes=tuple(manhole.device for manhole in line.manholes),
            dry_mm=tuple(series[-DRY_HOURS:] for series in dry[number]),
            storms_mm={name: levels[number] for name, levels in storms.items()},
            blocked=line.manholes[blocked_at(line)].device,
            blocked_mm=blocked[number],
        )
        for number, line in enumerate(lines)
    )


def _case(steps: int, mm_h: Sequence[float], *, is_blocked: bool = False, is_trunk_full: bool = False) -> _Case:
    return _Case(mm_h, steps * STEP_MS // HOUR, STEP_MS // SECOND, is_blocked, is_trunk_full)


def blocked_at(line: SewerLine) -> int:
    """The manhole whose outgoing pipe is closed in the case `blocked`: the last, which all sewage passes."""
    return len(line.manholes) - 1


def _run(lines: Sequence[SewerLine], case: _Case) -> list[tuple[Series, ...]]:
    """By line and manhole: the level at the end of every step."""
    names = [[_node(number, index) for index in range(len(line.manholes))] for number, line in enumerate(lines)]
    levels: list[list[list[int]]] = [[[] for _ in inside] for inside in names]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sewers.inp"
        path.write_text("".join(f"{row}\n" for row in _model(lines, case)), encoding="utf-8")
        with Simulation(str(path)) as simulation:
            nodes = [[Nodes(simulation)[name] for name in inside] for inside in names]
            simulation.step_advance(case.step_s)
            for _ in simulation:
                for kept, inside in zip(levels, nodes, strict=True):
                    for series, node in zip(kept, inside, strict=True):
                        series.append(round(node.depth * 1000.0))
    steps = case.hours * 3600 // case.step_s
    return [tuple(tuple(_padded(series, steps)) for series in inside) for inside in levels]


def _padded(series: list[int], steps: int) -> list[int]:
    """Exactly so many: SWMM ends a run up to one step early or late."""
    return (series + series[-1:] * steps)[:steps]


def _node(line: int, index: int) -> str:
    return f"M{line}_{index}"


def _model(lines: Sequence[SewerLine], case: _Case) -> Iterator[str]:
    """The rows of the input file (SWMM 5.2 manual, appendix D)."""
    yield from _options(case)
    yield "[PATTERNS]"
    hourly = [share * 24.0 for share in shares(rest_day=False)]
    for start in range(0, 24, 6):
        yield f"DAY {'HOURLY' if not start else ''} " + " ".join(f"{value:.4f}" for value in hourly[start : start + 6])
    sections: dict[str, list[str]] = {name: [] for name in _SECTIONS}
    for number, line in enumerate(lines):
        _add_line(sections, number, line, case)
    for name, rows in sections.items():
        yield f"[{name}]"
        yield from rows
    for step, value in enumerate((*case.mm_h, 0.0)):
        hours, minutes = divmod(step * STEP_MIN, 60)
        yield f"RAIN {hours}:{minutes:02d} {value}"


_SECTIONS: Final = (
    "SUBCATCHMENTS", "SUBAREAS", "INFILTRATION", "JUNCTIONS", "OUTFALLS", "CONDUITS", "XSECTIONS", "DWF",
    "TIMESERIES",
)  # fmt: skip


def _options(case: _Case) -> Iterator[str]:
    options: Mapping[str, str] = {
        "FLOW_UNITS": "LPS",
        "INFILTRATION": "HORTON",
        "FLOW_ROUTING": "DYNWAVE",
        "START_DATE": "01/01/2026",
        "START_TIME": "00:00:00",
        "REPORT_START_DATE": "01/01/2026",
        "REPORT_START_TIME": "00:00:00",
        "END_DATE": f"01/{1 + case.hours // 24:02d}/2026",
        "END_TIME": f"{case.hours % 24:02d}:00:00",
        "WET_STEP": "00:01:00",
        "DRY_STEP": "00:05:00",
        "ROUTING_STEP": "5" if case.mm_h else "20",
        "REPORT_STEP": "01:00:00",
        "VARIABLE_STEP": "0.75",
        "MIN_SURFAREA": "0.8",
        "THREADS": "1",
    }
    yield "[OPTIONS]"
    yield from (f"{name} {value}" for name, value in options.items())
    yield "[REPORT]"
    yield "INPUT NO"
    yield "CONTROLS NO"
    yield "[RAINGAGES]"
    yield f"GAGE INTENSITY 0:{STEP_MIN:02d} 1.0 TIMESERIES RAIN"


def _add_line(sections: dict[str, list[str]], number: int, line: SewerLine, case: _Case) -> None:
    diameters = _diameters(line)
    count = len(line.manholes)
    sewage = line.litres * _SEWAGE_SHARE / count / 86400.0 * (_ASTRAY if line.content is Content.RAIN else 1.0)
    area = _AREA_HA * (_ASTRAY if line.content is Content.FOUL else 1.0)
    for index, manhole in enumerate(line.manholes):
        node, bottom = _node(number, index), -_SLOPE * _SPACING_M * index
        sections["SUBCATCHMENTS"].append(f"S{node} GAGE {node} {area:.4f} {_PAVED * 100:.0f} 40 0.5 0")
        sections["SUBAREAS"].append(f"S{node} 0.012 0.15 1.5 5 25 OUTLET")
        sections["INFILTRATION"].append(f"S{node} 50 5 4 7 0")
        sections["JUNCTIONS"].append(f"{node} {bottom:.3f} {manhole.depth_mm / 1000:.3f} 0 0 0")
        sections["DWF"].append(f'{node} FLOW {sewage:.6f} "DAY"')
        below = _node(number, index + 1) if index + 1 < count else f"O{number}"
        closed = case.is_blocked and index == blocked_at(line)
        sections["CONDUITS"].append(f"C{node} {node} {below} {_SPACING_M} {_MANNING} 0 0 0 {0.0001 if closed else 0}")
        sections["XSECTIONS"].append(f"C{node} CIRCULAR {diameters[index]} 0 0 0")
    bottom = -_SLOPE * _SPACING_M * count
    stage = f"TIMESERIES TRUNK{number}" if case.is_trunk_full else "FREE"
    sections["OUTFALLS"].append(f"O{number} {bottom:.3f} {stage} NO")
    for time, filled in _TRUNK:
        sections["TIMESERIES"].append(f"TRUNK{number} {time} {bottom + filled * diameters[-1]:.3f}")


def _diameters(line: SewerLine) -> list[float]:
    """Of each pipe, by the rational method and Manning's equation for a full pipe."""
    years, factor = (2.0, 0.5) if line.is_old else (3.0, 1.0)
    if line.content is Content.FOUL:
        return [_FOUL_DIAMETER_M] * len(line.manholes)
    per_manhole = factor * _PAVED * intensity_mm_min(years, _DESIGN_MINUTES) / 60_000.0 * _AREA_HA * 10_000.0
    return [_diameter(per_manhole * (index + 1)) for index in range(len(line.manholes))]


def _diameter(flow: float) -> float:
    """The smallest that carries so many m³/s."""
    for diameter in _DIAMETERS_M:
        area, radius = math.pi * diameter**2 / 4.0, diameter / 4.0
        if area * radius ** (2.0 / 3.0) * math.sqrt(_SLOPE) / _MANNING >= flow:
            return diameter
    return _DIAMETERS_M[-1]

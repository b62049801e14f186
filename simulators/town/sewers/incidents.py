"""The incidents of manholes in a period: cloudbursts and blocked pipes by SWMM, covers, gas, drowned devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from domain import HOUR, MINUTE, Device, Instant
from simulators.events import Incident
from simulators.models.manhole_device import FULL_MM
from simulators.models.manhole_gas import GasBuildUp
from simulators.models.rain import CLOUDBURST_MONTHS, CLOUDBURSTS
from simulators.town.calendar_days import Calendar, LocalDay
from simulators.town.hydraulics.days import STEP_MS, LineLevels, Series
from simulators.town.incident_draws import BusyDevices, draw_incidents, instant_at, pick
from simulators.town.networks import Manhole, Networks, SewerLine
from simulators.town.sewers.catalogue import (
    BLOCKAGE,
    FLOODING,
    HIGH_FLOW,
    KINDS,
    NOTIFY_FULL_MS,
    NOTIFY_GAS_MS,
    NOTIFY_SURCHARGED_MS,
    SURCHARGE,
    Cause,
    ManholeKind,
)
from simulators.town.sewers.levels import STORM_MS, storm_id
from simulators.town.town import Period

_STORMS_PER_WEEK: Final = 1.0
"""At most: every one is an incident on many lines."""
_AFTER_FULL_MS: Final = (1.0, 4.0)
"""Hours from when the first well is full until the pipe is opened again."""
_HALF: Final = 2
"""Of the depth of a well: from there on a sewer is surcharged."""


class SewerSites(Struct, frozen=True):
    """Where incidents can happen. `workers` are those who open covers for maintenance."""

    networks: Networks
    levels: tuple[LineLevels, ...]
    devices: dict[str, Device]
    with_gas: tuple[str, ...]
    workers: tuple[str, ...]

    def lines(self) -> Iterator[tuple[SewerLine, LineLevels]]:
        return zip(self.networks.sewers, self.levels, strict=True)


def sewer_incidents(
    sites: SewerSites, calendar: Calendar, period: Period, seed: int, per_week: float
) -> list[Incident]:
    """The incidents of every kind, in order of `begin`. Storms first: they concern whole lines."""
    busy = BusyDevices()
    found = list(_storms(sites, calendar, period, seed, per_week, busy))

    def blockage(random: Random, day: LocalDay, id_: str) -> Incident | None:
        return _blockage(sites, random, day, id_)

    found += draw_incidents(BLOCKAGE, period, calendar, seed, per_week, busy, blockage)
    for kind in KINDS.values():

        def make(random: Random, day: LocalDay, id_: str, kind: ManholeKind = kind) -> Incident | None:
            return _make(kind, sites, random, day, id_)

        found += draw_incidents(kind.name, period, calendar, seed, per_week, busy, make)
    return sorted(found, key=lambda incident: (incident.begin, incident.id))


def _storms(
    sites: SewerSites, calendar: Calendar, period: Period, seed: int, per_week: float, busy: BusyDevices
) -> Iterator[Incident]:
    """One incident for every line in a cloudburst; a nuisance where the sewer carries it."""

    def make(random: Random, day: LocalDay, id_: str) -> Incident | None:
        if day.date.month not in CLOUDBURST_MONTHS:
            return None
        begin = instant_at(random, day, (12.0, 22.0))
        storm = random.choice(CLOUDBURSTS)
        # While it rains every manhole of the town is busy; the incidents of lines are made of it.
        return Incident(
            f"{id_}/{storm}", "storm", "暴雨", "manhole", begin, begin + STORM_MS, tuple(sites.devices), None
        )

    for storm in draw_incidents(
        "cloudburst", period, calendar, seed, min(per_week / 2.0, _STORMS_PER_WEEK), busy, make
    ):
        for line, levels in sites.lines():
            yield _storm_on_line(line, levels, storm.id.rsplit("/", 1)[1], storm.begin)


def _storm_on_line(line: SewerLine, levels: LineLevels, storm: str, begin: Instant) -> Incident:
    """What a storm does to a line: its wells are one system, so that all of them are concerned."""
    wells = list(zip(line.manholes, levels.storms_mm[storm], strict=True))
    full = [step for well, series in wells if (step := reached(series, well.depth_mm - FULL_MM)) is not None]
    half = [step for well, series in wells if (step := reached(series, well.depth_mm // _HALF)) is not None]
    if full:
        kind, title, notify = FLOODING, "暴雨井水满溢", begin + min(full) + NOTIFY_FULL_MS
    elif half:
        kind, title, notify = SURCHARGE, "暴雨管道满流", begin + min(half) + NOTIFY_SURCHARGED_MS
    else:
        kind, title, notify = HIGH_FLOW, "暴雨管道水位上涨", None
    return Incident(
        id=storm_id(kind, storm, begin, line.id),
        kind=kind,
        title=title,
        hazard="manhole",
        begin=begin,
        end=begin + STORM_MS,
        devices=tuple(well.device for well in line.manholes),
        notify_by=notify,
        place=_highest(wells).place,
        life_safety=bool(full),
    )


def _highest(wells: Sequence[tuple[Manhole, Series]]) -> Manhole:
    """The manhole whose water comes nearest to the rim."""
    return min(wells, key=lambda well: well[0].depth_mm - max(well[1]))[0]


def reached(series: Series, level_mm: int) -> int | None:
    """When a level is reached, in ms from the begin of the series; None: never.

    >>> reached((10, 40, 80), 40), reached((10, 40, 80), 100)
    (600000, None)
    """
    return next(((step + 1) * STEP_MS for step, level in enumerate(series) if level >= level_mm), None)


def _blockage(sites: SewerSites, random: Random, day: LocalDay, id_: str) -> Incident | None:
    """The pipe below the last manhole of a foul sewer is closed at night, until after the first well is full."""
    fills = []
    for line, levels in sites.lines():
        wells = zip(line.manholes, levels.blocked_mm, strict=True)
        steps = [(well, reached(series, well.depth_mm - FULL_MM)) for well, series in wells]
        if any(step is not None for _, step in steps):
            fills.append((line, levels, min(step for _, step in steps if step is not None)))
    chosen = pick(random, fills)
    if chosen is None:
        return None
    line, levels, full_ms = chosen
    # The kept series begins at midnight: sewage follows the hours of the day.
    begin, end = day.midnight, day.midnight + full_ms + round(random.uniform(*_AFTER_FULL_MS) * HOUR)
    return Incident(
        id=f"{id_}/{line.id}",
        kind=BLOCKAGE,
        title="污水管堵塞冒溢",
        hazard="manhole",
        begin=begin,
        end=end,
        devices=tuple(well.device for well in line.manholes),
        notify_by=begin + full_ms + NOTIFY_FULL_MS,
        place=line.manholes[-1].place,
        life_safety=True,
    )


def _make(kind: ManholeKind, sites: SewerSites, random: Random, day: LocalDay, id_: str) -> Incident | None:
    device = pick(random, sites.with_gas if kind.cause is Cause.GAS else tuple(sites.devices))
    return (
        None
        if device is None
        else incident_at(kind, sites, random, instant_at(random, day, kind.from_hour), id_, device)
    )


def incident_at(
    kind: ManholeKind, sites: SewerSites, random: Random, begin: Instant, id_: str, device: str
) -> Incident | None:
    """One incident at a manhole that begins at an instant; None for gas that never reaches a set point."""
    end = begin + round(random.uniform(*kind.hours) * HOUR) // MINUTE * MINUTE
    notify = kind.notify_ms
    if kind.cause is Cause.GAS:
        crosses = build_up(kind, id_).crosses_after()
        if crosses is None or begin + crosses + HOUR > end:
            return None
        notify = crosses + NOTIFY_GAS_MS
    worker = pick(random, sites.workers) if kind.is_maintenance else None
    return Incident(
        id=id_,
        kind=kind.name,
        title=kind.title,
        hazard=kind.hazard,
        begin=begin,
        end=end,
        devices=(device,),
        notify_by=None if notify is None else begin + notify,
        place=sites.devices[device].place,
        people=() if worker is None else (worker,),
        roles=("maintenance",) if kind.hazard == "device" else (),
        life_safety=kind.life_safety,
    )


def flooding_at(sites: SewerSites, random: Random, begin: Instant, device: str | None = None) -> Incident | None:
    """A cloudburst that floods a line, that of the device if one is given. None where no line is flooded."""
    storms = (
        _storm_on_line(line, levels, CLOUDBURSTS[-1], begin)
        for line, levels in sites.lines()
        if device is None or device in levels.manholes
    )
    return pick(random, [one for one in storms if one.kind == FLOODING])


def build_up(kind: ManholeKind, incident: str) -> GasBuildUp:
    """The gas of an incident: the same whenever it is asked for."""
    random = Random(f"play/{incident}")
    return GasBuildUp(random.uniform(*kind.ch4_pct), random.uniform(*kind.h2s_ppm), random.uniform(*kind.changes_h))

"""What is kept of the hydraulics of a town: whole numbers, so that a fresh computation on another machine is equal.

Hours are 48: those of a workday, then those of a rest day. Steps of a storm are of `STEP_MS`.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import MINUTE

STEP_MS: Final = 5 * MINUTE
FORMAT: Final = 1
"""Of the file. Another number: computed again."""

Series = tuple[int, ...]


class MainBurst(Struct, frozen=True, array_like=True):
    """A burst of the main that lasts all day. `at` is the building it is next to.

    `lost_l` are the litres that flow out in each hour, `delivered_pct` what each building gets of its demand.
    """

    at: str
    lost_l: Series
    delivered_pct: tuple[Series, ...]


class CompoundWater(Struct, frozen=True, array_like=True):
    """The main of one compound.

    `head_dm` is the pressure at each building's door in decimetres of water, `supply_l` what enters the main,
    `leakage_l` what the pipes lose on ordinary days.
    """

    compound: str
    buildings: tuple[str, ...]
    head_dm: tuple[Series, ...]
    supply_l: Series
    leakage_l: Series
    bursts: tuple[MainBurst, ...]


class LineLevels(Struct, frozen=True, array_like=True):
    """Water levels in the manholes of one sewer line, in mm above the bottom, one series a manhole.

    `dry_mm` are 24 hours of a day without rain. `storms_mm` are the series by the name of the storm from its begin.
    `blocked_mm` are the series from when the pipe below the manhole `blocked` is closed, in dry weather.
    """

    line: str
    manholes: tuple[str, ...]
    dry_mm: tuple[Series, ...]
    storms_mm: dict[str, tuple[Series, ...]]
    blocked: str
    blocked_mm: tuple[Series, ...]


class TownDays(Struct, frozen=True):
    """Everything that is kept of one town."""

    format: int
    preset: str
    seed: int
    fingerprint: str
    water: tuple[CompoundWater, ...]
    sewers: tuple[LineLevels, ...]

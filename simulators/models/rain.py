"""Storms: what falls, and when in the year.

The intensity of a design storm follows the formula of its return period, over time as a Chicago hyetograph (Keifer and
Chu 1957), whose average over any duration around the peak is that of the formula. Coefficients are those published for
Chengdu in 2015 (quoted in design guides; the notice itself was not read: unverified).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from random import Random
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, Instant

STEP_MIN: Final = 5
_PEAK_AT: Final = 0.4
"""Where in the storm its peak lies: 0.3 to 0.5 in Chinese cities (unverified)."""


class Storm(Struct, frozen=True):
    """One type of rain. `mm_h` by steps of five minutes.

    `share` is how many of a hundred rains are of this type on an ordinary day; 0: a cloudburst, played as an incident.
    """

    name: str
    title: str
    share: int
    mm_h: tuple[float, ...]

    @property
    def total_mm(self) -> float:
        return sum(self.mm_h) * STEP_MIN / 60.0


def intensity_mm_min(return_years: float, minutes: float) -> float:
    """The mean intensity of the storm of this return period (2 years and more) over so many minutes.

    >>> round(intensity_mm_min(2.0, 60.0) * 60.0, 1)
    41.4
    """
    scale, offset, exponent = _formula(return_years)
    return scale / math.pow(minutes + offset, exponent)


def _formula(return_years: float) -> tuple[float, float, float]:
    lg = math.log10(return_years)
    return 44.594 * (1.0 + 0.651 * lg), 27.346, 0.953 * math.pow(lg, -0.017)


def chicago(return_years: float, minutes: int = 120) -> tuple[float, ...]:
    """The hyetograph in mm/h by steps of five minutes."""
    scale, offset, exponent = _formula(return_years)
    peak = minutes * _PEAK_AT

    def at(minute: float) -> float:
        from_peak = (peak - minute) / _PEAK_AT if minute < peak else (minute - peak) / (1.0 - _PEAK_AT)
        return scale * ((1.0 - exponent) * from_peak + offset) / math.pow(from_peak + offset, 1.0 + exponent) * 60.0

    return tuple(round(at(start + STEP_MIN / 2), 2) for start in range(0, minutes, STEP_MIN))


STORMS: Final[Mapping[str, Storm]] = MappingProxyType(
    {
        storm.name: storm
        for storm in (
            Storm("light", "小雨", 72, (1.2,) * 36),
            Storm("moderate", "中雨", 24, (2.0,) * 6 + (6.0,) * 12 + (3.0,) * 18),
            Storm("heavy", "大雨", 4, (4.0,) * 6 + (12.0,) * 6 + (16.0,) * 6 + (8.0,) * 12 + (3.0,) * 6),
            Storm("cloudburst_5a", "暴雨", 0, chicago(5.0)),
            Storm("cloudburst_20a", "大暴雨", 0, chicago(20.0)),
            Storm("cloudburst_50a", "特大暴雨", 0, chicago(50.0)),
        )
    }
)
CLOUDBURSTS: Final = tuple(name for name, storm in STORMS.items() if not storm.share)
_RAINY_DAYS: Final = (7, 8, 11, 13, 15, 15, 17, 16, 16, 14, 8, 5)
"""Days with rain in each month in Chengdu (climate normals, rounded; unverified)."""
CLOUDBURST_MONTHS: Final = frozenset({5, 6, 7, 8, 9})


class Rain(Struct, frozen=True):
    """A storm that begins at an instant."""

    begin: Instant
    storm: str


def rain_of(day: date, midnight: Instant, seed: int) -> tuple[Rain, ...]:
    """The ordinary rain that begins on a day: at most one, of a type that no sewer is too small for."""
    random = Random(f"{seed}/rain/{day.toordinal()}")
    if random.random() >= _RAINY_DAYS[day.month - 1] / 30.5:
        return ()
    ordinary = [storm for storm in STORMS.values() if storm.share]
    name = random.choices([storm.name for storm in ordinary], [storm.share for storm in ordinary])[0]
    return (Rain(midnight + random.randrange(0, DAY - 4 * HOUR, 5 * MINUTE), name),)

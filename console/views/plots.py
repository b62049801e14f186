"""Plots of the monthly report as geometry: what the SVG templates draw. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct

WIDTH: Final = 720
BAR_HEIGHT: Final = 140
LABEL_HEIGHT: Final = 18
CELL: Final = 24
CELL_LEFT: Final = 48


class Bar(Struct, frozen=True):
    """One bar with its label below; coordinates in px, from the top left."""

    x: float
    y: float
    width: float
    height: float
    value: int
    label: str


class BarPlot(Struct, frozen=True):
    """Bars over a base line, and the value of the highest."""

    bars: tuple[Bar, ...]
    highest: int
    width: int = WIDTH
    height: int = BAR_HEIGHT + LABEL_HEIGHT
    base: int = BAR_HEIGHT


class HeatCell(Struct, frozen=True):
    """One hour of the week; `shade` is between 0 (none) and 1 (the most)."""

    x: int
    y: int
    value: int
    shade: float


def day_plot(days: Sequence[tuple[date, int]]) -> BarPlot:
    """One bar a day."""
    highest = max((count for _, count in days), default=0)
    step = WIDTH / max(1, len(days))
    bars = []
    for number, (day, count) in enumerate(days):
        height = BAR_HEIGHT * 0.9 * count / highest if highest else 0.0
        top = round(BAR_HEIGHT - height, 1)
        bars.append(Bar(round(number * step, 1), top, round(step * 0.75, 1), round(height, 1), count, str(day.day)))
    return BarPlot(tuple(bars), highest)


def heat_cells(hours: Sequence[Sequence[int]]) -> list[HeatCell]:
    """Seven rows of 24 cells."""
    most = max((count for row in hours for count in row), default=0)
    return [
        HeatCell(CELL_LEFT + hour * CELL, weekday * CELL, count, round(count / most, 3) if most else 0.0)
        for weekday, row in enumerate(hours)
        for hour, count in enumerate(row)
    ]

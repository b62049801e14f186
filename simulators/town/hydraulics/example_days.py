"""Days for a town that has none, for a drill on a real site: levels are those of a line of the small town.

A drill shows what people do, not how high the water is in this sewer. The score never uses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from simulators.town.hydraulics.days import FORMAT, LineLevels, Series, TownDays
from simulators.town.hydraulics.kept import KEPT, DaysMissing, load_days, read_days
from simulators.town.networks import SewerLine, networks_of
from simulators.town.town import Town

_EXAMPLE: Final = KEPT / "small-1.days"


def own_or_example_days(town: Town, cache_folder: Path | None = None) -> TownDays:
    """The kept days of the town where there are any, else levels of another town for its manholes, and no mains."""
    try:
        return load_days(town, cache_folder)
    except DaysMissing:
        networks = networks_of(town)
        sewers = tuple(_example_levels(line) for line in networks.sewers)
        return TownDays(FORMAT, town.preset, town.seed, networks.fingerprint, (), sewers)


@cache
def _example_line() -> LineLevels:
    """The line whose wells are fullest in a cloudburst."""
    days = read_days(_EXAMPLE)
    assert days is not None
    return max(days.sewers, key=lambda line: max(map(max, line.storms_mm["cloudburst_50a"])))


def _example_levels(line: SewerLine) -> LineLevels:
    example = _example_line()
    count = len(line.manholes)

    def fitted(levels: Sequence[Series]) -> tuple[Series, ...]:
        return tuple(levels[index * len(levels) // count] for index in range(count))

    return LineLevels(
        line=line.id,
        manholes=tuple(manhole.device for manhole in line.manholes),
        dry_mm=fitted(example.dry_mm),
        storms_mm={name: fitted(levels) for name, levels in example.storms_mm.items()},
        blocked=line.manholes[-1].device,
        blocked_mm=fitted(example.blocked_mm),
    )

"""The pipes under a town: which buildings a compound's water main feeds, and which manholes make a sewer line.

The town has no drawings of them. The main of a compound is a tree: from the gate along the buildings in the order of
their ids, every third building at the end of a branch. A sewer line are the manholes of one road, or of one value of
the attribute `line`, in the order of the attribute `order`, else of their ids.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from random import Random
from typing import Final

from msgspec import Struct
from msgspec.json import encode

from domain import Device, Place
from domain.levels import LevelRole, named_role
from domain.places import self_and_ancestors
from simulators.models.water_demand import mean_litres
from simulators.town.town import Town

MANHOLE: Final = "manhole"
DEFAULT_DEPTH_MM: Final = (1800, 3200)
"""Depths of manholes without the attribute `depth_mm`: ours (unverified)."""


class BuildingLoad(Struct, frozen=True):
    """A building on the main: its highest floor with a household, and the mean use of its households on a workday."""

    place: str
    floors: int
    litres: float


class WaterMain(Struct, frozen=True):
    """The water main of one compound, in order from the gate."""

    compound: str
    buildings: tuple[BuildingLoad, ...]


class Manhole(Struct, frozen=True):
    """A manhole with its device. `depth_mm` is from the rim to the bottom."""

    device: str
    place: str
    depth_mm: int


class Content(StrEnum):
    """What a sewer is for: the attribute `cover` of its manholes, 雨水 or 污水; without it, both."""

    RAIN = "rain"
    FOUL = "foul"
    COMBINED = "combined"


_CONTENT: Final = {"雨水": Content.RAIN, "污水": Content.FOUL}


class SewerLine(Struct, frozen=True):
    """Manholes in the direction of the flow. `litres` is what the households use that it may get, on a workday."""

    id: str
    compound: str
    content: Content
    manholes: tuple[Manhole, ...]
    litres: float
    is_old: bool
    """Designed for a smaller storm."""


class Networks(Struct, frozen=True):
    """All pipes of a town."""

    mains: tuple[WaterMain, ...]
    sewers: tuple[SewerLine, ...]

    @property
    def fingerprint(self) -> str:
        """Changes when a pipe does: kept days belong to the networks that they were computed for."""
        return sha256(encode(self)).hexdigest()[:16]


def networks_of(town: Town) -> Networks:
    """The networks of a town. Depends on the town only."""
    places = {place.id: place for place in town.places}
    mains = tuple(_mains(town, places))
    litres = {main.compound: sum(load.litres for load in main.buildings) for main in mains}
    return Networks(mains, tuple(_sewers(town, places, litres)))


def place_with_role(places: Mapping[str, Place], start: str | None, *roles: LevelRole) -> str | None:
    """The nearest place of one of these roles, from `start` upwards."""
    found = (place.id for place in self_and_ancestors(places, start) if named_role(place.level) in roles)
    return next(found, None)


def natural_order(id_: str) -> list[tuple[int, str]]:
    """Sorts c1-2 before c1-10.

    >>> sorted(["c1-10", "c1-2"], key=natural_order)
    ['c1-2', 'c1-10']
    """
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", id_)]


def _mains(town: Town, places: Mapping[str, Place]) -> Iterator[WaterMain]:
    loads: dict[str, dict[str, tuple[int, float]]] = {}
    for household in town.households:
        building = place_with_role(places, household.place, LevelRole.BUILDING) or household.place
        compound = place_with_role(places, building, LevelRole.COMPOUND, LevelRole.AREA) or building
        of_compound = loads.setdefault(compound, {})
        floors, litres = of_compound.get(building, (1, 0.0))
        of_compound[building] = max(floors, household.floor), litres + mean_litres(len(household.residents))
    for compound in sorted(loads, key=natural_order):
        buildings = sorted(loads[compound].items(), key=lambda item: natural_order(item[0]))
        yield WaterMain(compound, tuple(BuildingLoad(place, *load) for place, load in buildings))


def _sewers(town: Town, places: Mapping[str, Place], litres: Mapping[str, float]) -> Iterator[SewerLine]:
    lines: dict[tuple[str, str], list[Device]] = {}
    for device in town.devices:
        if device.kind == MANHOLE and device.place is not None:
            compound = place_with_role(places, device.place, LevelRole.COMPOUND, LevelRole.AREA) or device.place
            road = place_with_role(places, device.place, LevelRole.ROAD) or compound
            lines.setdefault((compound, str(device.attributes.get("line", road))), []).append(device)
    content = {key: _content_of(devices) for key, devices in lines.items()}
    carry = Counter(compound for (compound, _), kind in content.items() if kind is not Content.RAIN)
    for (compound, line), devices in sorted(lines.items(), key=lambda item: natural_order("/".join(item[0]))):
        manholes = tuple(_manhole(town.seed, device) for device in sorted(devices, key=_order_on_line))
        sewage = litres.get(compound, 0.0) / max(carry[compound], 1)
        is_old = Random(f"{town.seed}/sewer/{compound}").random() < _OLD_SHARE
        yield SewerLine(line, compound, content[compound, line], manholes, sewage, is_old)


def _content_of(devices: Sequence[Device]) -> Content:
    found = {_CONTENT.get(str(device.attributes.get("cover")), Content.COMBINED) for device in devices}
    return found.pop() if len(found) == 1 else Content.COMBINED


_OLD_SHARE: Final = 0.6
"""751 of 1,221 compounds of 锦江 are old (facts/communities, row 19)."""


def _order_on_line(device: Device) -> tuple[float, list[tuple[int, str]]]:
    order = device.attributes.get("order", 0)
    return float(order) if isinstance(order, int | float) else 0.0, natural_order(device.id)


def _manhole(seed: int, device: Device) -> Manhole:
    depth = device.attributes.get("depth_mm")
    if not isinstance(depth, int):
        depth = Random(f"{seed}/depth/{device.id}").randrange(*DEFAULT_DEPTH_MM, 50)
    return Manhole(device.id, device.place or "", depth)


def by_id(lines: Iterable[SewerLine]) -> dict[str, SewerLine]:
    """Lines by their id."""
    return {line.id: line for line in lines}


def devices_of(town: Town, kind: str) -> Sequence[Device]:
    """The devices of one kind, in the order of the town."""
    return [device for device in town.devices if device.kind == kind]

"""Plans a town before its places exist: compounds, their buildings, and how many devices each compound gets."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from msgspec import Struct

from simulators.town.population.names import compound_name
from simulators.town.population.presets import Fitting, Preset, Spot, allocate

LIFT_FLOORS: Final = 7
"""Residential buildings from this number of storeys on have a lift (GB 50096-2011, 6.4.1)."""
TWO_LIFTS_FLOORS: Final = 12
"""From this number on, two in each unit (6.4.2)."""
TOWER_FLOORS: Final = 10
"""Buildings of more storeys have a fire panel."""


class BuildingPlan(Struct, frozen=True):
    """A residential building."""

    units: int
    floors: int
    flats: int
    """On each floor of a unit."""

    @property
    def capacity(self) -> int:
        return self.units * self.floors * self.flats

    @property
    def lifts(self) -> int:
        """Lifts of each unit."""
        return (self.floors >= LIFT_FLOORS) + (self.floors >= TWO_LIFTS_FLOORS)

    @property
    def is_tower(self) -> bool:
        return self.floors > TOWER_FLOORS


class CompoundPlan(Struct):
    """A compound. `households` are those with a registered occupant; `counts` are the devices by fitting."""

    index: int
    name: str
    is_old: bool
    community: int
    buildings: list[BuildingPlan]
    shops: int = 0
    elder_homes: int = 0
    households: int = 0
    counts: dict[Fitting, int] = {}

    @property
    def capacity(self) -> int:
        return sum(building.capacity for building in self.buildings)

    def road_spots(self) -> int:
        """Manholes, lamp posts and bins: each is a place."""
        return sum(count for fitting, count in self.counts.items() if fitting.spot is Spot.ROAD)

    def fixed_places(self) -> int:
        """The places of the compound without its households."""
        inside = sum(1 + plan.units * (1 + plan.lifts) for plan in self.buildings)
        return 1 + inside + (1 + self.shops if self.shops else 0) + ROADS + OFFICES + self.road_spots()


ROADS: Final = 3
OFFICES: Final = 1
_WALK_UPS: Final = ((3, 6, 2), (4, 6, 2), (3, 7, 2), (2, 6, 3), (5, 6, 2))
_TOWERS: Final = ((2, 18, 4), (2, 26, 4), (2, 33, 4), (1, 32, 6), (3, 11, 2), (2, 28, 4))
"""(units, floors, flats on each floor of a unit): our own choice, common forms of the 1980s to 2000s and since 2000."""


def plan_town(preset: Preset, seed: int) -> list[CompoundPlan]:
    """Every compound of the town, by community. All counts of the preset are met."""
    random = Random(f"{seed}/plan")
    compounds = _compounds(preset, random)
    _divide(preset, compounds, random)
    return compounds


def _compounds(preset: Preset, random: Random) -> list[CompoundPlan]:
    old = [index < preset.old_compounds for index in range(preset.compounds)]
    random.shuffle(old)
    size = [random.randint(60, 140) for _ in old]
    wanted = allocate(round(preset.households / preset.occupancy), size)
    per_community = allocate(preset.compounds, [1] * preset.communities)
    community = [number for number, count in enumerate(per_community) for _ in range(count)]
    return [
        CompoundPlan(
            index=index,
            name=compound_name(index, is_old),
            is_old=is_old,
            community=community[index],
            buildings=_buildings(preset, is_old, wanted[index], random),
        )
        for index, is_old in enumerate(old)
    ]


def _buildings(preset: Preset, is_old: bool, wanted: int, random: Random) -> list[BuildingPlan]:
    forms = _WALK_UPS if is_old else _TOWERS
    if preset.buildings is not None:
        return [BuildingPlan(*random.choice(forms)) for _ in range(random.randint(*preset.buildings))]
    buildings: list[BuildingPlan] = []
    while (missing := wanted - sum(one.capacity for one in buildings)) > 0:
        # The last one is no larger than it need be: a small town keeps its number of households.
        fitting = [form for form in forms if form[0] * form[1] * form[2] <= missing] or [min(forms, key=_flats_of)]
        buildings.append(BuildingPlan(*random.choice(fitting)))
    return buildings or [BuildingPlan(*min(forms, key=_flats_of))]


def _flats_of(form: tuple[int, int, int]) -> int:
    return form[0] * form[1] * form[2]


def _divide(preset: Preset, compounds: Sequence[CompoundPlan], random: Random) -> None:
    """Divides shops, households, elders and devices of the preset among the compounds."""
    capacities = [compound.capacity for compound in compounds]
    for compound, shops in zip(compounds, allocate(preset.shops, capacities), strict=True):
        compound.shops = shops
    for fitting in preset.fittings:
        if fitting.spot is Spot.ROAD:
            _give(compounds, fitting, fitting.count or 0, [random.randint(8, 12) for _ in compounds])
    households = preset.households
    if preset.places is not None:
        above = int(preset.has_district) + preset.streets + preset.communities
        households = preset.places - above - sum(compound.fixed_places() for compound in compounds)
    for compound, count in zip(compounds, allocate(households, capacities), strict=True):
        compound.households = count
    registered = [compound.households for compound in compounds]
    # Old compounds are where old people live: three times as many of them.
    ages = [count * (3 if compound.is_old else 1) for compound, count in zip(compounds, registered, strict=True)]
    for compound, elders in zip(compounds, allocate(preset.elder_homes, ages), strict=True):
        compound.elder_homes = min(elders, compound.households)
    _divide_devices(preset, compounds)


def _divide_devices(preset: Preset, compounds: Sequence[CompoundPlan]) -> None:
    open_ended = next((fitting for fitting in preset.fittings if fitting.kind == preset.remainder), None)
    for fitting in preset.fittings:
        limits = [spots_of(compound, fitting.spot) for compound in compounds]
        if fitting.spot is not Spot.ROAD and (fitting is not open_ended or preset.devices is None):
            _give(compounds, fitting, sum(limits) if fitting.count is None else min(fitting.count, sum(limits)), limits)
    if open_ended is not None and preset.devices is not None:
        rest = preset.devices - sum(sum(compound.counts.values()) for compound in compounds)
        _give(compounds, open_ended, rest, [spots_of(compound, open_ended.spot) for compound in compounds])


def _give(compounds: Sequence[CompoundPlan], fitting: Fitting, total: int, weights: list[int]) -> None:
    for compound, count in zip(compounds, allocate(total, weights), strict=True):
        compound.counts = {**compound.counts, fitting: count}


def spots_of(compound: CompoundPlan, spot: Spot) -> int:
    """How many spots of this type the compound has."""
    buildings = compound.buildings
    counts = {
        Spot.HOUSEHOLD: compound.households,
        Spot.ELDER_HOME: compound.elder_homes,
        Spot.SHOP: compound.shops,
        Spot.CORRIDOR: sum(plan.units * plan.floors for plan in buildings),
        Spot.LIFT: sum(plan.units * plan.lifts for plan in buildings),
        Spot.BUILDING: len(buildings),
        Spot.TOWER: sum(plan.is_tower for plan in buildings),
        Spot.ROAD: ROADS,
        Spot.OFFICE: OFFICES,
    }
    return counts[spot]

"""Builds a town: `build_town("community", 1)`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from domain import Device
from simulators.town.population.devices import Installer
from simulators.town.population.geometry import Box
from simulators.town.population.places import CompoundPlaces, lay_out
from simulators.town.population.plan import plan_town
from simulators.town.population.presets import PRESETS
from simulators.town.population.residents import Home, settle
from simulators.town.population.staff import Staff
from simulators.town.town import Household, Outline, Town

TIMEZONE: Final = "Asia/Shanghai"
_KITCHENS_M3: Final = {True: (9.0, 14.0), False: (12.0, 22.0)}
"""Kitchens of old and new buildings: 4 to 8 m² and 2.4 to 2.8 m high; ours."""


def build_town(preset: str, seed: int) -> Town:
    """The town of a preset. The same preset and seed give the same town. Raises KeyError for an unknown preset."""
    figures = PRESETS[preset]
    geography = lay_out(figures, plan_town(figures, seed), seed)
    residents = settle(figures, geography.compounds, seed)
    staff = Staff(figures, seed)
    staff.add_all(geography.compounds, residents)
    installer = Installer(figures, seed)
    devices: list[Device] = []
    households: list[Household] = []
    for compound, homes in zip(geography.compounds, residents.homes, strict=True):
        installed = list(installer.install(compound, homes))
        devices += installed
        households += _households(compound, homes, installed, seed)
    return Town(
        preset=preset,
        seed=seed,
        timezone=TIMEZONE,
        places=tuple(geography.places),
        cells=tuple(geography.cells),
        people=(*(staff.volunteers.get(person.id, person) for person in residents.people), *staff.people),
        duties=tuple(staff.duties),
        devices=tuple(devices),
        households=tuple(households),
        rotations=tuple(staff.rotations),
        outlines=tuple(_outline(place, box) for place, box in geography.outlines.items()),
    )


def _outline(place: str, box: Box) -> Outline:
    return Outline(place, box.ring)


def _households(
    compound: CompoundPlaces, homes: Sequence[Home], devices: Sequence[Device], seed: int
) -> Iterator[Household]:
    random = Random(f"{seed}/kitchens/{compound.id}")
    inside: dict[str | None, list[str]] = {}
    for device in devices:
        inside.setdefault(device.place, []).append(device.id)
    for home in homes:
        yield Household(
            place=home.flat.place,
            residents=tuple(person.id for person in home.residents),
            devices=tuple(inside.get(home.flat.place, ())),
            floor=home.flat.floor,
            volume_m3=round(random.uniform(*_KITCHENS_M3[compound.plan.is_old]), 1),
            has_elder_alone=home.is_elder,
        )

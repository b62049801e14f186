"""The devices of a town: what each compound was fitted with, of the products that its community bought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from msgspec import Struct

from domain import Attribute, Device
from simulators.town.population.identities import identities_of
from simulators.town.population.places import CompoundPlaces
from simulators.town.population.presets import Fitting, Preset, Spot
from simulators.town.population.procurement import Product, bought_products
from simulators.town.population.residents import Home

PREFIXES: Final[Mapping[str, str]] = {
    "gas_alarm": "gas", "smoke_alarm": "smoke", "water_meter": "meter", "water_leak": "leak", "wristband": "band",
    "door": "door", "motion": "motion", "sos_button": "sos", "manhole": "manhole", "bin": "bin", "lamp_post": "lamp",
    "falling_object": "camera", "ebike_lift": "lift", "fire_panel": "panel", "gateway": "gw",
}  # fmt: skip
"""Kind -> beginning of the ids of its devices."""
INSTALLED_UNTIL: Final = date(2026, 10, 1)
"""Installation days are before this day and less than three years before: no sensor expires by itself."""
_INSTALLED_DAYS: Final = 1000
_COVERS: Final = ("雨水", "污水")
_ELDERS_METER: Final = "1h"
"""A programme that asks after 12 hours without water needs meters that report more than once a day."""
_OF_PERSON: Final = frozenset({"wristband", "door", "motion", "sos_button"})


class _Target(Struct, frozen=True):
    """Where a device goes: its place, the number of the building in the compound, and what is peculiar to it.

    What stands in the street hangs on the gateway of the compound's office, everything else on that of its building.
    """

    place: str
    building: int
    attributes: Mapping[str, Attribute] = {}
    in_street: bool = False


class Installer:
    """Numbers the devices and chooses their products."""

    def __init__(self, preset: Preset, seed: int) -> None:
        self._preset, self._seed = preset, seed
        self._numbers: Counter[str] = Counter()
        self._total = 0
        self._bought: dict[int, Mapping[str, Sequence[Product]]] = {}
        self._gateways: dict[str, str] = {}
        self._width = 3 if (preset.households or preset.places or 0) < 1000 else 5

    def install(self, compound: CompoundPlaces, homes: Sequence[Home]) -> Iterator[Device]:
        """The devices of one compound, gateways first: others name them."""
        community = compound.plan.community
        if community not in self._bought:
            self._bought[community] = bought_products(self._seed, community, self._preset)
        fittings = sorted(compound.plan.counts.items(), key=lambda one: one[0].kind != "gateway")
        for fitting, count in fittings:
            random = Random(f"{self._seed}/fit/{compound.id}/{fitting.kind}/{fitting.spot}")
            for target in _targets(compound, homes, fitting, count, random):
                yield self._device(fitting.kind, compound, target, random)

    def _device(self, kind: str, compound: CompoundPlaces, target: _Target, random: Random) -> Device:
        self._numbers[kind] += 1
        self._total += 1
        products = self._bought[compound.plan.community][kind]
        product = products[(compound.plan.index + target.building) % len(products)]
        id_ = f"{PREFIXES[kind]}-{self._numbers[kind]:0{self._width}d}"
        attributes: dict[str, Attribute] = dict(target.attributes)
        if product.report_every is not None:
            attributes.setdefault("report_every", product.report_every)
        if kind in ("gas_alarm", "smoke_alarm"):
            installed = INSTALLED_UNTIL - timedelta(days=random.randint(30, _INSTALLED_DAYS))
            attributes["installed_on"] = installed.isoformat()
        if kind == "gateway":
            self._gateways[target.place] = id_
        elif product.needs_gateway and (gateway := self._gateway_for(compound, target)):
            attributes["gateway"] = gateway
        behind = attributes.get("gateway")
        identities = identities_of(product.platform, kind, self._total, None if behind is None else str(behind))
        return Device(id_, kind, product.model, target.place, identities, attributes)

    def _gateway_for(self, compound: CompoundPlaces, target: _Target) -> str | None:
        """That of the building, else that of the compound's office."""
        office = self._gateways.get(compound.office)
        return office if target.in_street else self._gateways.get(compound.buildings[target.building], office)


def _targets(
    compound: CompoundPlaces, homes: Sequence[Home], fitting: Fitting, count: int, random: Random
) -> Iterator[_Target]:
    """`count` targets of the fitting, spread at random, in order of the places."""
    every = list(_all_targets(compound, homes, fitting))
    for index in sorted(random.sample(range(len(every)), count)):
        yield every[index]


def _all_targets(compound: CompoundPlaces, homes: Sequence[Home], fitting: Fitting) -> Iterator[_Target]:
    spot = fitting.spot
    if spot in (Spot.HOUSEHOLD, Spot.ELDER_HOME):
        wanted = (home for home in homes if home.is_elder or spot is Spot.HOUSEHOLD)
        yield from (_at_home(fitting.kind, home) for home in wanted)
    elif spot is Spot.SHOP:
        yield from (_Target(shop, 0, {"use": "catering"}) for shop in compound.shops)
    elif spot is Spot.ROAD:
        yield from _on_roads(compound, fitting.kind)
    elif spot is Spot.CORRIDOR:
        yield from _corridors(compound)
    else:
        yield from _in_building(compound, spot)


def _at_home(kind: str, home: Home) -> _Target:
    attributes: dict[str, Attribute] = {}
    if kind == "gas_alarm":
        attributes["use"] = "home"
    if home.is_elder and (kind in _OF_PERSON or kind == "water_meter"):
        attributes["person"] = home.residents[0].id
    if home.is_elder and kind == "water_meter":
        attributes["report_every"] = _ELDERS_METER
    if kind == "sos_button":
        attributes |= {"key_medical": 2, "key_service": 3}
    return _Target(home.flat.place, home.flat.building, attributes)


def _corridors(compound: CompoundPlaces) -> Iterator[_Target]:
    """One on each floor of each unit."""
    for number, plan in enumerate(compound.plan.buildings):
        for unit in compound.units[number]:
            yield from (_Target(unit, number, {"floor": floor}) for floor in range(1, plan.floors + 1))


def _in_building(compound: CompoundPlaces, spot: Spot) -> Iterator[_Target]:
    if spot is Spot.OFFICE:
        yield _Target(compound.office, 0)
    elif spot is Spot.LIFT:
        numbers = {name: number for number, name in enumerate(compound.buildings)}
        yield from (_Target(lift, numbers[lift.rsplit("-", 2)[0]]) for lift in compound.lifts)
    else:
        for number, plan in enumerate(compound.plan.buildings):
            if spot is Spot.BUILDING or plan.is_tower:
                yield _Target(compound.buildings[number], number)


def _on_roads(compound: CompoundPlaces, kind: str) -> Iterator[_Target]:
    """Manholes belong to a rain or a foul sewer of the compound, `order` downstream."""
    for number, place in enumerate(compound.road_spots.get(kind, ())):
        attributes: dict[str, Attribute] = {}
        if kind == "manhole":
            attributes["cover"] = _COVERS[number % 2]
            attributes["line"] = f"{compound.id}-{('rain', 'foul')[number % 2]}"
            attributes["order"] = number // 2 + 1
        yield _Target(place, number % len(compound.buildings), attributes, in_street=True)

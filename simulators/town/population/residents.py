"""The residents of every household: ages, who lives alone, what care they need, and their families' contacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from domain import Attribute, Person
from simulators.town.population.names import person_name
from simulators.town.population.places import CompoundPlaces, Flat
from simulators.town.population.presets import Preset, allocate

_SIZES: Final = ((1, 25), (2, 30), (3, 21), (4, 13), (5, 6), (6, 5))
"""Persons in a household and its share in percent: 2.6 on average (Seventh National Population Census 2020: 2.62).
docs/town.md has the source of each figure."""
_CARE: Final = ("高血压", "糖尿病", "冠心病", "关节炎", "白内障")
_CLASSES: Final = ("独居老人", "独居老人", "独居老人", "低保", "残疾人", "失独")
_RELATIONS: Final = ("儿子", "女儿", "侄子", "儿媳", "妹妹")
FENCE_M: Final = 600


class Home(Struct, frozen=True):
    """The residents of a flat; `is_elder` for one person over 70 who lives alone."""

    flat: Flat
    residents: tuple[Person, ...]
    is_elder: bool


class Residents(Struct):
    """All homes by compound, and all people in order: residents, then families."""

    homes: list[list[Home]]
    people: list[Person]


def settle(preset: Preset, compounds: Sequence[CompoundPlaces], seed: int) -> Residents:
    """People in every household."""
    flats = sum(len(compound.flats) for compound in compounds)
    sizes = iter(_household_sizes(preset, flats, seed))
    width = max(3, len(str(preset.residents)))
    numbers = iter(range(1, preset.residents + 1))
    result = Residents([], [])
    for compound in compounds:
        random = Random(f"{seed}/residents/{compound.plan.index}")
        elders = set(random.sample(range(len(compound.flats)), compound.plan.elder_homes))
        homes: list[Home] = []
        for index, flat in enumerate(compound.flats):
            size = 1 if index in elders else next(sizes)
            ids = [f"r{next(numbers):0{width}d}" for _ in range(size)]
            ages = [random.randint(70, 93)] if index in elders else _ages(random, size)
            position = compound.positions[flat.building]
            people = tuple(
                _person(random, id_, flat, age, index in elders, position) for id_, age in zip(ids, ages, strict=True)
            )
            homes.append(Home(flat, people, index in elders))
            result.people += people
        result.homes.append(homes)
    result.people += _families(result.homes, seed)
    return result


def _household_sizes(preset: Preset, flats: int, seed: int) -> list[int]:
    """Sizes of the households that are no lone elder's, so that all people add up."""
    random = Random(f"{seed}/sizes")
    others = flats - preset.elder_homes
    sizes = random.choices([size for size, _ in _SIZES], [share for _, share in _SIZES], k=others)
    return allocate(preset.residents - preset.elder_homes, sizes)


def _ages(random: Random, size: int) -> list[int]:
    """Ages of the people of one household: couples, old couples, families with children and grandparents."""
    if size <= 1:
        return [random.randint(22, 69)] * size
    if size == 2 and random.random() < 0.35:
        first = random.randint(62, 86)
        return [first, max(60, first + random.randint(-5, 3))]
    parent = random.randint(26, 55)
    ages = [parent, max(22, parent + random.randint(-6, 4))]
    children = [random.randint(0, max(1, min(20, parent - 22))) for _ in range(min(2, size - 2))]
    grandparents = [min(90, parent + random.randint(23, 34)) for _ in range(size - 2 - len(children))]
    return [*ages, *children, *grandparents]


def _person(random: Random, id_: str, flat: Flat, age: int, is_elder: bool, position: tuple[float, float]) -> Person:
    attributes: dict[str, Attribute] = {"age": age}
    if is_elder:
        attributes |= {"lives_alone": True, "care_class": random.choice(_CLASSES)}
        attributes |= _frailty(random, age)
    elif age >= 75 and random.random() < 0.25:
        attributes |= _frailty(random, age)
    elif age < 4 or random.random() > 0.01:
        pass
    elif 24 <= age <= 40:
        attributes["pregnant"] = True
    if "wanders" in attributes:
        lon, lat = position
        attributes |= {"fence_lat": lat, "fence_lon": lon, "fence_m": FENCE_M}
    phone = f"199{int(id_[1:]) + 10_000:08d}" if age >= 12 else None
    return Person(id_, person_name(random, age), phone, home=flat.place, attributes=attributes)


def _frailty(random: Random, age: int) -> dict[str, Attribute]:
    """What a helper must know; the shares are ours."""
    attributes: dict[str, Attribute] = {}
    if random.random() < 0.6:
        attributes["illness"] = random.choice(_CARE)
    if random.random() < 0.25:
        attributes["hearing"] = "听力下降"
    if random.random() < (0.35 if age >= 80 else 0.12):
        attributes["mobility"] = "行动不便"
    if random.random() < (0.12 if age >= 80 else 0.04):
        attributes |= {"dementia": True, "wanders": True}
    return attributes


def _families(homes: Sequence[Sequence[Home]], seed: int) -> Iterator[Person]:
    """A relative to call for most lone elders; most of them agreed to be called."""
    random = Random(f"{seed}/families")
    elders = [home.residents[0] for inside in homes for home in inside if home.is_elder]
    for number, elder in enumerate(elders, 1):
        if random.random() < 0.85:
            name = elder.name[0] + person_name(random, 45)[1:]
            attributes: dict[str, Attribute] = {"family_of": elder.id, "relation": random.choice(_RELATIONS)}
            attributes["consent"] = random.random() < 0.9
            yield Person(f"family-{number:03d}", name, f"1981{number:07d}", attributes=attributes)

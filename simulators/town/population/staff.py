"""Who is on duty: grid workers, leads, community and street offices, property, clinic, departments, volunteers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Final

from msgspec import structs

from domain import Attribute, DayType, Duty, Person
from domain.rosters import Handover, Rotation, RotationLayer, Shift
from simulators.town.population.names import numeral, person_name
from simulators.town.population.places import CompoundPlaces, cell_suffix, community_id, street_of
from simulators.town.population.presets import Preset, allocate
from simulators.town.population.residents import Home, Residents

_DAY, _NIGHT = (8 * 60, 20 * 60), (20 * 60, 8 * 60)
_ALWAYS: Final = (0, 24 * 60)
_OFFICE_HOURS, _AFTER_OFFICE = (9 * 60, 18 * 60), (18 * 60, 9 * 60)
_FROM_NINE_TO_NINE: Final = (9 * 60, 9 * 60)
"""A rest day of a service that changes at nine: until the next morning."""
ROTATION_START: Final = date(2026, 1, 1)
VOLUNTEERS_PER_GRID: Final = 3
COURIERS: Final = 5
"""For each community."""


class Staff:
    """Employees, volunteers and organisations with their roster lines and rotations, in order of creation."""

    def __init__(self, preset: Preset, seed: int) -> None:
        self.people: list[Person] = []
        self.duties: list[Duty] = []
        self.rotations: list[Rotation] = []
        self.volunteers: dict[str, Person] = {}
        """Residents who help, by id, with what is written of their help."""
        self._preset = preset
        self._random = Random(f"{seed}/staff")

    def employ(self, id_: str, title: str, **attributes: Attribute) -> str:
        """A person with a phone and a WeCom account; returns the id."""
        number = len(self.people) + 1
        name = person_name(self._random, self._random.randint(24, 58))
        about: dict[str, Attribute] = {"title": title, **attributes}
        self.people.append(Person(id_, name, f"1990{number:07d}", f"fs-{id_}", attributes=about))
        return id_

    def on_duty(
        self,
        cell: str,
        role: str,
        person: str,
        rank: int = 0,
        hours: tuple[int, int] = _ALWAYS,
        hazards: tuple[str, ...] = (),
        days: tuple[DayType, ...] = (),
    ) -> None:
        """A line of the roster."""
        duty = Duty(f"d{len(self.duties) + 1:04d}", cell, role, person, rank, (), *hours, hazards=hazards, days=days)
        self.duties.append(duty)

    def add_all(self, compounds: Sequence[CompoundPlaces], residents: Residents) -> None:
        """Everybody on duty in the town."""
        for community in range(self._preset.communities):
            inside = [index for index, one in enumerate(compounds) if one.plan.community == community]
            self._grids(community)
            self._community(community)
            self._couriers(community, [compounds[index] for index in inside])
            self._property(community, [compounds[index] for index in inside])
            self._volunteers(community, [home for index in inside for home in residents.homes[index]])
        if self._preset.has_district:
            self._district()
        for street in dict.fromkeys(street_of(self._preset, one) for one in range(self._preset.communities)):
            self._street(street)

    def _grids(self, community: int) -> None:
        """1+13+48+N: each grid has a lead and two full-time workers, each micro-grid a part-time worker by day."""
        suffix = cell_suffix(self._preset, community)
        micro_number = 0
        for grid, parts in enumerate(allocate(self._preset.micro_grids, [1] * self._preset.grids), 1):
            cell, name = f"g{suffix}{grid:02d}", f"第{numeral(grid)}网格"
            worker = self.employ(f"worker-{suffix}{grid:02d}", f"{name}网格员")
            deputy = self.employ(f"deputy-{suffix}{grid:02d}", f"{name}副网格员")
            self.on_duty(cell, "worker", worker)
            self.on_duty(cell, "worker", deputy, rank=1)
            self.on_duty(cell, "lead", self.employ(f"lead-{suffix}{grid:02d}", f"{name}网格长"))
            self.on_duty(cell, "lead", deputy, rank=1)
            for part in range(1, parts + 1):
                micro_number += 1
                micro = f"m{suffix}{micro_number:02d}"
                helper = self.employ(f"micro-{suffix}{micro_number:02d}", f"{name}{part}号微网格员")
                self.on_duty(micro, "worker", helper, hours=_DAY)
                self.on_duty(micro, "worker", worker, rank=1, hours=_DAY)

    def _community(self, community: int) -> None:
        cell = community_id(self._preset, community)
        shifts = [
            self.employ(f"{cell}-day", "社区日班值守"),
            self.employ(f"{cell}-night", "社区夜班值守"),
            self.employ(f"{cell}-relief", "社区值守轮换"),
        ]
        self.rotations.append(_rotation(cell, shifts))
        self.on_duty(cell, "community", self.employ(f"{cell}-head", "社区书记、总网格长"), rank=1)
        self.on_duty(cell, "worker", self.employ(f"{cell}-mobile", "社区机动网格员"))
        tag = "" if cell == "community" else f"{cell.removeprefix('community-')}-"
        for number, title in enumerate(("设备维保员", "设备维保主管")):
            self.on_duty(cell, "maintenance", self.employ(f"maintenance-{tag}{number + 1}", title), rank=number)
        nurse = self.employ(f"clinic-{tag}1", "社区卫生站护士")
        on_call = self.employ(f"clinic-{tag}2", "社区卫生站值班医护")
        self.on_duty(cell, "clinic", nurse, hours=_OFFICE_HOURS, days=(DayType.WORKDAY,))
        self.on_duty(cell, "clinic", on_call, hours=_AFTER_OFFICE, days=(DayType.WORKDAY,))
        self.on_duty(cell, "clinic", on_call, hours=_FROM_NINE_TO_NINE, days=(DayType.REST_DAY,))
        self.on_duty(cell, "doctor", self.employ(f"doctor-{tag}1", "家庭医生"))
        self.on_duty(cell, "caregiver", self.employ(f"caregiver-{tag}1", "照护员"), hours=_DAY)
        self.on_duty(cell, "service", self.employ(f"service-{tag}1", "助餐助行服务点"), hours=_DAY)
        self.on_duty(cell, "sanitation", self.employ(f"sanitation-{tag}1", "环卫班长"), hours=_DAY)

    def _couriers(self, community: int, compounds: Sequence[CompoundPlaces]) -> None:
        """Delivery riders who agreed to help, each with the place where he usually waits for orders."""
        cell = community_id(self._preset, community)
        tag = cell_suffix(self._preset, community)
        for number in range(1, COURIERS + 1):
            lon, lat = self._random.choice(self._random.choice(compounds).positions)
            about: dict[str, Attribute] = {"consent": True, "available": self._random.random() < 0.8}
            about |= {"lon": lon, "lat": lat}
            self.on_duty(cell, "courier", self.employ(f"courier-{tag}{number}", "外卖骑手", **about), hours=_DAY)

    def _property(self, community: int, compounds: Sequence[CompoundPlaces]) -> None:
        """A property company for each compound answers for the micro-grids of its buildings."""
        cell = community_id(self._preset, community)
        served = set[str]()
        for compound in compounds:
            person = self.employ(f"property-{compound.id}", f"{compound.plan.name}物业值班员")
            for micro in dict.fromkeys(compound.cells):
                self.on_duty(micro, "property", person, rank=int(micro in served))
                served.add(micro)
        self.on_duty(cell, "property", f"property-{compounds[0].id}")

    def _volunteers(self, community: int, homes: Sequence[Home]) -> None:
        """Residents between 20 and 65 who help: with their home, their consent and whether they have time."""
        suffix, grids = cell_suffix(self._preset, community), self._preset.grids
        able = [person for home in homes for person in home.residents if 20 <= int(person.attributes["age"]) <= 65]
        chosen = self._random.sample(able, min(len(able), grids * VOLUNTEERS_PER_GRID))
        for number, person in enumerate(chosen):
            about: dict[str, Attribute] = {"title": "志愿者", "consent": self._random.random() < 0.9}
            about["available"] = self._random.random() < 0.7
            self.volunteers[person.id] = structs.replace(person, attributes={**person.attributes, **about})
            cell = f"g{suffix}{number % grids + 1:02d}"
            self.on_duty(cell, "volunteer", person.id, rank=number // grids)

    def _street(self, street: str) -> None:
        tag = street
        self.on_duty(street, "street", self.employ(f"{tag}-duty", "街道值班员"))
        self.on_duty(street, "street", self.employ(f"{tag}-head", "街道带班领导"), rank=1)
        tag = "" if street == "street" else f"-{street.removeprefix('street-')}"
        emergency = self.employ(f"dept-emergency{tag}", "区应急局值班员")
        gas = self.employ(f"dept-gas{tag}", "燃气公司抢险队")
        water = self.employ(f"dept-water{tag}", "供水排水抢修队")
        self.on_duty(street, "department", emergency)
        self.on_duty(street, "department", gas, hazards=("gas",))
        self.on_duty(street, "department", water, hazards=("water", "manhole"))
        self.on_duty(street, "gas_company", gas)
        patrol = self.employ(f"patrol{tag}", "街道巡查员")
        self.on_duty(street, "patrol", patrol)
        self.on_duty(street, "worker", patrol)
        self.on_duty(street, "property", self.employ(f"works{tag}", "市政养护班"))

    def _district(self) -> None:
        """The operations centre: what belongs to no street is its own."""
        duty, head = self.employ("district-duty", "区运行中心值班员"), self.employ("district-head", "区运行中心主任")
        for role in ("worker", "community", "street", "department", "property"):
            self.on_duty("district", role, duty)
        self.on_duty("district", "street", head, rank=1)


def _rotation(cell: str, team: Sequence[str]) -> Rotation:
    """Two shifts around the clock worked by three persons, who change every day."""
    shifts = (Shift("日", _DAY[0], 12 * 60), Shift("夜", _NIGHT[0], 12 * 60))
    handover = Handover(ROTATION_START, _DAY[0], 1)
    layer = RotationLayer(0, tuple((person,) for person in team), shifts, handover)
    return Rotation(f"{cell}-watch", "社区值守", (cell,), "community", (layer,))

"""Who is on duty: grid workers, leads, community and street offices, property, clinic, departments, volunteers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from msgspec import Struct, structs

from domain import Attribute, DayType, Duty, Person
from domain.rosters import Rotation
from simulators.town.population import shifts
from simulators.town.population.names import numeral, person_name
from simulators.town.population.places import CompoundPlaces, cell_suffix, community_id, street_of
from simulators.town.population.presets import Preset, allocate
from simulators.town.population.residents import Home, Residents

_ALWAYS: Final = (0, 24 * 60)
_OFFICE_HOURS, _AFTER_OFFICE = (9 * 60, 18 * 60), (18 * 60, 9 * 60)
_FROM_NINE_TO_NINE: Final = (9 * 60, 9 * 60)
"""A rest day of a service that changes at nine: until the next morning."""
VOLUNTEERS_PER_GRID: Final = 3
COURIERS: Final = 5
"""For each community."""
STREET_DUTY, STREET_LEADERS = 8, 4
OPERATORS: Final = 6
"""A maintenance contractor's, at least (docs/town.md)."""
CREWS: Final = 4
"""Of twelve hours around the clock: 42 hours a week for each person."""
ON_CALL: Final = 3
"""Who take turns out of office hours, a day each."""


class Post(Struct, frozen=True):
    """A post that several persons hold in turns. `person` is the first of them; the others are employed after everybody
    else, so that names and numbers of a town do not depend on them. `ranks`: cells by the rank of their lines."""

    person: str
    title: str
    role: str
    ranks: Mapping[int, Sequence[str]]
    hazards: tuple[str, ...] = ()
    is_on_call: bool = False


class Staff:
    """Employees, volunteers and organisations with their roster lines and rotations, in order of creation."""

    def __init__(self, preset: Preset, seed: int) -> None:
        self.people: list[Person] = []
        self.duties: list[Duty] = []
        self.rotations: list[Rotation] = []
        self.volunteers: dict[str, Person] = {}
        """Residents who help, by id, with what is written of their help."""
        self._preset = preset
        self._posts: list[Post] = []
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

    def _hold(self, post: Post) -> None:
        """A post at any hour: of one person, or of several who take turns."""
        if self._preset.shifts:
            self._posts.append(post)
            return
        for rank, cells in post.ranks.items():
            for cell in cells:
                self.on_duty(cell, post.role, post.person, rank=rank, hazards=post.hazards)

    def _take_turns(self) -> None:
        teams: dict[str, list[str]] = {}
        for post in self._posts:
            size = ON_CALL if post.is_on_call else CREWS
            if post.person not in teams:
                others = (self.employ(f"{post.person}-{number}", post.title) for number in range(2, size + 1))
                teams[post.person] = [post.person, *others]
            for rank, cells in ((rank, cells) for rank, cells in post.ranks.items() if cells):
                self.rotations.append(_turns(post, cells, rank, teams[post.person]))

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
        self._take_turns()

    def _grids(self, community: int) -> None:
        """1+13+48+N: each grid has a lead and full-time workers, each micro-grid a part-time worker by day."""
        suffix = cell_suffix(self._preset, community)
        cells, teams, micro_number = list[str](), list[list[str]](), 0
        for grid, parts in enumerate(allocate(self._preset.micro_grids, [1] * self._preset.grids), 1):
            cell, name = f"g{suffix}{grid:02d}", f"第{numeral(grid)}网格"
            cells.append(cell)
            teams.append(self._grid_team(cell, name, f"{suffix}{grid:02d}"))
            micro_grids = list[str]()
            for part in range(1, parts + 1):
                micro_number += 1
                micro_grids.append(f"m{suffix}{micro_number:02d}")
                helper = self.employ(f"micro-{suffix}{micro_number:02d}", f"{name}{part}号微网格员")
                self.on_duty(micro_grids[-1], "worker", helper, hours=shifts.DAY)
                if not self._preset.shifts:
                    self.on_duty(micro_grids[-1], "worker", teams[-1][0], rank=1, hours=shifts.DAY)
            if self._preset.shifts:
                self.rotations += shifts.grid_days(cell, micro_grids, name, teams[-1])
        if self._preset.shifts:
            self._areas(community, cells, teams)

    def _grid_team(self, cell: str, name: str, number: str) -> list[str]:
        """The workers of a grid. With shifts they are three, and the lead is on duty by day."""
        team = [self.employ(f"worker-{number}", f"{name}网格员"), self.employ(f"deputy-{number}", f"{name}副网格员")]
        if self._preset.shifts:
            team.append(self.employ(f"relief-{number}", f"{name}轮换网格员"))
        else:
            for rank, worker in enumerate(team):
                self.on_duty(cell, "worker", worker, rank=rank)
        lead = self.employ(f"lead-{number}", f"{name}网格长")
        if self._preset.shifts:
            self.on_duty(cell, "lead", lead, hours=shifts.DAY, days=(DayType.WORKDAY,))
        else:
            self.on_duty(cell, "lead", lead)
            self.on_duty(cell, "lead", team[1], rank=1)
        return team

    def _areas(self, community: int, cells: Sequence[str], teams: Sequence[Sequence[str]]) -> None:
        """Grids next to each other share the nights."""
        suffix = cell_suffix(self._preset, community)
        tag = f"-{suffix.removesuffix('-')}" if suffix else ""
        for number, grids in enumerate(shifts.areas(len(cells)), 1):
            inside = [cells[grid] for grid in grids]
            leads = [f"lead-{suffix}{grid + 1:02d}" for grid in grids]
            self.rotations.append(shifts.area_nights(number, tag, inside, [teams[grid] for grid in grids]))
            self.rotations.append(shifts.area_leads(number, tag, inside, leads))

    def _community(self, community: int) -> None:
        cell = community_id(self._preset, community)
        team = [
            self.employ(f"{cell}-day", "社区日班值守"),
            self.employ(f"{cell}-night", "社区夜班值守"),
            self.employ(f"{cell}-relief", "社区值守轮换"),
        ]
        if self._preset.shifts:
            team.append(self.employ(f"{cell}-reserve", "社区值守轮换"))
        self.rotations.append(shifts.watch(cell, "社区值守", "community", team))
        self.on_duty(cell, "community", self.employ(f"{cell}-head", "社区书记、总网格长"), rank=1)
        self.on_duty(cell, "worker", self.employ(f"{cell}-mobile", "社区机动网格员"))
        tag = "" if cell == "community" else f"{cell.removeprefix('community-')}-"
        self._maintenance(cell, tag)
        nurse = self.employ(f"clinic-{tag}1", "社区卫生站护士")
        on_call = self.employ(f"clinic-{tag}2", "社区卫生站值班医护")
        self.on_duty(cell, "clinic", nurse, hours=_OFFICE_HOURS, days=(DayType.WORKDAY,))
        if self._preset.shifts:
            self._hold(Post(on_call, "社区卫生站值班医护", "clinic", {0: [cell]}, is_on_call=True))
        else:
            self.on_duty(cell, "clinic", on_call, hours=_AFTER_OFFICE, days=(DayType.WORKDAY,))
            self.on_duty(cell, "clinic", on_call, hours=_FROM_NINE_TO_NINE, days=(DayType.REST_DAY,))
        self._hold(Post(self.employ(f"doctor-{tag}1", "家庭医生"), "家庭医生", "doctor", {0: [cell]}))
        self.on_duty(cell, "caregiver", self.employ(f"caregiver-{tag}1", "照护员"), hours=shifts.DAY)
        self.on_duty(cell, "service", self.employ(f"service-{tag}1", "助餐助行服务点"), hours=shifts.DAY)
        self.on_duty(cell, "sanitation", self.employ(f"sanitation-{tag}1", "环卫班长"), hours=shifts.DAY)

    def _maintenance(self, cell: str, tag: str) -> None:
        """The contractor: operators in two shifts, and engineers who take turns in leading them."""
        operators = [self.employ(f"maintenance-{tag}1", "设备维保员")]
        engineers = [self.employ(f"maintenance-{tag}2", "设备维保主管")]
        if not self._preset.shifts:
            self.on_duty(cell, "maintenance", operators[0])
            self.on_duty(cell, "maintenance", engineers[0], rank=1)
            return
        numbers = range(3, OPERATORS + 2)
        operators += [self.employ(f"maintenance-{tag}{number}", "设备维保员") for number in numbers]
        engineers.append(self.employ(f"maintenance-{tag}{OPERATORS + 2}", "设备维保主管"))
        turns = shifts.watch(f"{cell}-maintenance", "设备维保", "maintenance", operators)
        leading = shifts.watch(cell, "维保带班", "maintenance", engineers, rank=1)
        self.rotations += [structs.replace(turns, cells=(cell,)), leading]

    def _couriers(self, community: int, compounds: Sequence[CompoundPlaces]) -> None:
        """Delivery riders who agreed to help, each with the place where he usually waits for orders."""
        cell = community_id(self._preset, community)
        tag = cell_suffix(self._preset, community)
        for number in range(1, COURIERS + 1):
            lon, lat = self._random.choice(self._random.choice(compounds).positions)
            about: dict[str, Attribute] = {"consent": True, "available": self._random.random() < 0.8}
            about |= {"lon": lon, "lat": lat}
            self.on_duty(cell, "courier", self.employ(f"courier-{tag}{number}", "外卖骑手", **about), hours=shifts.DAY)

    def _property(self, community: int, compounds: Sequence[CompoundPlaces]) -> None:
        """A property company for each compound answers for the micro-grids of its buildings."""
        cell = community_id(self._preset, community)
        served = set[str]()
        for compound in compounds:
            title = f"{compound.plan.name}物业值班员"
            person = self.employ(f"property-{compound.id}", title)
            cells = list(dict.fromkeys(compound.cells))
            if self._preset.shifts:
                first = [micro for micro in cells if micro not in served]
                ranks = {0: [*first, *([cell] if compound is compounds[0] else [])], 1: served.intersection(cells)}
                self._posts.append(Post(person, title, "property", {rank: sorted(ranks[rank]) for rank in ranks}))
            else:
                for micro in cells:
                    self.on_duty(micro, "property", person, rank=int(micro in served))
            served.update(cells)
        if not self._preset.shifts:
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
        duty, head = self.employ(f"{tag}-duty", "街道值班员"), self.employ(f"{tag}-head", "街道带班领导")
        if self._preset.shifts:
            team = [duty, *(self.employ(f"{tag}-duty-{n}", "街道值班员") for n in range(2, STREET_DUTY + 1))]
            leaders = [head, *(self.employ(f"{tag}-head-{n}", "街道带班领导") for n in range(2, STREET_LEADERS + 1))]
            self.rotations.append(shifts.daily(street, "街道值班", "street", team, leaders))
        else:
            self.on_duty(street, "street", duty)
            self.on_duty(street, "street", head, rank=1)
        tag = "" if street == "street" else f"-{street.removeprefix('street-')}"
        emergency = self.employ(f"dept-emergency{tag}", "区应急局值班员")
        gas = self.employ(f"dept-gas{tag}", "燃气公司抢险队")
        water = self.employ(f"dept-water{tag}", "供水排水抢修队")
        if self._preset.shifts:
            crews = [
                emergency,
                *(self.employ(f"dept-emergency{tag}-{n}", "区应急局值班员") for n in range(2, CREWS + 1)),
            ]
            self.rotations.append(shifts.watch(street, "应急值班", "department", crews))
        else:
            self.on_duty(street, "department", emergency)
        crew = "供水排水抢修队"
        self._hold(Post(gas, "燃气公司抢险队", "department", {0: [street]}, hazards=("gas",)))
        self._hold(Post(water, crew, "department", {0: [street]}, hazards=("water", "manhole")))
        self._hold(Post(gas, "燃气公司抢险队", "gas_company", {0: [street]}))
        patrol = self.employ(f"patrol{tag}", "街道巡查员")
        self._hold(Post(patrol, "街道巡查员", "patrol", {0: [street]}))
        self._hold(Post(patrol, "街道巡查员", "worker", {0: [street]}))
        self.on_duty(street, "property", self.employ(f"works{tag}", "市政养护班"))

    def _district(self) -> None:
        """The operations centre: what belongs to no street is its own."""
        duty, head = self.employ("district-duty", "区运行中心值班员"), self.employ("district-head", "区运行中心主任")
        for role in ("worker", "community", "street", "department", "property"):
            self.on_duty("district", role, duty)
        self.on_duty("district", "street", head, rank=1)


def _turns(post: Post, cells: Sequence[str], rank: int, team: Sequence[str]) -> Rotation:
    id_ = f"{post.person}-{post.role}" + (f"-{rank}" if rank else "")
    if post.is_on_call:
        return shifts.on_call(id_, cells[0], post.title, post.role, team)
    turns = shifts.post(id_, cells, post.title, post.role, team, rank=rank)
    return structs.replace(turns, hazards=post.hazards)

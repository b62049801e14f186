"""The places and cells of a town, from the district down to households, lifts and lamp posts.

Grids cut across compounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from domain import Attribute, Cell, Place
from simulators.town.population.geometry import Box, Site, around, gcj02, place_sites
from simulators.town.population.names import SHOP_NAMES, community_name, numeral, street_name
from simulators.town.population.plan import BuildingPlan, CompoundPlan
from simulators.town.population.presets import Preset, Spot, allocate

ROAD_NAMES: Final = ("东门主路", "中心花园", "北侧消防通道")
SPOT_NAMES: Final = {"manhole": "号井位", "lamp_post": "号灯杆", "bin": "号投放点"}


class Flat(Struct, frozen=True):
    """A registered household: its place, the number of its building in the compound, its floor."""

    place: str
    building: int
    unit: str
    floor: int


class CompoundPlaces(Struct):
    """The places of one compound by type. `communities` counts from 0."""

    plan: CompoundPlan
    id: str
    office: str
    flats: list[Flat]
    shops: list[str]
    buildings: list[str]
    units: list[list[str]]
    """Of each building."""
    lifts: list[str]
    road_spots: dict[str, list[str]]
    """By kind of device."""
    cells: list[str]
    """The micro-grid of each building."""
    positions: list[tuple[float, float]]
    """Longitude and latitude of each building, in GCJ-02."""


class Geography(Struct):
    """All places and cells, and the outlines of those that have one, in WGS-84."""

    places: list[Place]
    cells: list[Cell]
    compounds: list[CompoundPlaces]
    outlines: dict[str, Box]


def lay_out(preset: Preset, plans: Sequence[CompoundPlan], seed: int) -> Geography:
    """The geography of the planned town."""
    sites, areas = place_sites(plans, preset.communities)
    geography = Geography([], [], [], {})
    _areas(geography, preset, areas)
    micro_grids = [_grids(geography, preset, community) for community in range(preset.communities)]
    assigned = _assign_cells(plans, micro_grids)
    shops = iter(range(1, preset.shops + 1))
    for plan, site, cells in zip(plans, sites, assigned, strict=True):
        random = Random(f"{seed}/places/{plan.index}")
        places = _Compound(geography, plan, site, cells, community_id(preset, plan.community))
        places.add_all(random, shops, len(str(max(preset.shops, 10))))
    return geography


def community_id(preset: Preset, community: int) -> str:
    """The id of the place and of the cell of a community."""
    return "community" if preset.communities == 1 else f"community-{community + 1:02d}"


def street_of(preset: Preset, community: int) -> str:
    """The id of the place and of the cell of the street that a community belongs to."""
    return "street" if preset.streets == 1 else f"street-{community * preset.streets // preset.communities + 1:02d}"


def cell_suffix(preset: Preset, community: int) -> str:
    """What distinguishes the cells and employees of one community from those of another."""
    return "" if preset.communities == 1 else f"{community + 1:02d}-"


def _areas(geography: Geography, preset: Preset, outlines: Sequence[Box]) -> None:
    streets = list(dict.fromkeys(street_of(preset, number) for number in range(preset.communities)))
    district = "district" if preset.has_district else None
    if district is not None:
        _add_area(geography, district, "锦枫区", "district", None, around(outlines, 0))
    for number, street in enumerate(streets):
        inside = [box for one, box in enumerate(outlines) if street_of(preset, one) == street]
        name = "枫溪街道" if preset.streets == 1 else street_name(number)
        _add_area(geography, street, name, "street", district, around(inside, 0))
    for number, outline in enumerate(outlines):
        community = community_id(preset, number)
        _add_area(geography, community, community_name(number), "community", street_of(preset, number), outline)
        geography.outlines[community] = outline


def _add_area(geography: Geography, id_: str, name: str, level: str, parent: str | None, box: Box) -> None:
    lon, lat = gcj02(*box.centre)
    geography.places.append(Place(id_, name, level, parent, id_, lon, lat))
    geography.cells.append(Cell(id_, name, level, parent))


def _grids(geography: Geography, preset: Preset, community: int) -> list[str]:
    """Adds the grids of a community; returns its micro-grids."""
    suffix, parent = cell_suffix(preset, community), community_id(preset, community)
    micro_grids: list[str] = []
    for grid, parts in enumerate(allocate(preset.micro_grids, [1] * preset.grids), 1):
        name = f"第{numeral(grid)}网格"
        cell = f"g{suffix}{grid:02d}"
        geography.cells.append(Cell(cell, name, "grid", parent))
        for part in range(1, parts + 1):
            micro_grids.append(f"m{suffix}{len(micro_grids) + 1:02d}")
            geography.cells.append(Cell(micro_grids[-1], f"{name}{part}号微网格", "micro_grid", cell))
    return micro_grids


def _assign_cells(plans: Sequence[CompoundPlan], micro_grids: Sequence[Sequence[str]]) -> list[list[str]]:
    """The micro-grid of every building: the buildings of a community in a row, in parts of about one size."""
    totals = [0] * len(micro_grids)
    for plan in plans:
        totals[plan.community] += len(plan.buildings)
    seen = [0] * len(micro_grids)
    assigned: list[list[str]] = []
    for plan in plans:
        cells = micro_grids[plan.community]
        first = seen[plan.community]
        seen[plan.community] += len(plan.buildings)
        numbers = range(first, first + len(plan.buildings))
        assigned.append([cells[number * len(cells) // totals[plan.community]] for number in numbers])
    return assigned


class _Compound:
    """Adds the places of one compound."""

    def __init__(self, geography: Geography, plan: CompoundPlan, site: Site, cells: list[str], community: str) -> None:
        self._geography, self._site, self._community = geography, site, community
        id_ = f"c{plan.index + 1}"
        self._found = CompoundPlaces(plan, id_, f"{id_}-office", [], [], [], [], [], {}, cells, [])

    def add_all(self, random: Random, shops: Iterator[int], width: int) -> None:
        found, plan = self._found, self._found.plan
        self._add(found.id, plan.name, "compound", self._community, found.cells[0], self._site.outline)
        self._geography.outlines[found.id] = self._site.outline
        registered = allocate(plan.households, [building.capacity for building in plan.buildings])
        for number, building in enumerate(plan.buildings):
            self._add_building(random, number, building, registered[number])
        self._add(found.office, "物业服务中心", "facility", found.id, found.cells[0], None)
        self._add_shops(shops, width)
        self._add_roads()
        self._geography.compounds.append(found)

    def _add(
        self, id_: str, name: str, level: str, parent: str, cell: str | None, box: Box | None, **attributes: Attribute
    ) -> None:
        lon, lat = gcj02(*box.centre) if box is not None else (None, None)
        self._geography.places.append(Place(id_, name, level, parent, cell, lon, lat, attributes=attributes))

    def _add_building(self, random: Random, number: int, plan: BuildingPlan, registered: int) -> None:
        found = self._found
        id_, box = f"{found.id}-{number + 1}", self._site.buildings[number]
        floors: dict[str, Attribute] = {"floors": plan.floors, "lifts": plan.lifts > 0}
        self._add(id_, f"{number + 1}栋", "building", found.id, found.cells[number], box, **floors)
        self._geography.outlines[id_] = box
        found.buildings.append(id_)
        found.positions.append(gcj02(*box.centre))
        found.units.append([f"{id_}-{unit}" for unit in range(1, plan.units + 1)])
        for unit, unit_id in enumerate(found.units[-1], 1):
            self._add(unit_id, f"{unit}单元", "unit", id_, None, None)
            for lift in range(1, plan.lifts + 1):
                found.lifts.append(f"{unit_id}-lift{lift}")
                self._add(found.lifts[-1], f"{lift}号电梯", "lift", unit_id, None, None)
        self._add_flats(random, number, plan, registered)

    def _add_flats(self, random: Random, number: int, plan: BuildingPlan, registered: int) -> None:
        per_floor = plan.units * plan.flats
        for index in sorted(random.sample(range(plan.capacity), registered)):
            floor, rest = divmod(index, per_floor)
            unit, flat = divmod(rest, plan.flats)
            unit_id = self._found.units[number][unit]
            door = f"{floor + 1}{flat + 1:02d}"
            self._add(f"{unit_id}-{door}", door, "household", unit_id, None, None)
            self._found.flats.append(Flat(f"{unit_id}-{door}", number, unit_id, floor + 1))

    def _add_shops(self, shops: Iterator[int], width: int) -> None:
        found = self._found
        if not found.plan.shops:
            return
        row = f"{found.id}-street"
        self._add(row, "临街商铺", "building", found.id, found.cells[0], None)
        for number in (next(shops) for _ in range(found.plan.shops)):
            name, again = SHOP_NAMES[(number - 1) % len(SHOP_NAMES)], (number - 1) // len(SHOP_NAMES)
            found.shops.append(f"shop-{number:0{width}d}")
            label = f"{name}{again + 1}店" if again else name
            self._add(found.shops[-1], label, "shop", row, None, None, use="catering")

    def _add_roads(self) -> None:
        found, outline = self._found, self._site.outline
        roads = [f"{found.id}-p{number}" for number in range(1, len(ROAD_NAMES) + 1)]
        for number, name in enumerate(ROAD_NAMES):
            self._add(roads[number], name, "road", found.id, found.cells[0], _on_road(outline, number, 0.5))
        for fitting, count in found.plan.counts.items():
            if fitting.spot is Spot.ROAD:
                self._add_spots(fitting.kind, count, roads)

    def _add_spots(self, kind: str, count: int, roads: Sequence[str]) -> None:
        """Spots of devices on the roads, in turn."""
        spots = self._found.road_spots.setdefault(kind, [])
        for number in range(count):
            step, road = divmod(number, len(roads))
            spots.append(f"{self._found.id}-{kind.removesuffix('_post')}{number + 1}")
            point = _on_road(self._site.outline, road, (step + 1) / (count // len(roads) + 2))
            self._add(spots[-1], f"{number + 1}{SPOT_NAMES[kind]}", "spot", roads[road], None, point)


def _on_road(outline: Box, road: int, along: float) -> Box:
    """A point on one of the roads: east side, middle, north side; `along` from 0 to 1."""
    east = outline.west + (outline.east - outline.west) * along
    north = outline.south + (outline.north - outline.south) * along
    if road == 0:
        return Box(outline.east - 6.0, north, outline.east - 6.0, north)
    line = (outline.south + outline.north) / 2 if road == 1 else outline.north - 6.0
    return Box(east, line, east, line)

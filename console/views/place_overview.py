"""One step of the map: the places directly below a place, with what is open in each and below it, worst first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain import Place, Severity
from domain.geo import to_wgs84
from domain.geometry import Geometry
from domain.levels import AREAS, LevelRole
from domain.people import Community
from domain.places import self_and_ancestors

ITEMS_MAX: Final = 2_000
SEVERITIES: Final = tuple(Severity)
SMALL: Final = frozenset({LevelRole.SPOT, LevelRole.FLOOR, LevelRole.HOUSEHOLD, LevelRole.ROOM})
"""Places that are shown only while something is open there, or when they have an outline: a compound has a hundred
manholes, lamp posts and doors."""


_CONTAINERS: Final = AREAS | {LevelRole.COMPOUND}


class OpenDangers(Struct, frozen=True):
    """Active or shelved dangers of one place: so many of this severity in this state."""

    place: str
    severity: Severity
    number: int
    untaken: bool = False
    stale: bool = False
    shelved: bool = False


class Counts(Struct):
    """Open dangers in a place and below it. A shelved one is counted as such only."""

    open: int = 0
    untaken: int = 0
    stale: int = 0
    shelved: int = 0
    worst: Severity | None = None

    def add(self, dangers: OpenDangers) -> None:
        if dangers.shelved:
            self.shelved += dangers.number
            return
        self.open += dangers.number
        self.untaken += dangers.number if dangers.untaken else 0
        self.stale += dangers.number if dangers.stale else 0
        if self.worst is None or SEVERITIES.index(dangers.severity) < SEVERITIES.index(self.worst):
            self.worst = dangers.severity


class OverviewItem(Struct, frozen=True):
    """A place on the map. `places`: how many are below it."""

    place: Place
    counts: Counts
    places: int
    geometry: Geometry | None


class Overview(Struct, frozen=True):
    """The map of one place. `path`: from the outermost place that the user sees to this one. `quiet`: small places
    where nothing is open. `elsewhere`: dangers without a place on the map. `here`: dangers of the place itself."""

    path: Sequence[Place]
    items: Sequence[OverviewItem]
    quiet: int
    elsewhere: int
    here: Counts


class PlaceIndex:
    """Children and numbers of places below, of one version of the community. Built once a version."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self._children: dict[str | None, list[Place]] = {}
        places = community.places
        for place in places.values():
            self._children.setdefault(place.parent if place.parent in places else None, []).append(place)
        self.below = self._sizes()

    def _sizes(self) -> dict[str, int]:
        sizes = dict.fromkeys(self.community.places, 0)
        order = list(self._children.get(None, ()))
        for place in order:  # grows while it is read: breadth first
            order.extend(self._children.get(place.id, ()))
        for place in reversed(order):
            if place.parent in sizes:
                sizes[place.parent] += sizes[place.id] + 1
        return sizes

    def children(self, place: str | None) -> Sequence[Place]:
        """The places directly below; for None the outermost ones."""
        return self._children.get(place, ())

    def start(self, place: str | None) -> str | None:
        """Where a map that begins at `place` has something to choose: below it while there is only one area."""
        large = self._large_children(place)
        while len(large) == 1 and self.community.role_of(large[0]) in _CONTAINERS and self.children(large[0].id):
            place = large[0].id
            large = self._large_children(place)
        return place

    def _large_children(self, place: str | None) -> list[Place]:
        return [child for child in self.children(place) if self.is_large(child)]

    def is_large(self, place: Place) -> bool:
        return self.community.role_of(place) not in SMALL


def overview(
    index: PlaceIndex,
    outlines: Mapping[str, Geometry],
    dangers: Iterable[OpenDangers],
    place: str | None,
    outermost: str | None,
) -> Overview:
    """The map of `place` (None: of the whole site) for a user whose outermost place is `outermost`."""
    community = index.community
    by_child: dict[str, Counts] = {}
    here, elsewhere = Counts(), 0
    for one in dangers:
        child = _child_with(community, one.place, place)
        if child is not None:
            by_child.setdefault(child, Counts()).add(one)
        elif one.place == place:
            here.add(one)
        elif place is None:
            elsewhere += one.number
    children = index.children(place)
    shown = [child for child in children if child.id in by_child or child.id in outlines or index.is_large(child)]
    items = [
        OverviewItem(child, by_child.get(child.id, Counts()), index.below[child.id], _geometry(child, outlines))
        for child in shown
    ]
    items.sort(key=_urgency)
    path = list(_path(community, place, outermost))
    return Overview(path, items[:ITEMS_MAX], len(children) - min(len(items), ITEMS_MAX), elsewhere, here)


def _child_with(community: Community, place: str, parent: str | None) -> str | None:
    """The place directly below `parent` that contains `place` or is it; None outside of it."""
    below: str | None = None
    for node in self_and_ancestors(community.places, place):
        if node.id == parent:
            return below
        below = node.id
    return below if parent is None else None


def _path(community: Community, place: str | None, outermost: str | None) -> Iterator[Place]:
    nodes: list[Place] = []
    for node in self_and_ancestors(community.places, place):
        nodes.append(node)
        if node.id == outermost:
            break
    yield from reversed(nodes)


def _geometry(place: Place, outlines: Mapping[str, Geometry]) -> Geometry | None:
    """The outline from the site's file, else the point of the register, in WGS-84."""
    if place.id in outlines:
        return outlines[place.id]
    if place.lat is None or place.lon is None:
        return None
    point = to_wgs84((place.lat, place.lon), place.datum)
    return None if point is None else Geometry("Point", [round(point[1], 6), round(point[0], 6)])


def _urgency(item: OverviewItem) -> tuple[int, int, int, str]:
    """Worst first, then the most, then where something is shelved."""
    counts = item.counts
    rank = len(SEVERITIES) if counts.worst is None else SEVERITIES.index(counts.worst)
    return rank, -counts.open, -counts.shelved, item.place.id

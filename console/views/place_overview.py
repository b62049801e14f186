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


def start(community: Community, place: str | None) -> str | None:
    """Where a map that begins at `place` has something to choose: below it while there is only one area."""
    large = _large_children(community, place)
    while len(large) == 1 and community.role_of(large[0]) in _CONTAINERS and children(community, large[0].id):
        place = large[0].id
        large = _large_children(community, place)
    return place


def children(community: Community, place: str | None) -> Sequence[Place]:
    """The places directly below; for None the outermost ones."""
    tree = community.place_tree
    return tree.outermost if place is None else tree.children(place) if place in community.places else ()


def _large_children(community: Community, place: str | None) -> list[Place]:
    return [child for child in children(community, place) if _is_large(community, child)]


def _is_large(community: Community, place: Place) -> bool:
    return community.role_of(place) not in SMALL


def overview(
    community: Community,
    outlines: Mapping[str, Geometry],
    dangers: Iterable[OpenDangers],
    place: str | None,
    outermost: str | None,
) -> Overview:
    """The map of `place` (None: of the whole site) for a user whose outermost place is `outermost`."""
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
    below = children(community, place)
    shown = [one for one in below if one.id in by_child or one.id in outlines or _is_large(community, one)]
    number_below = community.place_tree.number_below
    items = [
        OverviewItem(one, by_child.get(one.id, Counts()), number_below(one.id), _geometry(one, outlines))
        for one in shown
    ]
    items.sort(key=_urgency)
    path = list(_path(community, place, outermost))
    return Overview(path, items[:ITEMS_MAX], len(below) - min(len(items), ITEMS_MAX), elsewhere, here)


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

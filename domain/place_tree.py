"""The tree of places, numbered once for a version of the registry: what lies in a place is asked for every request."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from heapq import heapify, heappop, heappush

from domain import Place


class PlaceTree:
    """Children of each place, and all places in an order in which everything below a place follows it.

    What lies in a place is a span of that order. A parent that is not registered has its children nevertheless. Places
    in a loop are in no span: they are found by walking.
    """

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._children: dict[str | None, list[Place]] = {}
        for place in places.values():
            if place.parent in self._children:
                self._children[place.parent].append(place)
            else:
                self._children[place.parent] = [place]
        missing = [parent for parent in self._children if parent is not None and parent not in places]
        self.outermost: Sequence[Place] = self._children.get(None, [])
        """Those without a registered parent."""
        if missing:
            self.outermost = [place for place in places.values() if place.parent not in places]
        self._order, above = self._ordered([*(place.id for place in self._children.get(None, ())), *missing])
        self.position_of: Mapping[str, int] = {place: number for number, place in enumerate(self._order)}
        """Where a place is in the order; those in a loop are nowhere."""
        self._sizes, self._depths = _sizes(above), _depths(above)
        is_whole = len(self._order) - len(missing) == len(places)
        self.in_loops: Sequence[str] = () if is_whole else [one for one in places if one not in self.position_of]
        """Places that lie in no span."""

    def children(self, place: str) -> Sequence[Place]:
        """The places directly below."""
        return self._children.get(place, ())

    def number_below(self, place: str) -> int:
        """How many places are below; 0 for one that is not registered or lies in a loop."""
        position = self.position_of.get(place)
        return 0 if position is None else self._sizes[position] - 1

    def inside(self, root: str) -> PlaceSet:
        """The ids of a place and of all places under it; its own id even when it is not registered."""
        position = self.position_of.get(root)
        if position is None:
            return PlaceSet(self._order, self.position_of, (), (), frozenset(self._below_in_loop(root)))
        ends = (position + self._sizes[position],)
        return PlaceSet(self._order, self.position_of, (position,), ends, frozenset())

    def inside_any(self, roots: Iterable[str]) -> PlaceSet:
        """The ids of these places and of all places under them, likewise."""
        positions, outside = list[int](), set[str]()
        for root in roots:
            position = self.position_of.get(root)
            if position is None:
                outside |= self._below_in_loop(root)
            else:
                positions.append(position)
        return self.inside_positions(positions, outside)

    def inside_positions(self, roots: Iterable[int], outside: Iterable[str]) -> PlaceSet:
        """The places at these positions and all under them, and those of `outside`, which have none."""
        begins, ends, end = array("L"), array("L"), 0
        for position in sorted(roots):
            if position >= end:
                end = position + self._sizes[position]
                begins.append(position)
                ends.append(end)
        return PlaceSet(self._order, self.position_of, begins, ends, frozenset(outside))

    def outer_first(self, places: PlaceSet) -> Iterator[str]:
        """The places of a set that `inside` or `inside_any` made: by the number of places around them, those with
        short names first, else in the order of the tree; last those that lie in no span."""
        waiting = [self._rank(begin) for begin in places.begins]
        heapify(waiting)
        while waiting:
            position = heappop(waiting)[-1]
            yield self._order[position]
            child, end = position + 1, position + self._sizes[position]
            while child < end:
                heappush(waiting, self._rank(child))
                child += self._sizes[child]
        yield from sorted(places.outside)

    def _rank(self, position: int) -> tuple[int, int, int]:
        place = self._places.get(self._order[position])
        return self._depths[position], 0 if place is None else len(place.name), position

    def _below_in_loop(self, root: str) -> set[str]:
        found, waiting = {root}, [root]
        while waiting:
            new = [child.id for child in self.children(waiting.pop()) if child.id not in found]
            found.update(new)
            waiting.extend(new)
        return found

    def _ordered(self, roots: Sequence[str]) -> tuple[list[str], list[int]]:
        """Every place under the roots, each before those below it; and for each the position of its parent, or -1."""
        order, above = list[str](), list[int]()
        waiting, parents = list(reversed(roots)), [-1] * len(roots)
        while waiting:
            place = waiting.pop()
            above.append(parents.pop())
            below = self._children.get(place)
            if below:
                waiting += [child.id for child in reversed(below)]
                parents += [len(order)] * len(below)
            order.append(place)
        return order, above


def _sizes(above: Sequence[int]) -> array[int]:
    """By position: how many places are in the span that begins there."""
    sizes = array("L", [1]) * len(above)
    for number in range(len(above) - 1, -1, -1):
        if above[number] >= 0:
            sizes[above[number]] += sizes[number]
    return sizes


def _depths(above: Sequence[int]) -> array[int]:
    """By position: how many places are around."""
    depths = array("L", [0]) * len(above)
    for number, parent in enumerate(above):
        if parent >= 0:
            depths[number] = depths[parent] + 1
    return depths


class PlaceSet(AbstractSet[str]):
    """Places with everything below them: parts of the order of a tree, from `begins` to before `ends`, ascending; and
    ids that are not in it. Copies nothing."""

    __slots__ = ("_order", "_position", "begins", "ends", "outside")

    def __init__(
        self,
        order: Sequence[str],
        position: Mapping[str, int],
        begins: Sequence[int],
        ends: Sequence[int],
        outside: frozenset[str],
    ) -> None:
        self._order, self._position = order, position
        self.begins, self.ends, self.outside = begins, ends, outside

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> AbstractSet[str]:  # type: ignore[override]
        return frozenset(it)

    def __contains__(self, place: object) -> bool:
        position = self._position.get(place)  # type: ignore[call-overload]
        if position is None:
            return place in self.outside
        number = bisect_right(self.begins, position) - 1
        return number >= 0 and position < self.ends[number]

    def __iter__(self) -> Iterator[str]:
        for begin, end in self.parts():
            yield from self._order[begin:end]
        yield from self.outside

    def __len__(self) -> int:
        return sum(self.ends) - sum(self.begins) + len(self.outside)

    def is_of(self, tree: PlaceTree) -> bool:
        """Whether its positions are those of this tree."""
        return self._position is tree.position_of

    def parts(self) -> Iterator[tuple[int, int]]:
        """Begin and end of each part."""
        return zip(self.begins, self.ends, strict=True)

    def intersection(self, other: PlaceSet) -> PlaceSet:
        """The parts of each that lie in the other; both of one tree, so that no two parts overlap otherwise."""
        parts = sorted({*self._parts_in(other), *other._parts_in(self)})
        begins, ends = array("L", [begin for begin, _ in parts]), array("L", [end for _, end in parts])
        return PlaceSet(self._order, self._position, begins, ends, self.outside & other.outside)

    def __and__(self, other: AbstractSet[object]) -> AbstractSet[str]:
        if isinstance(other, PlaceSet) and other._order is self._order:
            return self.intersection(other)
        few, many = (other, self) if len(other) < len(self) else (self, other)
        return frozenset(place for place in few if place in many)  # type: ignore[misc]

    def _parts_in(self, other: PlaceSet) -> Iterator[tuple[int, int]]:
        for begin, end in self.parts():
            number = bisect_right(other.begins, begin) - 1
            if number >= 0 and end <= other.ends[number]:
                yield begin, end

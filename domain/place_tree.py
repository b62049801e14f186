"""The tree of places, numbered once for a version of the registry: what lies in a place is asked for every request."""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from domain import Place


class PlaceTree:
    """Children of each place, and all places in an order in which everything below a place follows it.

    What lies in a place is a span of that order. A parent that is not registered has its children nevertheless. Places
    in a loop are in no span: they are found by walking.
    """

    def __init__(self, places: Mapping[str, Place]) -> None:
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
        self._position = {place: number for number, place in enumerate(self._order)}
        self._sizes = _sizes(above)
        is_whole = len(self._order) - len(missing) == len(places)
        self.in_loops: Sequence[str] = () if is_whole else [one for one in places if one not in self._position]
        """Places that lie in no span."""

    def children(self, place: str) -> Sequence[Place]:
        """The places directly below."""
        return self._children.get(place, ())

    def number_below(self, place: str) -> int:
        """How many places are below; 0 for one that is not registered or lies in a loop."""
        position = self._position.get(place)
        return 0 if position is None else self._sizes[position] - 1

    def inside(self, root: str) -> AbstractSet[str]:
        """The ids of a place and of all places under it; its own id even when it is not registered."""
        position = self._position.get(root)
        if position is not None:
            return _Span(self._order, self._position, position, position + self._sizes[position])
        found, waiting = {root}, [root]
        while waiting:
            new = [child.id for child in self.children(waiting.pop()) if child.id not in found]
            found.update(new)
            waiting.extend(new)
        return frozenset(found)

    def walk(self, left_out: Container[str]) -> Iterator[str]:
        """Every place that is in a span, each before those below it; those below one that is in `left_out` when the
        walk goes on are passed over."""
        number = 0
        while number < len(self._order):
            place = self._order[number]
            yield place
            number += self._sizes[number] if place in left_out else 1

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


class _Span(AbstractSet[str]):
    """A part of the order of a tree, as a set that copies nothing."""

    __slots__ = ("_begin", "_end", "_order", "_position")

    def __init__(self, order: Sequence[str], position: Mapping[str, int], begin: int, end: int) -> None:
        self._order, self._position, self._begin, self._end = order, position, begin, end

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> AbstractSet[str]:  # type: ignore[override]
        return frozenset(it)

    def __contains__(self, place: object) -> bool:
        position = self._position.get(place)  # type: ignore[call-overload]
        return position is not None and self._begin <= position < self._end

    def __iter__(self) -> Iterator[str]:
        return iter(self._order[self._begin : self._end])

    def __len__(self) -> int:
        return self._end - self._begin

    def __and__(self, other: AbstractSet[object]) -> AbstractSet[str]:
        """Of two spans of one tree the one that lies in the other, else nothing: they never overlap in part."""
        if not isinstance(other, _Span) or other._order is not self._order:
            few, many = (other, self) if len(other) < len(self) else (self, other)
            return frozenset(place for place in few if place in many)  # type: ignore[misc]
        small, large = (self, other) if len(self) <= len(other) else (other, self)
        return small if large._begin <= small._begin < large._end else frozenset()

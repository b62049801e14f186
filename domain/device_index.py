"""The registered devices, newest first, and those that filters select. A district has 73,000."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from domain import Device, Instant
from domain.place_tree import PlaceSet, PlaceTree
from domain.table import grouped
from domain.text_index import TextIndex


class DeviceFilter(Struct, frozen=True):
    """Which devices are meant; None matches all.

    `text` is a part of the id, in any case. `words`: each is a part of the id, the model or an identity, or is in the
    address of one of its places.
    """

    kind: str | None = None
    places: AbstractSet[str] | None = None
    ids: Collection[str] | None = None
    text: str | None = None
    words: Sequence[tuple[str, AbstractSet[str]]] = ()


class DeviceIndex:
    """One version of the devices, in the order of their registration: the latest first, then by id.

    A device has a number in that order. Built in a thread, once for a version.
    """

    def __init__(self, devices: Mapping[str, Device], registered_at: Mapping[str, Instant], tree: PlaceTree) -> None:
        self._order = sorted((-registered_at.get(name, 0), name) for name in devices)
        self._devices = [devices[name] for _, name in self._order]
        self._number_of = {device.id: number for number, device in enumerate(self._devices)}
        self._texts = TextIndex("\n".join(_texts(device)) for device in self._devices)
        self._by_kind = grouped((device.kind, number) for number, device in enumerate(self._devices))
        self._by_place = grouped((device.place or "", number) for number, device in enumerate(self._devices))
        self.tree, positions = tree, tree.position_of
        in_tree = sorted((positions[place], numbers) for place, numbers in self._by_place.items() if place in positions)
        self._places_in_order = array("L", (position for position, _ in in_tree))
        self._numbers_in_order = [numbers for _, numbers in in_tree]

    def find(self, filters: DeviceFilter) -> Sequence[int]:
        """The numbers of the devices that match, ascending. For a thread where there are words."""
        sets = sorted(self._matching(filters), key=len)
        return sorted(set.intersection(*sets)) if sets else range(len(self._devices))

    def page(self, found: Sequence[int], limit: int, after: str | None) -> tuple[Sequence[Device], str | None]:
        """Up to `limit` of the devices found after a position, and the position of the last one if more follow.

        A position names the registration of a device, so that it holds when that device is deleted.
        """
        begin = 0 if after is None else bisect_right(found, self._last_before(after))
        numbers = found[begin : begin + limit]
        is_last = begin + limit >= len(found)
        return [self._devices[number] for number in numbers], None if is_last else self._position(numbers[-1])

    def _position(self, number: int) -> str:
        registered, name = self._order[number]
        return f"{-registered}:{name}"

    def _last_before(self, position: str) -> int:
        """The number of the last device up to a position; -1 for none."""
        registered, _, name = position.partition(":")
        return bisect_right(self._order, (-int(registered), name)) - 1

    def _matching(self, filters: DeviceFilter) -> Iterator[set[int]]:
        """For each condition the devices that meet it."""
        if filters.kind is not None:
            yield set(self._by_kind.get(filters.kind, ()))
        if filters.places is not None:
            yield self._in_places(filters.places)
        if filters.ids is not None:
            yield {self._number_of[name] for name in filters.ids if name in self._number_of}
        if filters.text is not None:
            text = filters.text.lower()
            yield {number for number in self._texts.containing(text) if text in self._devices[number].id.lower()}
        for word, places in filters.words:
            yield self._in_places(places).union(self._texts.containing(word))

    def _in_places(self, places: AbstractSet[str]) -> set[int]:
        found, others = set[int](), places
        if isinstance(places, PlaceSet) and places.is_of(self.tree):
            at, others = self._places_in_order, places.outside
            for begin, end in places.parts():
                found.update(*self._numbers_in_order[bisect_left(at, begin) : bisect_left(at, end)])
        return found.union(*(self._by_place[place] for place in self._by_place.keys() & others))


def _texts(device: Device) -> Iterator[str]:
    yield device.id
    if device.model is not None:
        yield device.model
    yield from (identity.id for identity in device.identities)

"""Finds the registered place of a case: by code, by address text, by coordinates, else by grid cell. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.exchange.incoming import IncomingCase
from domain import Place
from domain.geo import Point, distance_m, to_wgs84
from domain.levels import AREAS
from domain.people import Community
from domain.places import self_and_ancestors

NEAREST_MAX_M: Final = 300.0
"""A registered place farther away than this is not the place of a case."""
CODE: Final = "code"
"""Attribute of a place: its code in other systems (门牌、部件或标准地址编码)."""
_TEXT_MIN: Final = 3
_TEXT_MAX: Final = 120
_IGNORED: Final = re.compile(r"[\s,，。.、;；:：()（）#]+")
_BUILDING: Final = re.compile(r"号楼|幢|座|號樓")
_DEGREE_M: Final = 111_000.0


class FoundBy(StrEnum):
    """How the place was found; part of the timeline entry."""

    CODE = "code"
    ADDRESS = "address"
    COORDINATES = "coordinates"
    CELL = "cell"
    NOTHING = "nothing"


class FoundPlace(Struct, frozen=True):
    """The place, and how it was found."""

    place: str | None
    by: FoundBy


class PlaceIndex:
    """Indexes of one version of the community. Built once a version: a district has 170,000 places."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self._codes: dict[str, str] = {}
        self._addresses: dict[str, str | None] = {}
        self._areas: dict[str, str | None] = {}
        self._cells: dict[str, str] = {}
        self._points: dict[tuple[int, int], list[tuple[Point, str]]] = {}
        for place in community.places.values():
            self._add(place)

    def find(self, case: IncomingCase) -> FoundPlace:
        """The place of a case."""
        if (place := self._by_code(case.place_code)) is not None:
            return FoundPlace(place, FoundBy.CODE)
        if (place := _longest_in(case.address, self._addresses)) is not None:
            return FoundPlace(place, FoundBy.ADDRESS)
        if case.point is not None and (place := self._nearest(case.point)) is not None:
            return FoundPlace(place, FoundBy.COORDINATES)
        if (place := self._cells.get(case.cell_code)) is not None:
            return FoundPlace(place, FoundBy.CELL)
        # A street or a community is where it is, not where to go: only if nothing nearer is known.
        if (place := _longest_in(case.address, self._areas)) is not None:
            return FoundPlace(place, FoundBy.ADDRESS)
        return FoundPlace(None, FoundBy.NOTHING)

    def _add(self, place: Place) -> None:
        if CODE in place.attributes:
            self._codes.setdefault(str(place.attributes[CODE]), place.id)
        address = normalised(self.community.address(place.id))
        if len(address) >= _TEXT_MIN:
            known = self._areas if self.community.role_of(place) in AREAS else self._addresses
            # None: two places have this address, so it identifies neither.
            known[address] = None if address in known else place.id
        if place.cell is not None:
            self._add_cell(place)
        point = None if place.lat is None or place.lon is None else to_wgs84((place.lat, place.lon), place.datum)
        if point is not None:
            self._points.setdefault(_square(point), []).append((point, place.id))

    def _add_cell(self, place: Place) -> None:
        """The outermost place of a cell, under the cell's id, its name, and its name without blanks."""
        assert place.cell is not None
        cell = self.community.cells.get(place.cell)
        for name in (place.cell, *(() if cell is None else (cell.name,))):
            known = self._cells.get(name)
            if known is None or self._depth(place.id) < self._depth(known):
                self._cells[name] = place.id

    def _depth(self, place: str) -> int:
        return sum(1 for _ in self_and_ancestors(self.community.places, place))

    def _by_code(self, code: str) -> str | None:
        if not code:
            return None
        return code if code in self.community.places else self._codes.get(code)

    def _nearest(self, point: Point) -> str | None:
        row, column = _square(point)
        around = [
            candidate
            for north in (row - 1, row, row + 1)
            for east in (column - 1, column, column + 1)
            for candidate in self._points.get((north, east), ())
        ]
        near = [(distance_m(point, at), self._depth(place) * -1, place) for at, place in around]
        best = min(near, default=None)
        return best[2] if best is not None and best[0] <= NEAREST_MAX_M else None


def normalised(address: str) -> str:
    """An address without signs, in one notation for buildings.

    >>> normalised("枫林苑 ３号楼，2单元402")
    '枫林苑3栋2单元402'
    """
    return _BUILDING.sub("栋", _IGNORED.sub("", unicodedata.normalize("NFKC", address)))


def _longest_in(text: str, addresses: Mapping[str, str | None]) -> str | None:
    """The place with the longest address that the text contains, unless two places have it."""
    wanted = normalised(text)[:_TEXT_MAX]
    for length in range(len(wanted), _TEXT_MIN - 1, -1):
        parts = (wanted[start : start + length] for start in range(len(wanted) - length + 1))
        found = [part for part in parts if part in addresses and not _cuts_a_number(wanted, part)]
        if found:
            return addresses[found[0]]
    return None


def _cuts_a_number(text: str, part: str) -> bool:
    """Whether the part ends inside a number of the text: 1栋10 is not in 1栋101."""
    end = text.find(part) + len(part)
    return part[-1:].isdigit() and text[end : end + 1].isdigit()


def _square(point: Point) -> tuple[int, int]:
    """A grid of squares wider than the longest distance that is looked for."""
    degrees = 3 * NEAREST_MAX_M / _DEGREE_M
    return int(point[0] // degrees), int(point[1] // degrees)

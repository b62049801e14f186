"""Schemas of the map: a place with what is open in it, and the places below it."""

from __future__ import annotations

from console.schemas.references import NamedReference, Schema
from domain import Severity
from domain.geometry import Geometry
from domain.levels import LevelRole


class MapPlace(NamedReference, frozen=True, kw_only=True):
    """A place with its level, and the role of the level."""

    level: str
    role: LevelRole


class OverviewPlace(MapPlace, frozen=True, kw_only=True):
    """A place on the map. `open`, `worst`, `untaken`, `stale`: active dangers in it and below it; `shelved`: others;
    `places`: how many places are below it; `geometry`: RFC 7946, WGS-84."""

    open: int
    worst: Severity | None
    untaken: int
    stale: int
    shelved: int
    places: int
    geometry: Geometry | None


class PlaceOverview(Schema, frozen=True, kw_only=True):
    """The map of one place. `path`: from the outermost place that this user sees down to it. `quiet`: places below it
    that are not listed because nothing is open there. `elsewhere`: open dangers that are at no place of the map;
    `open_here`: open dangers of the place itself. `places`: how many are below it."""

    place: str | None
    path: list[MapPlace]
    items: list[OverviewPlace]
    quiet: int
    elsewhere: int
    open_here: int
    places: int

"""Geometry of places on a map (RFC 7946, section 3.1): longitude and latitude in WGS-84, in this order."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct

GeometryType = Literal["Point", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
DEPTH: Final[dict[str, int]] = {"Point": 0, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How many arrays are around a position, by type."""


class Geometry(Struct, frozen=True):
    """The outline of a place, the line of a road, or a point."""

    type: GeometryType
    coordinates: list[Any]
    """A position, or arrays of positions: DEPTH."""

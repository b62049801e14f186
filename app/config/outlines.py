"""Reads places.geojson of a site: the outline of each place on the map (RFC 7946), by the place's id.

A feature's `id` is the id of its place (or its property `id`). Types: Point, LineString, MultiLineString, Polygon,
MultiPolygon. A third coordinate (altitude) is dropped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.config.faults import ConfigError, ConfigFault
from app.config.suggestions import missing_reference
from domain.geometry import DEPTH, Geometry

OUTLINES_FILE: Final = "places.geojson"
BYTES_MAX: Final = 64 << 20
FAULTS_MAX: Final = 20
_RING_MIN: Final = 4
"""Positions of a ring; the last equals the first (RFC 7946, 3.1.6)."""


class _Invalid(ValueError):
    """A geometry that cannot be drawn; the message says what and what to write."""


def read_outlines(path: Path, places: Collection[str] | None = None) -> dict[str, Geometry]:
    """The geometry of places by id; empty without the file. Raises ConfigError with at most FAULTS_MAX faults.

    With `places` a feature of a place that is not among them is a fault.
    """
    if not path.exists():
        return {}
    text = _text(path)
    try:
        collection = json.loads(text)
    except ValueError as error:
        line, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
        raise ConfigError([ConfigFault(str(path), line, column, "", f"is no JSON: {error}")]) from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or collection.get("type") != "FeatureCollection":
        message = 'is no GeoJSON: write {"type": "FeatureCollection", "features": [...]} (RFC 7946)'
        raise ConfigError([ConfigFault(str(path), 1, 1, "", message)])
    outlines, faults = _outlines(features, places)
    if faults:
        lines = _feature_positions(text)
        raise ConfigError(
            [
                ConfigFault(str(path), *lines.get(number, (1, 1)), f"features[{number}].{field}", message)
                for number, field, message in faults[:FAULTS_MAX]
            ]
        )
    return outlines


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > BYTES_MAX:
        message = f"has {size} bytes, more than {BYTES_MAX}: write fewer or simpler outlines"
        raise ConfigError([ConfigFault(str(path), 1, 1, "", message)])
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([ConfigFault(str(path), 1, 1, "", "is not UTF-8: save it as UTF-8")]) from error


def _outlines(
    features: Sequence[Any], places: Collection[str] | None
) -> tuple[dict[str, Geometry], list[tuple[int, str, str]]]:
    """The geometries, and the faults as (number of the feature, field, message)."""
    outlines: dict[str, Geometry] = {}
    faults: list[tuple[int, str, str]] = []
    for number, feature in enumerate(features):
        feature = feature if isinstance(feature, Mapping) else {}
        place = _place_of(feature)
        if place is None:
            faults.append((number, "id", "is missing: write the id of the place"))
        elif place in outlines:
            faults.append((number, "id", f"{place!r} occurs twice: use a MultiPolygon for a place of several parts"))
        elif places is not None and place not in places:
            faults.append((number, "id", missing_reference(place, set(places))))
        else:
            try:
                outlines[place] = _geometry(feature.get("geometry"))
            except _Invalid as error:
                faults.append((number, "geometry", str(error)))
    return outlines, faults


def _place_of(feature: Mapping[str, Any]) -> str | None:
    properties = feature.get("properties")
    found = feature.get("id", properties.get("id") if isinstance(properties, Mapping) else None)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


def _geometry(value: Any) -> Geometry:
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind not in DEPTH:
        raise _Invalid(f"type {kind!r} is none of {', '.join(DEPTH)}")
    coordinates = _coordinates(value.get("coordinates"), DEPTH[kind])
    rings: Sequence[Any] = coordinates if kind == "Polygon" else ()
    if kind == "MultiPolygon":
        rings = [ring for polygon in coordinates for ring in polygon]
    for ring in rings:
        if len(ring) < _RING_MIN or ring[0] != ring[-1]:
            raise _Invalid("a ring is not closed: end it with its first position, at least 4 positions in all")
    return Geometry(kind, coordinates)


def _coordinates(value: Any, depth: int) -> Any:
    if depth == 0:
        return _position(value)
    if not isinstance(value, list) or not value:
        raise _Invalid("coordinates are no list of positions: write [[longitude, latitude], ...]")
    return [_coordinates(part, depth - 1) for part in value]


def _position(value: Any) -> tuple[float, float]:
    numbers = value[:2] if isinstance(value, list) else []
    if len(numbers) != 2 or not all(_is_number(number) for number in numbers):
        raise _Invalid(f"{value!r} is no position: write [longitude, latitude]")
    lon, lat = numbers
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise _Invalid(f"{value!r} is outside the earth: write [longitude, latitude] in degrees, longitude first")
    return lon, lat


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _feature_positions(text: str) -> dict[int, tuple[int, int]]:
    """Line and column of each feature, by its number; used for messages only."""
    return {
        number: (text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
        for number, start in enumerate(_feature_starts(text))
    }


def _feature_starts(text: str) -> Iterator[int]:
    decoder = json.JSONDecoder()
    position = text.find("[", text.find('"features"')) + 1
    while (start := _next_value(text, position)) is not None:
        yield start
        try:
            _, position = decoder.raw_decode(text, start)
        except ValueError:
            return


def _next_value(text: str, position: int) -> int | None:
    """Where the next element of the array begins; None at its end."""
    while position < len(text) and text[position] in " \t\r\n,":
        position += 1
    return None if position >= len(text) or text[position] == "]" else position

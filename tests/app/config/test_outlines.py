"""places.geojson: outlines of places by id, and faults with their place in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.config.faults import ConfigError
from app.config.outlines import read_outlines

RING = [[104, 30], [104.1, 30], [104.1, 30.1], [104, 30]]


def written(tmp_path: Path, *features: Any) -> Path:
    lines = ",\n".join(json.dumps(feature) for feature in features)
    file = tmp_path / "places.geojson"
    file.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', "utf-8")
    return file


def feature(place: object, kind: str, coordinates: object) -> dict[str, Any]:
    return {"type": "Feature", "id": place, "geometry": {"type": kind, "coordinates": coordinates}}


def test_outlines_are_read_by_the_id_of_their_place(tmp_path: Path) -> None:
    by_property = {"properties": {"id": "p3"}, "geometry": {"type": "Point", "coordinates": [104, 30, 501.5]}}
    file = written(
        tmp_path, feature("p1", "Polygon", [RING]), feature(2, "LineString", [[104, 30], [104, 31]]), by_property
    )

    found = read_outlines(file, {"p1", "2", "p3"})

    assert {place: one.type for place, one in found.items()} == {"p1": "Polygon", "2": "LineString", "p3": "Point"}
    assert found["p3"].coordinates == (104, 30)
    assert read_outlines(tmp_path / "none.geojson") == {}


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (feature("p9", "Polygon", [RING]), "features[1].id: 'p9' does not exist"),
        (feature("p1", "Polygon", [RING]), "features[1].id: 'p1' occurs twice"),
        (feature(None, "Polygon", [RING]), "features[1].id: is missing"),
        ("p2", "features[1].id: is missing"),
        (feature("p2", "Polygon", [RING[:3]]), "features[1].geometry: a ring is not closed"),
        (feature("p2", "MultiPolygon", [[[*RING[:3], [1, 1]]]]), "features[1].geometry: a ring is not closed"),
        (feature("p2", "Circle", [104, 30]), "features[1].geometry: type 'Circle' is none of Point, LineString"),
        (feature("p2", "Point", [30, 104]), "features[1].geometry: [30, 104] is outside the earth"),
        (feature("p2", "Point", [104, True]), "features[1].geometry: [104, True] is no position"),
        (feature("p2", "LineString", []), "features[1].geometry: coordinates are no list of positions"),
        ({"id": "p2", "geometry": None}, "features[1].geometry: type None is none of"),
    ],
)
def test_a_fault_names_the_feature_and_its_line(tmp_path: Path, wrong: Any, fault: str) -> None:
    file = written(tmp_path, feature("p1", "Polygon", [RING]), wrong)

    with pytest.raises(ConfigError) as raised:
        read_outlines(file, {"p1", "p2"})

    assert f"{file}:3:1: {fault}" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'{"type":\n "FeatureCollection",\n ]', ":3:2: is no JSON"),
        (b'{"type": "Topology"}', ":1:1: is no GeoJSON: write"),
        (b"\xff\xfe", ":1:1: is not UTF-8"),
    ],
)
def test_a_file_that_is_no_geojson_is_refused(tmp_path: Path, text: bytes, fault: str) -> None:
    file = tmp_path / "places.geojson"
    file.write_bytes(text)

    with pytest.raises(ConfigError) as raised:
        read_outlines(file)

    assert fault in str(raised.value)

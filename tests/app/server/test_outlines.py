"""The outlines of a running service follow places.geojson; a file with faults changes nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from app.server.outlines import PlaceOutlines


def save(file: Path, *places: str) -> None:
    features = [{"id": place, "geometry": {"type": "Point", "coordinates": [104, 30]}} for place in places]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")


def test_a_changed_file_is_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outlines = PlaceOutlines(tmp_path)
    assert outlines() == {}
    save(tmp_path / "places.geojson", "a")
    assert set(outlines()) == {"a"}
    save(tmp_path / "places.geojson", "a", "b")
    assert set(outlines()) == {"a", "b"}

    with caplog.at_level(logging.ERROR):
        (tmp_path / "places.geojson").write_text("{", "utf-8")
        assert set(outlines()) == {"a", "b"}
    assert "places.geojson:1:2: is no JSON" in caplog.records[0].__dict__["faults"]


def test_a_service_without_a_site_has_none() -> None:
    assert PlaceOutlines(None)() == {}

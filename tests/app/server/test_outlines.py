"""The outlines of a running service follow places.geojson; a file with faults changes nothing."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.config.outlines import read_outlines
from app.server import outlines as module
from app.server.outlines import PlaceOutlines
from domain.geometry import Geometry
from tests.support.timeouts import LONG_TIMEOUT_S


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


def test_whoever_asks_while_the_file_is_read_gets_what_it_contains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outlines are read after the start: a map in that moment was drawn without any."""
    save(tmp_path / "places.geojson", "a")
    outlines = PlaceOutlines(tmp_path)
    reading, begun, asked = threading.Event(), threading.Event(), threading.Event()

    def slow(file: Path) -> dict[str, Geometry]:
        reading.set()
        asked.wait(LONG_TIMEOUT_S)
        return read_outlines(file)

    monkeypatch.setattr(module, "read_outlines", slow)

    def second() -> set[str]:
        begun.set()
        return set(outlines())

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(outlines)
        reading.wait(LONG_TIMEOUT_S)
        later = threads.submit(second)
        begun.wait(LONG_TIMEOUT_S)
        asked.set()
        assert set(first.result()) == later.result() == {"a"}


def test_a_service_without_a_site_has_none() -> None:
    assert PlaceOutlines(None)() == {}

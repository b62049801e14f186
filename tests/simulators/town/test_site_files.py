"""The files of a simulated site: what is read back is the town, and every machine writes the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from app.config.site import SiteConfig, load_site
from app.site_check.check import check_site_files
from domain.geo import to_wgs84
from simulators.town.population.build import build_town
from simulators.town.site_files import site_files, write_site
from simulators.town.town import Town

DEMO = Path(__file__).parents[3] / "deploy" / "site.demo"
NOW = 1_796_000_000_000
DEMO_SEED = 20261121
DIGEST = """
import hashlib
from simulators.town.population.build import build_town
from simulators.town.site_files import site_files
files = site_files(build_town("small", 1))
print(hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest())
"""


@pytest.fixture(scope="module")
def town() -> Town:
    return build_town("small", 1)


@pytest.fixture(scope="module")
def folder(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town") / "site"
    write_site(town, folder)
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> SiteConfig:
    return load_site(folder)


def test_the_site_that_is_read_is_the_town_that_was_written(town: Town, site: SiteConfig) -> None:
    assert tuple(site.places) == town.places
    assert tuple(site.cells) == town.cells
    assert tuple(site.people) == town.people
    assert tuple(site.duties) == town.duties
    assert tuple(site.devices) == town.devices
    assert tuple(site.rotations) == town.rotations


def test_the_files_of_the_demonstration_are_what_its_seed_makes() -> None:
    for name, content in site_files(build_town("demo", DEMO_SEED)).items():
        assert (DEMO / name).read_bytes() == content, name


def test_the_files_do_not_depend_on_the_hash_seed_of_the_interpreter(town: Town) -> None:
    files = site_files(town)
    here = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()
    environ = {**os.environ, "PYTHONHASHSEED": "7"}
    there = subprocess.run([sys.executable, "-c", DIGEST], env=environ, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_the_check_of_the_site_finds_no_fault_and_no_gap(folder: Path) -> None:
    result, site = check_site_files(folder, NOW)
    assert site is not None
    assert (result.faults, result.warnings) == ([], [])


def test_its_channels_once_uncommented_are_two_sms_providers_and_wecom(folder: Path, tmp_path: Path) -> None:
    head, _, written = (folder / "site.yaml").read_text("utf-8").partition("channels: {}\n")
    (tmp_path / "site.yaml").write_text(head + "".join(line[2:] for line in written.splitlines(keepends=True)), "utf-8")
    channels = load_site(tmp_path).settings.channels
    assert channels.sms is not None
    assert [provider.name for provider in channels.sms.providers] == ["aliyun", "tencent"]
    assert channels.configured == ("sms", "wecom")


def box(feature: dict[str, Any]) -> tuple[float, float, float, float]:
    ring = feature["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    return min(x for x, _ in ring), min(y for _, y in ring), max(x for x, _ in ring), max(y for _, y in ring)


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    west, south, east, north = box(one)
    other_west, other_south, other_east, other_north = box(other)
    return max(west, other_west) < min(east, other_east) and max(south, other_south) < min(north, other_north)


def test_outlines_of_compounds_and_buildings_do_not_overlap_and_lie_inside_each_other(folder: Path) -> None:
    collection = json.loads((folder / "places.geojson").read_bytes())
    features = {feature["id"]: feature for feature in collection["features"]}
    siblings: dict[str, list[dict[str, Any]]] = {}
    for feature in features.values():
        if feature["properties"]["level"] in ("compound", "building"):
            siblings.setdefault(feature["properties"]["parent"], []).append(feature)
    assert len(siblings) == 4
    for parent, inside in siblings.items():
        assert not any(overlap(one, other) for one, other in combinations(inside, 2))
        west, south, east, north = box(features[parent])
        for feature in inside:
            inner = box(feature)
            assert west <= inner[0] < inner[2] <= east
            assert south <= inner[1] < inner[3] <= north


def test_places_lie_where_their_outlines_are_in_the_other_datum(folder: Path, site: SiteConfig) -> None:
    """places.csv is in GCJ-02, as Chinese maps are; GeoJSON is WGS-84 (RFC 7946, 4)."""
    collection = json.loads((folder / "places.geojson").read_bytes())
    polygons = [feature for feature in collection["features"] if feature["geometry"]["type"] == "Polygon"]
    places = {place.id: place for place in site.places}
    for feature in polygons:
        place = places[feature["id"]]
        assert place.lat is not None
        assert place.lon is not None
        point = to_wgs84((place.lat, place.lon), place.datum)
        assert point is not None
        west, south, east, north = box(feature)
        assert west < point[1] < east
        assert south < point[0] < north


@pytest.mark.parametrize(("preset", "level", "count"), [("small", "street", 1), ("demo", "compound", 7)])
def test_every_area_has_an_outline(preset: str, level: str, count: int) -> None:
    collection = json.loads(site_files(build_town(preset, 2))["places.geojson"])
    assert sum(feature["properties"]["level"] == level for feature in collection["features"]) == count

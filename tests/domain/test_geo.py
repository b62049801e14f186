"""Coordinates and their datums, against published reference points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geo import BD_09, GCJ_02, WGS_84, Point, distance_m, to_gcj02, to_wgs84

# WGS-84 and GCJ-02 of the same spots: the reference points that published implementations of the formula test with
# (github.com/googollee/eviltransform, python/test.py).
SPOTS: list[tuple[Point, Point]] = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
]
# BD-09 and GCJ-02 of one spot: the reference point of hutool's CoordinateUtil test.
BAIDU: tuple[Point, Point] = ((39.915, 116.404), (39.90865673957631, 116.39762729119315))


@pytest.mark.parametrize(("wgs", "gcj"), SPOTS)
def test_published_spots_in_shanghai_shenzhen_and_beijing_go_there_and_back(wgs: Point, gcj: Point) -> None:
    assert distance_m(to_gcj02(wgs), gcj) < 0.1
    back = to_wgs84(gcj, GCJ_02)
    assert back is not None
    assert distance_m(back, wgs) < 0.1
    assert 400 < distance_m(wgs, gcj) < 700


def test_a_published_spot_of_baidu() -> None:
    here, there = to_wgs84(BAIDU[0], BD_09), to_wgs84(BAIDU[1], GCJ_02)
    assert here is not None
    assert there is not None
    assert distance_m(here, there) < 0.001


@given(st.tuples(st.floats(18, 53), st.floats(74, 134)))
def test_everywhere_in_the_country_the_way_back_fits_to_a_centimetre(wgs: Point) -> None:
    back = to_wgs84(to_gcj02(wgs), GCJ_02)
    assert back is not None
    assert distance_m(back, wgs) < 0.01


def test_abroad_nothing_is_moved_and_an_unknown_datum_is_no_place() -> None:
    berlin = (52.52, 13.405)
    assert to_wgs84(berlin, GCJ_02) == to_wgs84(berlin, WGS_84) == berlin
    assert to_wgs84(berlin, "Potsdam") is None


def test_the_other_side_of_the_earth_is_half_its_girth_away() -> None:
    assert distance_m((0, 0), (0, 180)) == pytest.approx(20_015_087, abs=1)
    assert distance_m((31.0, 121.0), (31.0, 121.0)) == 0

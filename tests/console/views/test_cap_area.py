"""Areas of CAP messages: address with the areas around it, shapes in WGS-84, administrative codes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.views.cap_area import CapArea, cap_area
from domain import Place
from domain.geo import GCJ_02, WGS_84, distance_m, to_gcj02
from domain.people import community

STREET = Place("street", "枫林街道", "街道", attributes={"admin_code": "510104020"})
GRID = Place("grid", "第三网格", "网格", "street")
COMPOUND = Place("garden", "枫林苑", "小区", "grid", lon=104.08, lat=30.657, datum=WGS_84)
BUILDING = Place("b3", "3栋", "楼栋", "garden", lon=104.0822, lat=30.6548, datum=GCJ_02)
DOOR = Place("b3-402", "402", "户", "b3")
TOWN = (STREET, GRID, COMPOUND, BUILDING, DOOR)


def area_of(place: str | None, *places: Place, address: str = "") -> CapArea:
    return cap_area(community([*TOWN, *places]), place, address)


def test_the_address_has_the_areas_around_it_and_no_grid() -> None:
    assert area_of("b3-402", address="枫林苑3栋402").description == "枫林街道枫林苑3栋402"
    assert area_of("street").description == "枫林街道"
    assert area_of(None, address="位置见设备").description == "位置见设备"
    assert area_of(None) == CapArea("")


def test_a_door_has_the_circle_of_its_building_in_wgs84() -> None:
    circle = area_of("b3-402").circle
    assert circle is not None
    point, radius = circle.split()
    lat, lon = (float(part) for part in point.split(","))

    assert radius == "0.05"
    assert distance_m(to_gcj02((lat, lon)), (30.6548, 104.0822)) < 1
    assert distance_m((lat, lon), (30.6548, 104.0822)) > 100
    assert area_of("garden").circle == "30.657000,104.080000 0.3"
    assert area_of("road", Place("road", "人民路", "路", lon=104.0, lat=30.0, datum=WGS_84)).circle == (
        "30.000000,104.000000 1"
    )


@pytest.mark.parametrize(("code", "name"), [("510104", "GB/T 2260"), ("510104020001", "NBS division code")])
def test_the_nearest_administrative_code_counts(code: str, name: str) -> None:
    coded = Place("court", "梧桐里", "小区", "street", attributes={"admin_code": code})

    assert area_of("b3-402").geocodes == (("GB/T 10114", "510104020"),)
    assert area_of("court", coded).geocodes == ((name, code),)
    assert area_of("court", Place("court", "梧桐里", "小区", attributes={"admin_code": "近郊"})).geocodes == ()


def outlined(boundary: str, datum: str = WGS_84) -> CapArea:
    return area_of("yard", Place("yard", "大院", "小区", lon=104.0, lat=30.0, datum=datum, attributes={
        "boundary": boundary
    }))  # fmt: skip


def test_an_outline_is_closed_and_takes_the_place_of_the_circle() -> None:
    ring = "30.1,104.1 30.2,104.1 30.2,104.2"
    closed = "30.100000,104.100000 30.200000,104.100000 30.200000,104.200000 30.100000,104.100000"

    assert (outlined(ring).polygon, outlined(ring).circle) == (closed, None)
    assert outlined(f"{ring} 30.1,104.1").polygon == closed


@pytest.mark.parametrize("text", ["30.1,104.1 30.2,104.1", "a,b c,d e,f", "1 2 3", "99,1 98,1 97,2", "nan,1 1,1 2,2"])
def test_what_is_no_outline_leaves_the_circle(text: str) -> None:
    assert (outlined(text).polygon, outlined(text).circle) == (None, "30.000000,104.000000 0.3")


def test_an_unknown_datum_gives_no_shape() -> None:
    assert outlined("30.1,104.1 30.2,104.1 30.2,104.2", "Mars-97") == CapArea("大院")
    assert area_of("pole", Place("pole", "杆", "点位", lon=math.inf, lat=30.0, datum=WGS_84)).circle is None


@settings(max_examples=50, deadline=None)
@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180), datum=st.sampled_from(["WGS-84", "GCJ-02", "BD-09", "?"]))
def test_every_circle_lies_on_earth(lat: float, lon: float, datum: str) -> None:
    circle = area_of("x", Place("x", "点", "点位", lon=lon, lat=lat, datum=datum)).circle
    if circle is not None:
        north, east = (float(part) for part in circle.split()[0].split(","))
        assert -90 <= north <= 90
        assert -180 <= east <= 180

"""Which registered place a case of others is about."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from alerts.exchange.incoming import read_case
from alerts.exchange.location import FoundBy, FoundPlace, PlaceIndex, normalised
from domain import Cell, Place
from domain.people import community
from tests.alerts.exchange.builders import mapping

PLACES = (
    Place("street", "枫林街道", "街道", attributes={"code": "510104020"}),
    Place("garden", "枫林苑", "小区", "street", "grid-3", lon=104.08, lat=30.657, datum="CGCS2000"),
    Place("b1", "1栋", "楼栋", "garden"),
    Place("b1-10", "10", "户", "b1", "grid-3"),
    Place("b3", "3栋", "楼栋", "garden", lon=104.0812, lat=30.6571, datum="CGCS2000", attributes={"code": "MP-3"}),
    Place("b3-402", "402", "户", "b3", lon=104.0812, lat=30.6571, datum="CGCS2000"),
    Place("north", "同名里", "小区", "street"),
    Place("south", "同名里", "小区", "street"),
    Place("lost", "无", "点位", lon=104.0, lat=30.0, datum="?"),
)
CELLS = (Cell("grid-3", "第三网格", "网格"),)
CASE = read_case(mapping(), {"工单号": "1", "诉求内容": "x", "诉求类型": "路灯"})


@pytest.fixture(scope="module")
def index() -> PlaceIndex:
    return PlaceIndex(community(PLACES, CELLS))


@pytest.mark.parametrize(
    ("changes", "place", "by"),
    [
        ({"place_code": "b3"}, "b3", FoundBy.CODE),
        ({"place_code": "MP-3", "address": "枫林苑1栋"}, "b3", FoundBy.CODE),
        ({"place_code": "MP-9", "address": "枫林苑1栋"}, "b1", FoundBy.ADDRESS),
        ({"address": "锦江区枫林街道枫林苑 ３号楼402室门口"}, "b3-402", FoundBy.ADDRESS),
        ({"address": "枫林苑里面"}, "garden", FoundBy.ADDRESS),
        ({"address": "枫林苑1栋101"}, "b1", FoundBy.ADDRESS),
        ({"address": "枫林苑1栋10"}, "b1-10", FoundBy.ADDRESS),
        ({"address": "同名里", "cell_code": "grid-3"}, "garden", FoundBy.CELL),
        ({"point": (30.6571, 104.0812)}, "b3-402", FoundBy.COORDINATES),
        ({"point": (30.65701, 104.0801)}, "garden", FoundBy.COORDINATES),
        ({"point": (30.70, 104.08)}, None, FoundBy.NOTHING),
        ({"point": (30.70, 104.08), "cell_code": "第三网格"}, "garden", FoundBy.CELL),
        ({"address": "天上"}, None, FoundBy.NOTHING),
        ({"address": "枫林街道枫林苑门口"}, "garden", FoundBy.ADDRESS),
        ({"address": "枫林街道某处"}, "street", FoundBy.ADDRESS),
        ({"address": "枫林街道某处", "cell_code": "grid-3"}, "garden", FoundBy.CELL),
        ({}, None, FoundBy.NOTHING),
    ],
)
def test_code_then_address_then_coordinates_then_cell(
    index: PlaceIndex, changes: dict[str, Any], place: str | None, by: FoundBy
) -> None:
    assert index.find(replace(CASE, **changes)) == FoundPlace(place, by)


def test_a_cell_that_is_not_registered_is_known_by_its_id_only() -> None:
    index = PlaceIndex(community([Place("x", "院", "小区", cell="g-9"), Place("y", "外院", "小区", cell="g-9")]))

    assert index.find(replace(CASE, cell_code="g-9")) == FoundPlace("x", FoundBy.CELL)


def test_buildings_have_one_notation() -> None:
    assert normalised("枫林苑 3 幢（西）") == normalised("枫林苑3号楼西") == "枫林苑3栋西"

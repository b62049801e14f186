"""The words that every room shares."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

import domain.duration
from app.config.catalog import KINDS, load_kinds, overlay_files
from domain import Cell, Person, Place, Reading, Severity, Subject
from domain.kind import Kind
from domain.people import Community, community


def test_durations_are_written_as_people_write_them() -> None:
    assert doctest.testmod(domain.duration).failed == 0


def test_severities_sort_the_most_severe_first() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == ["critical", "high", "medium", "low"]


def test_a_subject_is_named_by_its_device_or_by_its_type() -> None:
    assert (str(Subject("device", "gas-1")), str(Subject("building", "b3"))) == ("gas-1", "building:b3")


def test_a_self_test_is_known_by_its_word() -> None:
    assert Reading("g", "gas_alarm", 0, 0, {"alarm": True, "test": True}).is_test
    assert not Reading("g", "gas_alarm", 0, 0, {"alarm": True}).is_test


def test_every_kind_says_its_names_in_chinese_and_has_what_all_kinds_have() -> None:
    kinds = load_kinds()

    assert len(overlay_files(KINDS, None)) - 1 == len(kinds)
    for kind in kinds.values():
        assert any("\u4e00" <= char <= "\u9fff" for char in kind.name.zh)
        assert {"battery_pct", "test"} <= set(kind.quantities)


def test_a_site_adds_a_kind_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "well.yaml").write_text(
        "kind: well\nname: {zh: 水井, en: Well}\nreport_every: 1h\n"
        "quantities: {level_mm: {type: number, unit: mm, min: 0, max: 9, name: {zh: 水位, en: Level}}}\n"
    )

    assert load_kinds(tmp_path)["well"].quantities["level_mm"].unit == "mm"


@pytest.mark.parametrize("wrong", ["{type: bool, min: 1}", "{type: number, min: 2, max: 1}"])
def test_a_range_that_makes_no_sense_is_refused(wrong: str) -> None:
    quantity = {**yaml.safe_load(wrong), "name": {"zh": "量", "en": "x"}}

    with pytest.raises(ValidationError):
        Kind.model_validate(
            {"kind": "k", "name": {"zh": "类", "en": "k"}, "report_every": "1h", "quantities": {"q": quantity}}
        )


@pytest.fixture
def town() -> Community:
    return community(
        places=[
            Place("y", "枫林苑", "compound", cell="g1"),
            Place("b", "3栋", "building", "y", cell="m3"),
            Place("u", "无", "unit", "b"),
            Place("h", "402", "household", "u"),
            Place("loop", "环", "building", "loop"),
        ],
        cells=[Cell("g1", "第一网格", "grid"), Cell("m3", "3栋微网格", "micro_grid", "g1")],
        people=[Person("p", "王奶奶", home="h"), Person("w", "张网格")],
    )


def test_the_address_is_read_to_the_door_and_skips_a_level_that_is_called_none(town: Community) -> None:
    assert town.address("h") == "枫林苑3栋402"
    assert town.address(None) == ""


def test_the_nearest_cell_answers_for_a_place(town: Community) -> None:
    assert tuple(town.cell_of(place) for place in ("h", "y", "loop")) == ("m3", "g1", None)


def test_ancestors_and_residents_are_found(town: Community) -> None:
    assert town.building_of("h").id == "b"
    assert town.building_of("y") is None
    assert [person.id for person in town.residents("h")] == ["p"]
    assert town.residents(None) == ()

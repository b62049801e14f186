"""Kinds: names, plausible ranges, kinds of a site."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from app.config.catalog import KINDS, load_kinds, overlay_files
from domain.kind import Kind


def test_every_kind_has_chinese_names_and_the_common_quantities() -> None:
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


def test_a_kind_with_the_quantity_worn_is_worn_by_people() -> None:
    kinds = load_kinds()
    assert [kinds[name].is_worn for name in ("wristband", "gas_alarm")] == [True, False]

"""Ladders and categories of residents' reports: built in where a site has none of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from app.config.catalog import LADDERS, category_ladders, load_categories, load_ladders
from app.config.faults import ConfigError
from domain import Ledger, Severity

BUILT_IN = yaml.safe_load((LADDERS / "default.yaml").read_text("utf-8"))
GENERAL = [ladder for ladder in BUILT_IN["ladders"] if not ladder.get("rules")]


def write(site: Path, ladders: list[object]) -> None:
    (site / "ladders.yaml").write_text(yaml.safe_dump({"ladders": ladders}, allow_unicode=True), "utf-8")


def test_a_site_with_its_own_ladders_has_the_quiet_hours_of_reports(tmp_path: Path) -> None:
    write(tmp_path, GENERAL)
    policy = load_ladders(tmp_path)
    for rule in ("citizen-report", "citizen-report-property"):
        assert policy.ladder(Ledger.DANGER, Severity.MEDIUM, rule).quiet is not None
    assert policy.ladder(Ledger.DANGER, Severity.CRITICAL, "citizen-report-life-safety").quiet is None


def test_a_ladder_of_the_site_for_reports_is_kept(tmp_path: Path) -> None:
    own = next(ladder for ladder in BUILT_IN["ladders"] if ladder.get("rules") == ["citizen-report"])
    write(tmp_path, [*GENERAL, {**own, "take_within": "2h"}])
    assert load_ladders(tmp_path).ladder(Ledger.DANGER, Severity.LOW, "citizen-report").take_within == 7_200_000


def test_categories_of_a_site_replace_the_built_in_ones_and_are_checked(tmp_path: Path) -> None:
    own = {"reporter": "居民", "consent": "c", "answered": "a", "erased": "e"}
    names = {"id": "lamp", "label": "路灯", "title": "居民报路灯"}
    lamp = {**names, "hazard": "street", "severity": "low", "ladder": "lights"}
    file = tmp_path / "categories.yaml"
    file.write_text(yaml.safe_dump({**own, "categories": [lamp]}, allow_unicode=True), "utf-8")
    assert [one.id for one in load_categories(tmp_path).categories] == ["lamp"]
    assert category_ladders(tmp_path) == {"lights"}
    file.write_text(yaml.safe_dump({**own, "categories": [lamp, lamp]}, allow_unicode=True), "utf-8")
    with pytest.raises(ConfigError, match=r"categories\.yaml:"):
        load_categories(tmp_path)
    assert category_ladders(tmp_path) == set()

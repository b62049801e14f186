"""`fengshao check --site` says how it understood the levels of a site, and refuses what it cannot place."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.check import check_site
from app.cli.init import write_site_template
from app.config.faults import ConfigError
from app.config.site import load_site
from app.datadir.site_import import import_site
from app.site_check.levels import level_lines
from domain import Place
from domain.levels import LevelRole
from store.database import registry
from store.database.database import Database, sqlite_url

SHINAN = """id,name,level,parent,cell
c,市南小区,community,,grid-1
b1,1号楼,楼栋,c,
u,1单元,单元,b1,
b1-1-101,101,户,u,
road,人民路,road,c,
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_site_template(tmp_path / "site")
    (tmp_path / "site" / "places.csv").write_text(SHINAN, "utf-8")
    return tmp_path / "site"


def settings(site: Path, lines: str) -> None:
    text = (site / "site.yaml").read_text("utf-8").replace("levels: {}\n", "")
    (site / "site.yaml").write_text(text + lines, "utf-8")


def test_it_prints_each_level_with_its_role_and_an_address(site: Path) -> None:
    lines: list[str] = []
    check_site(site, False, lines.append)

    assert [line for line in lines if line.startswith("level ")] == [
        "level community is area (by its name)",
        "level road is road (by its name): 人民路",
        "level 楼栋 is building (by its name)",
        "level 单元 is unit (by its name)",
        "level 户 is household (by its name): 市南小区1号楼1单元101",
    ]


def test_a_level_without_a_role_is_refused_at_its_first_row(site: Path) -> None:
    (site / "places.csv").write_text(SHINAN + "x,甲一,甲,,\ny,甲二,甲,,\nz,乙一,乙,,\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        check_site(site, False, lambda _line: None)

    first, second = [fault for fault in refused.value.faults if fault.field == "level"]
    assert (first.line, first.column, first.field, second.line) == (7, 6, "level", 9)
    assert "levels: {甲: ...}" in first.message
    assert "facility, building" in first.message


def test_a_declared_level_has_the_declared_role_and_an_unknown_role_is_refused(site: Path) -> None:
    (site / "places.csv").write_text(SHINAN + "x,甲一,甲,,\n", "utf-8")
    settings(site, "levels: {甲: facility}\n")
    assert "level 甲 is facility (declared in site.yaml): 甲一" in level_lines(load_site(site))

    settings(site, "")
    text = (site / "site.yaml").read_text("utf-8").replace("facility}", "facilty}")
    (site / "site.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"site.yaml:\d+:10: levels.甲: .*'building'"):
        load_site(site)


def test_a_declared_level_that_no_place_has_is_warned_of_with_its_line(site: Path) -> None:
    settings(site, "levels: {楼座: building}\n")

    (warning,) = [line for line in level_lines(load_site(site)) if line.startswith("warning")]
    assert "site.yaml:" in warning
    assert "levels.楼座: no place in places.csv has this level" in warning


def test_rules_that_can_never_begin_are_warned_of(site: Path) -> None:
    (site / "places.csv").write_text("id,name,level,parent,cell\nb1-1-101,枫树,社区,,grid-1\nb1,一,网格,,\n", "utf-8")

    warnings = [line for line in level_lines(load_site(site)) if line.startswith("warning")]
    assert [("building" in line, "household" in line) for line in warnings[:2]] == [(True, False), (False, True)]
    assert "every level is an area or a grid" in warnings[2]
    assert level_lines(load_site(None)) == []


def test_a_wristband_without_a_place_is_not_reported_as_lost(site: Path) -> None:
    devices = (site / "devices.csv").read_text("utf-8").splitlines()[0]
    assert devices.startswith("id,kind,")
    (site / "people.csv").write_text(
        "id,name,phone,home\nw1,李,19900000001,\nw2,王,19900000002,\nw3,赵,19900000003,\nlead-1,钱,19900000004,\np,王,,b1-1-101\n"
    )
    (site / "duties.csv").write_text("id,cell,role,person\n1,grid-1,worker,w1\n")
    (site / "devices.csv").write_text("id,kind,place,attributes.person\nband,wristband,,p\nlost,wristband,,\n")
    lines: list[str] = []
    check_site(site, False, lines.append)

    assert [line for line in lines if "have no place" in line] == [
        "warning: 1 devices have no place, so nobody knows where to go: lost"
    ]


def test_declared_levels_are_stored_for_the_tools_and_for_places_added_later(site: Path, tmp_path: Path) -> None:
    settings(site, "levels: {甲: building}\n")
    ledger = Database(sqlite_url(tmp_path / "ledger.db"))
    ledger.migrate()
    ledger.write_blocking(lambda tx: import_site(tx, load_site(site), 1))
    ledger.write_blocking(lambda tx: registry.put_places(tx, [Place("new", "东楼", "甲", "c")], 2))
    ledger.write_blocking(lambda tx: import_site(tx, load_site(None), 3))
    tree = ledger.write_blocking(registry.community)
    ledger.close()

    assert tree.levels["甲"].role is LevelRole.BUILDING
    assert tree.address("new") == "市南小区东楼"

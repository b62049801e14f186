"""Loading a site folder: what is a site, and references between its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.catalog import load_wording
from app.config.faults import ConfigError
from app.config.site import load_site


def test_a_place_whose_cell_does_not_exist_is_found_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("id,name,level,parent,cell\np1,1栋,building,,nowhere\n", "utf-8")

    with pytest.raises(ConfigError, match=r"places.csv:2:17: cell: 'nowhere' does not exist"):
        load_site(tmp_path)


def test_the_site_template_loads_and_its_places_have_addresses() -> None:
    from app.cli.init import SITE_TEMPLATE
    from domain.people import community

    site = load_site(SITE_TEMPLATE)
    tree = community(site.places, site.cells, site.people, site.duties)

    assert (tree.address("b1-1-101"), tree.cell_of("b1-1-101")) == ("示例苑1栋1单元101", "grid-1")


def test_a_folder_that_is_no_site_is_not_loaded_as_an_empty_one(tmp_path: Path) -> None:
    """A mistyped --site would have watched nothing and told nobody."""
    with pytest.raises(ConfigError, match="is no site"):
        load_site(tmp_path)


def test_a_role_that_no_file_defines_is_named_with_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("id,name,level\ng,一网格,grid\n", "utf-8")
    (tmp_path / "people.csv").write_text("id,name\nli,李\n", "utf-8")
    duties = tmp_path / "duties.csv"
    duties.write_text("id,cell,role,person\n1,g,网格员,li\n2,g,voluntear,li\n3,g,night_guard,li\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_site(tmp_path)
    first, second, third = (str(fault).removeprefix(str(tmp_path)) for fault in refused.value.faults)
    assert first == "/duties.csv:2:5: role: '网格员' is the name of a role: write its id worker"
    assert second.startswith("/duties.csv:3:5: role: 'voluntear' is unknown")
    assert second.endswith("did you mean volunteer?")
    assert third.startswith("/duties.csv:4:5: role: 'night_guard' is unknown")

    (tmp_path / "roles.yaml").write_text("roles:\n  night_guard: {zh: 夜巡, kind: volunteer}\n", "utf-8")
    duties.write_text("id,cell,role,person\n1,g,worker,li\n3,g,night_guard,li\n", "utf-8")
    assert [duty.role for duty in load_site(tmp_path).duties] == ["worker", "night_guard"]
    assert load_wording(tmp_path).role_name("night_guard") == "夜巡"

    (tmp_path / "roles.yaml").write_text("roles:\n  night_guard: {en: Night guard}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"roles.yaml:2:3: roles.night_guard: is a new role without a Chinese name"):
        load_site(tmp_path)

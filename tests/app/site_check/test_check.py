"""What `fengshao check` finds by day: files that lead nowhere, hours at which a danger reaches nobody, double lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.main import main
from app.config.faults import ConfigError
from app.config.site import load_site
from tests.support.site_files import faults_and_warnings, write_site

# -- files and rows -------------------------------------------------------------------------------------------------


def test_an_empty_line_or_a_quoted_comma_made_check_die_or_name_another_line(tmp_path: Path) -> None:
    write_site(tmp_path, places_csv='name,id,level,parent\n\n"Block 1, north",p1,building,nowhere\n')
    with pytest.raises(ConfigError) as refused:
        load_site(tmp_path)
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in refused.value.faults] == [
        "places.csv:3:30: parent: 'nowhere' does not exist: add it, or correct the name"
    ]


def test_a_cell_of_several_lines_keeps_the_lines_behind_it_in_place(tmp_path: Path) -> None:
    faults, _ = faults_and_warnings(
        write_site(tmp_path, cells_csv='id,name,level,parent\nstreet,"街\n道",street,\ngrid,网格,grid,stret\n')
    )
    assert faults == [
        "cells.csv:4:14: parent: 'stret' does not exist: add it, or correct the name; did you mean street?"
    ]


def test_a_file_that_is_not_read_because_its_name_is_misspelt_is_reported(tmp_path: Path) -> None:
    write_site(tmp_path)
    (tmp_path / "dutys.csv").write_text("id\n")
    (tmp_path / "notes.txt").write_text("")
    assert faults_and_warnings(tmp_path)[0] == ["dutys.csv:1:1: is read by nobody; did you mean duties.csv?"]


def test_every_fault_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    write_site(tmp_path, people_csv="id\nli\n", ladders_yaml="ladders: [\n", cells_csv="id,name,level\n1,2\n")
    (tmp_path / "wording.zh.yaml").write_text("late: '{tim}'\n")
    checked = CliRunner().invoke(main, ["check", "--site", str(tmp_path)])
    assert checked.exit_code == 1
    assert all(name in checked.output for name in ("people.csv:1:1", "ladders.yaml:2:1", "cells.csv:2:", "wording.zh"))


# -- whom a danger reaches ------------------------------------------------------------------------------------------


# -- the roster itself ----------------------------------------------------------------------------------------------


def test_a_feature_of_a_place_that_does_not_exist_is_a_fault(tmp_path: Path) -> None:
    feature = '{"type": "Feature", "id": "p2", "geometry": {"type": "Point", "coordinates": [104.06, 30.56]}}'
    site = write_site(tmp_path, places_csv="id,name,level\np1,1栋,building\n")
    (site / "places.geojson").write_text(f'{{"type": "FeatureCollection", "features": [\n{feature}]}}', "utf-8")

    faults, _ = faults_and_warnings(site)

    assert faults == [
        "places.geojson:2:1: features[0].id: 'p2' does not exist: add it, or correct the name; did you mean p1?"
    ]


def test_a_group_of_the_identity_provider_for_a_place_that_is_not_registered(tmp_path: Path) -> None:
    provider = "    issuer: https://id.example\n    client_id: f\n"
    site = f"access:\n  oidc:\n{provider}    groups:\n      - {{group: duty, role: operator, place: c9}}\n"
    faults, _ = faults_and_warnings(write_site(tmp_path, site_yaml=site))
    assert "site.yaml:6:39: access.oidc.groups.0.place: 'c9' does not exist: add it, or correct the name" in faults

"""`fengshao town build`: a folder that can be checked and served, or one sentence that says what to write."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from app.cli.main import main


def test_a_town_is_written_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    result = CliRunner().invoke(main, ["town", "build", "small", str(folder), "--seed", "3"])
    assert result.exit_code == 0
    assert "3 compounds" in result.output
    assert "300 households" in result.output
    assert "300 water_meter, 232 gas_alarm" in result.output
    assert {file.name for file in folder.iterdir()} == {
        *("places.csv", "cells.csv", "people.csv", "duties.csv", "devices.csv"),
        *("rosters.yaml", "site.yaml", "places.geojson"),
    }


def test_a_folder_with_files_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("name: 枫树社区\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["town", "build", "small", str(tmp_path)])
    assert (result.exit_code, [file.name for file in tmp_path.iterdir()]) == (1, ["site.yaml"])
    assert "is not empty: name a new folder" in result.stderr


def test_an_unknown_preset_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["town", "build", "distict", str(tmp_path / "site")])
    assert result.exit_code == 1
    assert "'distict' is unknown: write one of community, demo, district, small, street" in result.stderr
    assert not (tmp_path / "site").exists()

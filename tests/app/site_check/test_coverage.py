"""Gaps of the escalation are faults, or warnings where there is a last resort."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from app.cli.main import main
from tests.support.site_files import FILES, faults_and_warnings, write_site


def test_a_root_cell_without_duties_passed_and_its_alarms_notified_no_person(tmp_path: Path) -> None:
    bare = "id,cell,role,person\n1,grid,worker,li\n2,grid,lead,li\n"
    faults, warnings = faults_and_warnings(write_site(tmp_path, duties_csv=bare))
    assert faults == []
    (without_cell,) = [line for line in warnings if line.startswith("cells.csv:1:1")]
    assert "places without a cell, strangers: danger critical" in without_cell
    assert without_cell.endswith("until then only the last resort hears of it")

    (tmp_path / "site.yaml").write_text(FILES["site.yaml"].replace("last_resort: [li]\n", ""))
    faults, _ = faults_and_warnings(tmp_path)
    assert any(line.startswith("site.yaml:1:1: last_resort: is missing: write the ids of people") for line in faults)
    assert any(line.startswith("cells.csv:1:1: id: places without a cell, strangers") for line in faults)
    assert CliRunner().invoke(main, ["check", "--site", str(tmp_path)]).exit_code == 1

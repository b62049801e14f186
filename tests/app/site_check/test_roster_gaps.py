"""`fengshao check` prints the gaps of the roster in the next two weeks."""

from __future__ import annotations

from pathlib import Path

from tests.support.site_files import FILES, faults_and_warnings, write_site

GRID = FILES["duties.csv"] + "3,grid,lead,li,2026-11-20T00:00:00,2026-11-25T00:00:00\n"


def test_the_end_of_a_dated_line_is_printed_as_a_gap(tmp_path: Path) -> None:
    duties = GRID.replace("person\n1", "person,since,until\n1").replace("li\n", "li,,\n", 2)
    faults, warnings = faults_and_warnings(write_site(tmp_path, duties_csv=duties))
    assert faults == []
    assert "网格网格长：11月25日 00:00 至 12月7日 10:00 无人值班（排班到此为止，请补排）" in warnings


def test_many_gaps_are_counted(tmp_path: Path) -> None:
    lines = [f"{n},grid,lead,li,{n % 24:02}:00,{n % 24:02}:30,,,\n" for n in range(3, 20)]
    away = "90,street,street,li,00:00,24:00,2026-11-24T00:00:00,2026-11-27T00:00:00,true\n"
    duties = "id,cell,role,person,from,to,since,until,absent\n" + "".join(lines) + away
    _, warnings = faults_and_warnings(write_site(tmp_path, duties_csv=duties))
    assert sum("李伟不在岗，无人顶班" in line for line in warnings) == 20
    assert "未来两周另有31处无人值班" in warnings


def test_a_rotation_reaches_people_like_a_line(tmp_path: Path) -> None:
    rotation = (
        "rotations:\n  - id: r\n    name: 轮班\n    cells: [street]\n    role: worker\n    layers:\n"
        "      - {members: [li], start: 2026-01-01, handover: {every: 1d}}\n"
    )
    write_site(tmp_path, rosters_yaml=rotation, duties_csv="id,cell,role,person\n2,street,community,li\n")
    assert faults_and_warnings(tmp_path)[0] == []

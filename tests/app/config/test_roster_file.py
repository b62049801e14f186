"""Reading rosters.yaml: rotations, and every fault with its position."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.config.faults import ConfigError
from app.config.roster_file import read_roster_file
from app.config.site import load_site
from domain import DayType
from domain.roles import Role
from domain.rosters import Handover, RotationLayer, Shift

ZONE = ZoneInfo("Asia/Shanghai")
FILE = """\
rotations:
  - id: grid-3
    name: 第三网格三班
    cells: [g03]
    role: worker
    until: 2027-01-01T00:00:00
    layers:
      - members: [w1, [w2, w3]]
        start: 2026-11-30
        handover: {every: 1w, at: "08:00", weekday: 1}
        shifts:
          - {name: 早, from: "08:00", to: "16:00", days: [workday]}
          - {name: 夜, from: "22:00", to: "06:00", weekdays: [7, 6]}
          - {from: "00:00", length: 36h}
      - {rank: 1, members: [w4], start: 2026-11-30, handover: {every: 3d, at: "09:30"}}
"""


def read(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "rosters.yaml"
    path.write_text(text, "utf-8")
    try:
        file = read_roster_file(path, ZONE)
    except ConfigError as error:
        return [str(fault).removeprefix(str(tmp_path) + "/") for fault in error.faults]
    faults = file.reference_faults({"g03"}, {"w1", "w2", "w3", "w4"}, {"worker": Role(zh="网格员", en="grid worker")})
    return [str(fault).removeprefix(str(tmp_path) + "/") for fault in faults]


def test_a_rotation_of_two_layers_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, FILE) == []
    (rotation,) = read_roster_file(tmp_path / "rosters.yaml", ZONE).rotations
    assert (rotation.id, rotation.cells, rotation.role, rotation.since) == ("grid-3", ("g03",), "worker", None)
    assert rotation.until == 1_798_732_800_000
    monday, first = Handover(date(2026, 11, 30), 480, 7, 1), date(2026, 11, 30)
    shifts = (
        Shift("早", 480, 480, (), (DayType.WORKDAY,)),
        Shift("夜", 1320, 480, (6, 7)),
        Shift("", 0, 2160),
    )
    assert rotation.layers == (
        RotationLayer(0, (("w1",), ("w2", "w3")), shifts, monday),
        RotationLayer(1, (("w4",),), (Shift("", 570, 1440),), Handover(first, 570, 3)),
    )


@pytest.mark.parametrize("text", ["", "# no rotation yet\n", "rotations: []\n"])
def test_a_file_without_rotations_is_valid(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == []
    assert read_roster_file(tmp_path / "none.yaml", ZONE).rotations == ()


@pytest.mark.parametrize(
    ("written", "instead", "fault"),
    [
        ("[g03]", "[g30]", "rosters.yaml:4:13: rotations.0.cells.0: 'g30' does not exist"),
        ("[w1, [w2, w3]]", "[w1, [w2, w9]]", "rosters.yaml:8:23: rotations.0.layers.0.members.1: 'w9' does not exist"),
        (
            "role: worker",
            "role: worker2",
            "rosters.yaml:5:5: rotations.0.role: 'worker2' is unknown: write one of worker",
        ),
        ("every: 1w", "every: week", "handover.every: 'week' is no interval of handovers: write 1d, 7d, 1w or 2w"),
        ("every: 1w", "every: 7d", "handover: a weekday goes with weeks only: write every: 1w, or remove weekday"),
        ("start: 2026-11-30\n        hand", "start: 2026-11-31\n        hand", "is not a date: write 2026-11-30"),
        ("length: 36h", "length: 8d", "'8d' is no length of a shift: write 8h, 90m or 2d, up to 7d"),
        ("length: 36h", "name: x", "shifts.2: needs `to` or `length`, not both: write to: '16:00'"),
        ("until: 2027-01-01T00:00:00", "until: soon", "rosters.yaml:6:5: rotations.0.until: not a time: 'soon'"),
        ("    until:", "    since: 2028-01-01\n    until:", "not a time: '2028-01-01'"),
        ("    until:", "    since: 2028-01-01T00:00:00\n    until:", "until: is not after since: write a later time"),
        ("days: [workday]", "days: [workdays]", "rosters.yaml:12:"),
    ],
)
def test_faults_have_a_position_and_say_what_to_write(tmp_path: Path, written: str, instead: str, fault: str) -> None:
    assert written in FILE
    assert fault in "\n".join(read(tmp_path, FILE.replace(written, instead)))


def test_two_rotations_of_one_id_are_a_fault(tmp_path: Path) -> None:
    assert "'grid-3' stands twice" in read(tmp_path, FILE + FILE.removeprefix("rotations:\n"))[0]


def test_a_site_is_loaded_with_its_rotations(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("id,name,level\ng03,第三网格,grid\n", "utf-8")
    (tmp_path / "people.csv").write_text("id,name\n" + "".join(f"w{n},甲\n" for n in (1, 2, 3, 4)), "utf-8")
    (tmp_path / "rosters.yaml").write_text(FILE, "utf-8")
    assert [rotation.id for rotation in load_site(tmp_path).rotations] == ["grid-3"]
    (tmp_path / "cells.csv").write_text("id,name,level\ng04,第四网格,grid\n", "utf-8")
    with pytest.raises(ConfigError, match="'g03' does not exist"):
        load_site(tmp_path)

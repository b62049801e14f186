"""Lines of a roster that are never on shift, and lines that overlap."""

from __future__ import annotations

from pathlib import Path

from tests.support.site_files import faults_and_warnings, write_site


def test_duties_that_are_never_on_shift_or_overlap_are_reported(tmp_path: Path) -> None:
    duties = """\
id,cell,role,person,weekdays,from,to,since,until
1,street,worker,li,,08:00,20:00,,
2,street,worker,li,,19:00,22:00,,
3,street,lead,li,6,08:00,20:00,2026-11-23T00:00:00+08:00,2026-11-25T00:00:00+08:00
4,street,lead,li,,24:00,00:00,,
5,street,community,li,,,,,
6,street,worker,li,,20:00,08:00,,2026-12-01T00:00:00+08:00
"""
    warnings = [
        line
        for line in faults_and_warnings(write_site(tmp_path, duties_csv=duties))[1]
        if line.startswith("duties.csv")
    ]
    assert warnings == [
        "duties.csv:4:20: from: never holds: its hours, weekdays and dates have no minute in common",
        "duties.csv:5:19: from: never holds: its hours, weekdays and dates have no minute in common",
        "duties.csv:3:17: person: holds at hours at which line 2 has li there already",
        "duties.csv:7:17: person: holds at hours at which line 3 has li there already",
    ]

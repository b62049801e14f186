"""What a browser loads: the built pages in all, compressed. The page of the API is a page of its own."""

from __future__ import annotations

import gzip
from pathlib import Path

DIST = Path(__file__).resolve().parents[2] / "console" / "dist"
BYTES_MAX = 600_000
WALL_BYTES_MAX = 120_000


def compressed(files: list[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def test_all_pages_together_have_at_most_600_kb() -> None:
    files = [file for file in DIST.rglob("*") if file.is_file() and not file.name.startswith("api")]

    assert compressed(files) <= BYTES_MAX, f"{compressed(files)} bytes"


def test_the_wall_loads_no_chart_and_no_editor() -> None:
    names = ("index", "WallPage", "base", "_plugin", "PageFrame", "FormDialog", "SeverityMark", "DeadlineBar")
    files = [file for file in (DIST / "assets").iterdir() if file.name.startswith(names)]

    assert compressed(files) <= WALL_BYTES_MAX, f"{compressed(files)} bytes"

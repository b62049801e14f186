"""`fengshao refusals list` on a new data directory."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import run


def test_refusals_of_an_empty_dir_are_none(tmp_path: Path) -> None:
    assert "no refusals" in run("refusals", "list", "--data", str(tmp_path)).output

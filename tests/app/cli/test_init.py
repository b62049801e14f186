"""`fengshao init` writes a site without faults."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import run


def test_a_new_site_has_no_faults(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "site")).exit_code == 0

    checked = run("check", "--site", str(tmp_path / "site"))
    assert checked.exit_code == 0
    assert "4 places, 3 people, 2 duties, 2 devices" in checked.output

    again = run("init", str(tmp_path / "site"))
    assert (again.exit_code, "is not empty" in again.output) == (1, True)

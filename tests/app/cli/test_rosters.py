"""`fengshao rosters import`: without a service and beside one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.main import main
from app.config.site import load_site
from app.datadir.site_import import import_site
from app.datadir.stores import open_database
from tests.support.site_files import NOW, write_site

EVENT = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
DTSTART;TZID=Asia/Shanghai:{start}
DURATION:PT12H
RRULE:FREQ=DAILY;COUNT=3
SUMMARY:李伟 网格员
LOCATION:网格
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with the registry of a site."""
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "site").mkdir()
    database = open_database(folder)
    database.write_blocking(lambda tx: import_site(tx, load_site(write_site(tmp_path / "site")), NOW))
    database.close()
    return folder


def run(file: Path, data: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["rosters", "import", str(file), "--data", str(data), *options])
    return result.exit_code, result.output


def test_a_calendar_is_imported_without_a_service_and_faults_are_printed_with_their_lines(data: Path) -> None:
    from datetime import datetime, timedelta

    from app.clock import Clock
    from store.database import registry

    tomorrow = datetime.fromtimestamp(Clock()() / 1000) + timedelta(days=1)  # noqa: DTZ006 - the command reads a clock
    file = data.parent / "duty.ics"
    file.write_text(EVENT.format(start=f"{tomorrow:%Y%m%d}T080000"), "utf-8")
    assert run(file, data) == (0, "3 roster lines, 0 leaves\n")
    database = open_database(data)
    lines = [duty for duty in database.write_blocking(registry.community).duties if duty.id.startswith("ics-")]
    database.close()
    assert {(duty.person, duty.cell, duty.role) for duty in lines} == {("li", "grid", "worker")}

    file.write_text(EVENT.format(start="soon"), "utf-8")
    code, output = run(file, data)
    assert (code, output.splitlines()[0]) == (
        1,
        f"{file}:4:1: DTSTART: 'soon' is no time: write 20261130T080000, or 20261130 for a day",
    )
    assert "person: 'nobody' does not exist in the registry" in run(file, data, "--person", "nobody")[1]


def test_beside_a_service_the_file_is_sent_to_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, bytes]] = []

    def upload(_data: Path, path: str, content: bytes) -> dict[str, list[str]]:
        sent.append((path, content))
        return {"duties": ["a"], "overrides": ["b"]}

    monkeypatch.setattr("app.cli.roster_import.upload", upload)
    file = data.parent / "duty.ics"
    file.write_bytes(b"x")
    assert run(file, data, "--cell", "grid") == (0, "1 roster lines, 1 leaves\n")
    assert sent == [("/api/v1/rosters/import?cell=grid", b"x")]

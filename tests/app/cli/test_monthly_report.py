"""`fengshao report` without a running service."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datadir.stores import open_database
from domain import Ledger, Severity
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of
from tests.support.cli import run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A DIR with one alert of November 2026, and no service."""
    database = open_database(tmp_path)
    leak = alert_of(finding(), opened_at=NOW, ledger=Ledger.DANGER, severity=Severity.CRITICAL, title="燃气泄漏")
    database.write_blocking(lambda tx: SqlAlertStore(tx).add_alert(leak))
    database.close()
    return tmp_path


def test_a_page_and_a_table_are_written_from_the_database_alone(data: Path, tmp_path: Path) -> None:
    page, table = tmp_path / "november.html", tmp_path / "november.csv"
    done = run("report", "--month", "2026-11", "--data", str(data), "--out", str(page))
    assert (done.exit_code, done.output) == (0, f"wrote {page}\n")
    assert "2026-11 月报" in page.read_text("utf-8")
    assert run("report", "--month", "2026-11", "--data", str(data), "--out", str(table), "--english").exit_code == 0
    assert "cases,,Key figures,opened,1\r\n" in table.read_bytes().decode("utf-8-sig")


@pytest.mark.parametrize(
    ("month", "folder", "message"),
    [("november", "", "--month 'november' is no month: write one like 2026-11"), ("2026-11", "elsewhere", "has no")],
)
def test_what_is_no_month_and_a_folder_without_a_database_are_refused(
    data: Path, month: str, folder: str, message: str
) -> None:
    done = run("report", "--month", month, "--data", str(data / folder), "--out", str(data / "out.html"))
    assert done.exit_code == 1
    assert message in done.output

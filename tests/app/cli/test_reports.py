"""`reports erase` on a data directory on which no service runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from click.testing import CliRunner

from alerts.cases.report import Report
from app.cli.main import main
from app.datadir.stores import open_database
from store.database.alerts.repository import SqlAlertStore
from store.database.reports.repository import SqlReportStore
from tests.alerts.test_silence import finding
from tests.support.alerts import alert_of

PHONE = "19911112222"


def test_a_number_is_erased_without_a_service(tmp_path: Path) -> None:
    database = open_database(tmp_path)

    def seed(tx: Any) -> None:
        alert = SqlAlertStore(tx).add_alert(alert_of(finding(), description="张先生"))
        values = {"number": "1", "category": "exit", "text": "张先生", "created_at": 0, "phone": PHONE}
        SqlReportStore(tx).add_report(Report(id=0, alert=alert.id, **values))  # type: ignore[arg-type]

    database.write_blocking(seed)
    database.close()
    for expected in ("1 reports erased", "0 reports erased"):
        ran = CliRunner().invoke(main, ["reports", "erase", f"+86 {PHONE}", "--data", str(tmp_path)])
        assert (ran.exit_code, ran.output.strip()) == (0, expected)
    database = open_database(tmp_path)
    alert = database.write_blocking(lambda tx: SqlAlertStore(tx).alert(1))
    assert alert is not None
    assert "张先生" not in alert.description
    database.close()

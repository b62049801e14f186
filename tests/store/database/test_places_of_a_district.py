"""Whoever sees a whole district has more places than a statement may have parameters."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import Finding, FindingPhase, Ledger, Severity, Subject
from store.database.alerts import statistics
from store.database.alerts.case_rows import case_rows
from store.database.alerts.feed import list_changed
from store.database.alerts.overdue import list_overdue
from store.database.alerts.queries import AlertFilter, list_alerts
from store.database.alerts.repository import SqlAlertStore
from store.database.reports import queries as reports
from tests.support.alerts import alert_of

PLACES = {f"place-{number}" for number in range(70_000)}
"""Beyond the limits of SQLite (32,766 parameters) and PostgreSQL (65,535)."""
GAS = Finding(
    id="gas@1/d/0", rule="gas", version="1", phase=FindingPhase.BEGAN, hazard="gas", title="燃气", begin=0, at=0, now=0,
    severity=Severity.HIGH, ledger=Ledger.DANGER, subject=Subject("device", "d")
)  # fmt: skip


def test_every_list_that_is_limited_to_places_takes_all_places_of_a_district(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    inside = str(store.add_alert(alert_of(GAS, place="place-69999", overdue_since=1)).id)
    store.add_alert(alert_of(GAS, place="elsewhere", overdue_since=1))

    filters = AlertFilter(place=PLACES)
    assert [item["id"] for item in list_alerts(tx, filters, 10).items] == [inside]
    assert len(case_rows(tx, filters, 10)) <= 1
    assert [item["id"] for item in list_overdue(tx, PLACES, 10).items] == [inside]
    assert [item["id"] for item in list_changed(tx, Ledger.DANGER, PLACES, 10).items] == [inside]
    assert statistics.dispositions(tx, "rule", None, None, PLACES) == {}
    of_places = reports.ReportFilter(places=PLACES)
    assert reports.list_reports(tx, of_places, 10).items == ()
    assert reports.count_reports(tx, of_places, 0).total == 0
    assert reports.report_figures(tx, of_places, 0).by_category == {}

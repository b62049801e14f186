"""`fengshao reports erase PHONE`: deletes what a resident sent with a phone number."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.options import FOLDER, report_user_errors

if TYPE_CHECKING:
    from sqlalchemy import Connection


@click.group("reports")
def reports_group() -> None:
    """Reports of residents."""


@reports_group.command("erase")
@click.argument("phone")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True, help="The DIR of the service.")
@report_user_errors
def erase(phone: str, data: Path) -> None:
    """Delete number, words, photos and position of every report with this PHONE; the case itself stays."""
    from alerts.reply_parsing.codes import normalize_phone
    from app.cli.database import with_database
    from app.datadir.control_socket import ServiceNotRunning, request

    try:
        erased: Any = request(data, "POST", "/api/v1/reports/erase", {"phone": phone})["reports"]
    except ServiceNotRunning:
        erased = with_database(data, lambda tx: erase_reports(tx, normalize_phone(phone)))
    click.echo(f"{erased} reports erased")


def erase_reports(tx: Connection, phone: str) -> int:
    """Erase in a database on which no service runs; returns how many reports. Files of photos are deleted by the job
    `reports` of the service."""
    from alerts.cases.report_steps import erase_report
    from alerts.ports import Transaction
    from app.clock import Clock
    from app.config.catalog import load_categories
    from store.database import registry
    from store.database.alerts.repository import SqlAlertStore
    from store.database.reports.repository import SqlReportStore

    reports, community, text = SqlReportStore(tx), registry.community(tx), load_categories().erased
    changes = Transaction(SqlAlertStore(tx), Clock()())
    found = reports.reports_of_phone(phone)
    for report in found:
        erase_report(changes, reports, report, community, text)
    return len(found)

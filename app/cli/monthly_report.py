"""`fengshao report`: the report of a month, from the running service or from the database of DIR."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

from alerts.analysis.months import month_bounds
from app.clock import Clock
from app.config.catalog import load_active_rulebooks
from app.config.site import load_site
from app.datadir.control_socket import ServiceNotRunning, download
from app.datadir.ledger_address import DATABASE_FILE, has_ledger
from app.datadir.stores import open_database
from app.errors import UserError
from app.server.reports import site_info
from app.server.rule_summaries import rule_summaries
from console.views.figure_names import Language
from console.views.monthly_report import render_html
from console.views.period_statistics import Scope, StatisticsReader
from console.views.report_csv import render_csv
from store.database import registry


def write_report(month: str, data: Path, out: Path, site: Path | None, language: Language) -> None:
    """Raises UserError for what is no month, and without a database in DIR."""
    kind = "csv" if out.suffix == ".csv" else "html"
    try:
        month_bounds(month, load_site(site).settings.zone)
    except ValueError as error:
        raise UserError(f"--month {error}") from None
    query = urlencode({"month": month, "format": kind, "lang": language})
    try:
        content = download(data, f"/api/v1/statistics/report?{query}")
    except ServiceNotRunning:
        content = _from_database(month, data, kind, site, language).encode()
    out.write_bytes(content)


def _from_database(month: str, data: Path, kind: str, site: Path | None, language: Language) -> str:
    if not has_ledger(data):
        raise UserError(f"{data} has no {DATABASE_FILE}: name the DIR of a service with --data")
    config = load_site(site)
    rules = rule_summaries(load_active_rulebooks(config.kinds, site))
    with closing(open_database(data)) as database:
        community = database.write_blocking(registry.community)
        reader = StatisticsReader(database, site_info(config), community, config.roles, rules)
        report = asyncio.run(reader.report(month, Clock()(), language, Scope()))
    return render_csv(report) if kind == "csv" else render_html(report)

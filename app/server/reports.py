"""Keeps the report of each month in DIR/reports, as a page and as CSV."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from alerts.analysis.months import month_before
from app.config.site import SiteConfig
from app.reload.registry import RegistryCache
from console.dependencies import RuleSummary, SiteInfo
from console.views.monthly_report import MonthlyReport, render_html
from console.views.period_statistics import Scope, StatisticsReader
from console.views.report_csv import render_csv
from domain import Instant
from store.database.database import Database

FOLDER = "reports"


class MonthlyReports:
    """Writes the report of the month before."""

    def __init__(
        self,
        data: Path,
        database: Database,
        site: SiteConfig,
        registry: RegistryCache,
        rules: Callable[[], Sequence[RuleSummary]],
    ) -> None:
        self._folder, self._database, self._site = data / FOLDER, database, site
        self._registry, self._rules = registry, rules

    async def keep(self, now: Instant) -> str:
        """Write the files of the month before that of `now`, again if they exist; returns what was written."""
        settings = self._site.settings
        community = self._registry.current_community()
        reader = StatisticsReader(self._database, site_info(self._site), community, self._site.roles, self._rules())
        report = await reader.report(month_before(now, settings.zone), now, "zh", Scope())
        files = await asyncio.to_thread(_write, self._folder, report)
        return f"kept {' and '.join(file.name for file in files)}"


def site_info(site: SiteConfig) -> SiteInfo:
    """What pages and reports name of a site."""
    return SiteInfo(site.settings.name, site.settings.zone, site.settings.operators)


def _write(folder: Path, report: MonthlyReport) -> list[Path]:
    folder.mkdir(mode=0o700, exist_ok=True)
    page, table = folder / f"{report.month}.html", folder / f"{report.month}.csv"
    for file, text in ((page, render_html(report)), (table, render_csv(report))):
        unfinished = file.with_suffix(f"{file.suffix}.part")
        unfinished.write_text(text, "utf-8", newline="")
        unfinished.replace(file)
    return [page, table]

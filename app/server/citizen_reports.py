"""Builds the desk of citizens' reports, and the store of photos."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from sqlalchemy import Connection

from alerts.cases.report import ReportLimits
from alerts.cases.report_desk import ReportDesk
from app.config.catalog import load_categories
from app.config.settings import ReportSettings
from app.datadir.shared_photos import photo_store
from app.datadir.stores import Stores
from app.server.alerting import Alerting
from app.server.service_config import ServiceConfig
from console.photos.process import PhotoChecker
from console.report_dependencies import ReportDependencies
from domain import DAY, Instant
from store.blobs import ORPHAN_AGE_MS
from store.database.reports import photos, retention
from store.database.reports.repository import ReportTransactions
from store.database.system.photo_contents import sweep_contents

BATCH: Final = 50
"""Photos deleted in one transaction."""


class CitizenReports:
    """The report desk, and the photos of alerts."""

    def __init__(
        self,
        config: ServiceConfig,
        stores: Stores,
        alerting: Alerting,
        on_change: Callable[[str], None],
        clock: Callable[[], Instant],
    ) -> None:
        self._settings, self._database = config.site.settings, stores.database
        self.blobs = photo_store(config.data, stores.database, clock)
        self.desk = ReportDesk(
            ReportTransactions(stores.database),
            alerting.desk.cases,
            load_categories(config.site.start_path),
            report_limits(self._settings.reports),
            clock,
            on_change,
            alerting.wake,
        )

    def dependencies(self) -> ReportDependencies:
        """What the console needs."""
        settings = self._settings
        return ReportDependencies(
            desk=self.desk,
            blobs=self.blobs,
            photos=PhotoChecker(),
            is_open=settings.reports.enabled,
            nearest_m=settings.reports.nearest_m,
            public_url=settings.public_url,
        )

    async def settle(self, now: Instant) -> str:
        """Reports that nobody answered get the standard answer; expired photos, and files without a row, are
        deleted."""
        database, before = self._database, now - self._settings.retention.photo_days * DAY
        answered = await self.desk.answer_overdue(now)
        forgotten = await database.write(lambda tx: retention.forget_clients(tx, now))
        expired = 0
        while batch := await database.write(lambda tx: photos.delete_expired(tx, before, BATCH)):
            expired += batch
        # On the writing thread: no transaction that may refer to a file is open while files are compared with rows.
        orphans = await database.write(lambda tx: self._sweep(tx, now))
        return (
            f"{answered} reports answered, {expired} photos expired, {orphans} files and {forgotten} addresses deleted"
        )

    def _sweep(self, tx: Connection, now: Instant) -> int:
        referenced = partial(photos.referenced_digests, tx)
        return self.blobs.sweep(now, referenced) + sweep_contents(tx, now - ORPHAN_AGE_MS, referenced)


def report_limits(settings: ReportSettings) -> ReportLimits:
    """The limits of a site."""
    return ReportLimits(
        client_hour=settings.client_hour,
        client_day=settings.client_day,
        place_hour=settings.place_hour,
        phone_day=settings.phone_day,
        site_hour=settings.site_hour,
    )

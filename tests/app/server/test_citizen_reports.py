"""The job of reports: expired photos and files without a row are deleted, the others stay."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from alerts.alert import Actor, ResponseSource, State
from alerts.cases.report_steps import NewPhoto
from app.config.settings import SiteSettings
from app.server.citizen_reports import CitizenReports
from domain import DAY
from store.database.alerts.repository import SqlAlertStore
from store.database.database import Database, sqlite_url
from store.database.reports.photos import photos_of_alert
from tests.alerts.test_silence import finding
from tests.support.alerts import alert_of

NOW = 1_795_269_900_000
WORKER = Actor("wang", "王芳", ResponseSource.SCREEN)


def build(folder: Path, database: Database, clock: Any) -> CitizenReports:
    settings = SiteSettings.model_validate({"retention": {"photo_days": 30}})
    config = SimpleNamespace(site=SimpleNamespace(settings=settings, start_path=None), data=folder)
    renderer = SimpleNamespace(timeline_text=lambda _line, **_: "text")
    opener = SimpleNamespace(processor=None, renderer=renderer, escalator=None)
    alerting = SimpleNamespace(desk=SimpleNamespace(cases=opener), wake=lambda: None)
    stores = SimpleNamespace(database=database)
    return CitizenReports(cast("Any", config), cast("Any", stores), cast("Any", alerting), lambda _: None, clock)


async def test_a_photo_expires_with_its_file_once_its_alert_is_settled(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "ledger.db"))
    database.migrate()
    reports = build(tmp_path, database, lambda: NOW)

    def alerts(tx: Any) -> list[int]:
        rows = [alert_of(finding(), state=state) for state in (State.CLOSED, State.OPEN)]
        return [SqlAlertStore(tx).add_alert(row).id for row in rows]

    settled, active = database.write_blocking(alerts)
    digests = {}
    for alert in (settled, active):
        digest = digests[alert] = reports.blobs.write(f"photo of {alert}".encode())
        await reports.desk.add_photos(alert, [NewPhoto(digest, 320, 240, 9)], WORKER)
    orphan = reports.blobs.write(b"never committed")
    for file in (tmp_path / "blobs").rglob("*.jpg"):
        os.utime(file, (NOW / 1000,) * 2)
    later = NOW + 31 * DAY
    assert await reports.settle(later) == "0 reports answered, 1 photos expired, 2 files and 0 addresses deleted"
    assert [reports.blobs.read(one) for one in (digests[settled], orphan)] == [None, None]
    assert reports.blobs.read(digests[active]) is not None
    assert len(database.write_blocking(lambda tx: photos_of_alert(tx, active))) == 1
    database.close()

"""The retention job and the daily report, on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import update

from alerts.alert import State
from app.config.settings import SiteSettings
from app.server.jobs import build_jobs
from domain import DAY, FindingPhase
from store.database.alerts.repository import SqlAlertStore
from store.database.alerts.tables import alerts
from store.database.database import Database, sqlite_url
from store.database.system import audit, key_values
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "ledger.db"))
    opened.migrate()
    yield opened
    opened.close()


def jobs(database: Database, **retention: int) -> dict[str, Any]:
    async def nothing(*_: object) -> int:
        return 0

    unused = SimpleNamespace(delete_expired=nothing, prune=nothing, saved_positions={})
    stores = cast("Any", SimpleNamespace(history=unused, journal=unused, database=database))
    site = SiteSettings.model_validate({"retention": retention})
    return build_jobs(stores, site, cast("Any", unused), cast("Any", None))


def seed(database: Database) -> None:
    """Three alerts of the same age: closed, open, and closed with an active finding."""

    def work(tx: Any) -> None:
        store = SqlAlertStore(tx)
        for number, (state, ended) in enumerate(((State.CLOSED, True), (State.OPEN, True), (State.CLOSED, False)), 1):
            one = finding(id=f"gas@1/g{number}/0")
            alert = store.add_alert(alert_of(one, state=state)).id
            store.record_finding(one, alert)
            if ended:
                store.record_finding(finding(id=one.id, phase=FindingPhase.ENDED), alert)

    database.write_blocking(work)


def left(database: Database) -> list[int]:
    return database.write_blocking(lambda tx: [row.id for row in tx.execute(alerts.select().order_by(alerts.c.id))])


async def test_settled_alerts_are_deleted_after_their_days_and_open_ones_never(database: Database) -> None:
    seed(database)
    retention = jobs(database, alert_days=30, journal_days=7)["retention"].work

    assert "0 alerts" in await retention(NOW + 29 * DAY)
    assert left(database) == [1, 2, 3]
    assert "1 alerts" in await retention(NOW + 31 * DAY)
    assert left(database) == [2, 3]


async def test_alerts_are_kept_as_long_as_the_journal_that_would_raise_them_again(database: Database) -> None:
    seed(database)
    await jobs(database, alert_days=1, journal_days=60)["retention"].work(NOW + 31 * DAY)
    assert left(database) == [1, 2, 3]


async def test_the_daily_report_is_the_outcome_of_its_job_and_is_stored_nowhere_else(database: Database) -> None:
    seed(database)
    database.write_blocking(lambda tx: tx.execute(update(alerts).values(opened_at=NOW)))
    outcome = await jobs(database)["daily-report"].work(NOW + 1)
    assert outcome == "3 alerts opened, 1 not settled, taken in None ms"
    assert database.write_blocking(lambda tx: key_values.get(tx, f"report/{NOW // DAY}")) is None


async def test_personal_data_is_erased_after_its_days_audited_and_counted(database: Database) -> None:
    seed(database)
    database.write_blocking(lambda tx: tx.execute(update(alerts).values(description="王小明")))
    erase = jobs(database, personal_days=30)["personal-data"].work
    assert (await erase(NOW + 29 * DAY)).startswith("0 alerts, 0 reports")
    assert (await erase(NOW + 31 * DAY)).startswith("2 alerts, 0 reports")
    entries = database.write_blocking(lambda tx: audit.list_entries(tx, 10).items)
    assert [(one.actor, one.action, one.detail["alerts"]) for one in entries] == [
        ("retention", "personal data expired", 2)
    ]
    assert left(database) == [1, 2, 3]

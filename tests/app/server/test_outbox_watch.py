"""What waits to be sent and what is used of account limits, from a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from alerts.channels.providers import ProviderChain, ProviderLimit, ProviderPlan
from alerts.delivery.routing import ProviderRouter
from alerts.message import DeliveryState
from app.server.outbox_watch import OutboxWatch
from domain import DAY, HOUR, MINUTE, Ledger, Severity
from store.database.alerts.repository import SqlAlertStore
from store.database.database import Database, sqlite_url
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of

ALIYUN = ProviderPlan((ProviderLimit(DAY, 4, "account"), ProviderLimit(DAY, 2)))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "ledger.db"))
    opened.migrate()
    yield opened
    opened.close()


def seed(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    leak = store.add_alert(alert_of(finding(), ledger=Ledger.DANGER, severity=Severity.CRITICAL)).id
    lesser = store.add_alert(alert_of(finding(), ledger=Ledger.DANGER, severity=Severity.LOW)).id
    sent = {"state": DeliveryState.ACCEPTED, "sent_at": NOW, "provider": "aliyun"}
    store.enqueue(
        [
            delivery_of(leak, 1, NOW - MINUTE),
            delivery_of(leak, 2, NOW + HOUR),
            delivery_of(lesser, 3, NOW - HOUR, state=DeliveryState.SENDING),
            delivery_of(lesser, 4, NOW - DAY, **sent),
        ]
    )


def samples(watch: OutboxWatch) -> dict[tuple[str, ...], float]:
    return {(one.name, *one.labels.values()): one.value for family in watch.metrics() for one in family.samples}


async def test_the_oldest_message_that_is_due_is_found_for_critical_dangers_and_for_others(database: Database) -> None:
    router = ProviderRouter()
    router.add(ProviderChain("sms", cast("Any", {"aliyun": None}), {"aliyun": ALIYUN}))
    clock = [NOW]
    watch = OutboxWatch(database, router, lambda: clock[0])
    await watch.refresh()
    assert samples(watch) == {
        ("fengshao_outbox_oldest_seconds", "false"): 0,
        ("fengshao_outbox_oldest_seconds", "true"): 0,
        ("fengshao_provider_limit_used_ratio", "sms", "aliyun", "86400"): 0,
    }
    database.write_blocking(seed)
    await watch.refresh()
    clock[0] += 30_000
    assert samples(watch) == {
        ("fengshao_outbox_oldest_seconds", "false"): 3630,
        ("fengshao_outbox_oldest_seconds", "true"): 90,
        ("fengshao_provider_limit_used_ratio", "sms", "aliyun", "86400"): 0.25,
    }
    assert watch.waits_ms(critical=True) == 90_000

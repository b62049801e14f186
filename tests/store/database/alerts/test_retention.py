"""Settled alerts are deleted with everything that refers to them; whatever may still change stays."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from alerts.alert import SETTLED_STATES, State, TimelineEntry
from alerts.message import DeliveryState
from domain import DAY, FindingPhase
from store.database.alerts import retention
from store.database.alerts.repository import SqlAlertStore
from store.database.alerts.tables import alert_findings, alerts, deliveries, delivery_events, reply_codes, timeline
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of

BEFORE = NOW + DAY


@pytest.fixture
def store(tx: Connection) -> SqlAlertStore:
    return SqlAlertStore(tx)


def add(store: SqlAlertStore, number: int, state: State = State.CLOSED, *, ended: bool = True, **changes: Any) -> int:
    """An alert with one finding, one timeline entry, one sent message and its reply code."""
    one = finding(id=f"gas@1/g{number}/0")
    alert = store.add_alert(alert_of(one, state=state, **changes)).id
    store.record_finding(one, alert)
    if ended:
        store.record_finding(replace(one, phase=FindingPhase.ENDED), alert)
    store.add_timeline([TimelineEntry(alert, NOW, "close", "已关闭")])
    store.flush()
    pending = delivery_of(alert, number, NOW)
    store.enqueue([pending])
    store.update_delivery(pending, replace(pending, state=DeliveryState.DELIVERED), NOW, "")
    assert store.assign_reply_code("19900000001", alert, "wang", NOW) == number
    return alert


def rows(tx: Connection) -> list[int]:
    tables = (alerts, alert_findings, timeline, deliveries, delivery_events, reply_codes)
    return [tx.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def purge(tx: Connection, before: int = BEFORE) -> int:
    return retention.delete_alerts(tx, retention.expired_alerts(tx, before), before)


def test_an_expired_alert_goes_with_everything_that_refers_to_it(tx: Connection, store: SqlAlertStore) -> None:
    add(store, 1)
    kept = add(store, 2, updated_at=BEFORE)

    assert purge(tx) == 1
    assert rows(tx) == [1, 2, 1, 1, 1, 1]
    assert store.alert(kept) is not None
    assert purge(tx) == 0


@pytest.mark.parametrize("state", [state for state in State if state not in SETTLED_STATES])
def test_an_alert_that_is_not_settled_is_never_deleted(tx: Connection, store: SqlAlertStore, state: State) -> None:
    add(store, 1, state)
    add(store, 2, updated_at=BEFORE)
    assert purge(tx) == 0


def test_an_alert_with_an_active_finding_is_never_deleted(tx: Connection, store: SqlAlertStore) -> None:
    add(store, 1, State.CLOSED, ended=False)
    add(store, 2, updated_at=BEFORE)
    assert purge(tx) == 0


def test_the_alert_of_the_newest_message_stays_because_message_numbers_go_on_from_it(
    tx: Connection, store: SqlAlertStore
) -> None:
    add(store, 1)
    add(store, 2)
    assert purge(tx) == 1
    assert store.next_delivery_number() == 3


def test_an_alert_that_was_returned_after_the_search_is_not_deleted(tx: Connection, store: SqlAlertStore) -> None:
    first = add(store, 1)
    add(store, 2)
    expired = retention.expired_alerts(tx, BEFORE)
    alert = store.alert(first)
    assert alert is not None
    store.save_alert(replace(alert, state=State.RETURNED))
    assert (expired, retention.delete_alerts(tx, expired, BEFORE)) == ([first], 0)


def test_a_batch_is_bounded_and_the_oldest_go_first(tx: Connection, store: SqlAlertStore) -> None:
    numbers = [add(store, number) for number in (1, 2, 3)]
    assert retention.expired_alerts(tx, BEFORE, limit=1) == numbers[:1]


def test_a_finding_without_an_alert_is_deleted_once_it_has_ended(tx: Connection, store: SqlAlertStore) -> None:
    add(store, 1, updated_at=BEFORE)
    ended, active, young = (finding(id=f"gas@1/{name}/0") for name in ("ended", "active", "young"))
    for one in (ended, active):
        store.record_finding(one, None)
    store.record_finding(replace(ended, phase=FindingPhase.ENDED), None)
    store.record_finding(replace(young, phase=FindingPhase.ENDED, now=BEFORE), None)

    expired = retention.expired_findings(tx, BEFORE)
    assert expired == [ended.id]
    assert retention.delete_findings(tx, expired) == 1
    assert set(tx.execute(select(alert_findings.c.finding)).scalars()) == {"gas@1/g1/0", active.id, young.id}

"""Counts of alerts and messages for metrics, the map and the daily report."""

from __future__ import annotations

from sqlalchemy import Connection

from alerts.alert import State, TimelineEntry
from alerts.message import DeliveryState
from domain import DAY, MINUTE, Ledger, Severity
from store.database.alerts import statistics
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of


def add(store: SqlAlertStore, opened_at: int = NOW, **changes: object) -> int:
    values = {"ledger": Ledger.DANGER, "severity": Severity.CRITICAL, "place": "b3", **changes}
    return store.add_alert(alert_of(finding(), opened_at=opened_at, **values)).id


def test_a_day_counts_the_alerts_opened_in_it_and_all_that_are_active(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    first, second = add(store), add(store, severity=Severity.LOW, state=State.RESOLVED)
    add(store, NOW - 1)
    add(store, NOW + DAY)
    for alert, after in ((first, 2 * MINUTE), (first, 9 * MINUTE), (second, 4 * MINUTE)):
        store.add_timeline([TimelineEntry(alert, NOW + after, "acknowledge", "")])
    store.flush()

    day = statistics.alert_statistics(tx, NOW, NOW + DAY)
    assert day == statistics.AlertStatistics({"critical": 1, "low": 1}, 3, 3 * MINUTE)
    assert statistics.alert_statistics(tx, NOW + DAY + 1, NOW + 2 * DAY).take_ms_median is None


def test_active_dangers_are_counted_by_place_and_severity(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    add(store)
    add(store)
    add(store, severity=Severity.HIGH)
    add(store, place=None)
    add(store, ledger=Ledger.HEALTH)
    add(store, state=State.CLOSED)
    assert sorted(statistics.active_by_place(tx)) == [("b3", "critical", 2), ("b3", "high", 1)]


def test_messages_are_counted_by_channel_and_state_and_the_time_to_the_first_is_a_median(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    assert statistics.median_detect_to_send_ms(tx, 0) is None
    for number, seconds in enumerate((1, 3, 8)):
        alert, row = add(store), delivery_of(number + 1, number, NOW)
        store.enqueue([row, delivery_of(alert, number + 10, NOW, channel="wecom")])
        sent = delivery_of(alert, number, NOW, state=DeliveryState.DELIVERED, sent_at=NOW + seconds * 1000)
        store.update_delivery(row, sent, NOW, "")
    assert statistics.deliveries_by_state(tx) == {("sms", "delivered"): 3, ("wecom", "pending"): 3}
    assert statistics.median_detect_to_send_ms(tx, NOW) == 3000

"""Rows that one transaction reads several times are read once, and are never older than its own writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import Connection, event

from alerts.alert import State
from alerts.message import DeliveryState
from store.database.alerts.repository import SqlAlertStore
from store.database.database import Database
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of

Story = Callable[[SqlAlertStore], Any]


def run(database: Database, story: Story, caches: bool = True) -> tuple[Any, int]:
    """The story's result, and how many statements read a row of an alert or a delivery."""
    statements: list[str] = []

    def work(tx: Connection) -> Any:
        event.listen(tx, "before_cursor_execute", lambda *values: statements.append(values[2]))
        return story(SqlAlertStore(tx, caches=caches))

    result = database.write_blocking(work)
    reads = [text for text in statements if "FROM alerts" in text or "FROM deliveries \nWHERE deliveries.id" in text]
    return result, len(reads)


def test_an_alert_read_five_times_is_read_once(database: Database) -> None:
    added = database.write_blocking(lambda tx: SqlAlertStore(tx).add_alert(alert_of(finding())))
    read = [added] * 5
    assert run(database, lambda store: [store.alert(added.id) for _ in range(5)]) == (read, 1)
    assert run(database, lambda store: [store.alert(added.id) for _ in range(5)], caches=False) == (read, 5)


def test_an_alert_that_does_not_exist_is_asked_for_once(database: Database) -> None:
    assert run(database, lambda store: [store.alert(99), store.alert(99)]) == ([None, None], 1)


def test_what_the_transaction_saved_is_what_it_reads(database: Database) -> None:
    def story(store: SqlAlertStore) -> list[State]:
        alert = store.add_alert(alert_of(finding()))
        before = store.alert(alert.id)
        store.save_alert(structs.replace(alert, state=State.ACKNOWLEDGED, owner="wang"))
        after = store.alert(alert.id)
        assert before is not None
        assert after is not None
        return [before.state, after.state]

    assert run(database, story)[0] == [State.OPEN, State.ACKNOWLEDGED]


@pytest.mark.parametrize("caches", [True, False])
def test_deliveries_are_never_older_than_the_writes_of_the_transaction(database: Database, caches: bool) -> None:
    def story(store: SqlAlertStore) -> list[Any]:
        alert = store.add_alert(alert_of(finding()))
        seen: list[Any] = [len(store.deliveries(alert.id))]
        row = delivery_of(alert.id, 1, NOW)
        store.enqueue([row])
        store.enqueue([row])  # the same key: once
        stored = store.deliveries(alert.id)
        stored.clear()  # the list is the caller's
        seen.append([one.state for one in store.deliveries(alert.id)])
        first = store.deliveries(alert.id)[0]
        store.update_delivery(first, structs.replace(first, state=DeliveryState.ACCEPTED), 5, "")
        found = store.delivery(first.id)
        seen += [found and found.state, [one.state for one in store.deliveries(alert.id)]]
        store.assign_provider(first.id, "aliyun", None)
        found = store.delivery(first.id)
        return [*seen, found and found.provider]

    pending, accepted = DeliveryState.PENDING, DeliveryState.ACCEPTED
    assert run(database, story, caches)[0] == [0, [pending], accepted, [accepted], "aliyun"]


def test_a_leased_message_is_read_again(database: Database) -> None:
    def story(store: SqlAlertStore) -> list[Any]:
        alert = store.add_alert(alert_of(finding()))
        store.enqueue([delivery_of(alert.id, 1, NOW)])
        before = store.deliveries(alert.id)[0]
        leased = store.lease_deliveries(before.channel, before.not_before, before.not_before + 1_000, 8)
        after = store.delivery(before.id)
        return [before.state, leased[0].state, after and after.state]

    sending = DeliveryState.SENDING
    assert run(database, story)[0] == [DeliveryState.PENDING, DeliveryState.PENDING, sending]

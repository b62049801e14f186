"""Reply codes: the smallest free number, kept while a reply may still come, reused when all are in use."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from alerts.alert import State
from alerts.reply_parsing.codes import MAX_NUMBER
from domain import DAY
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of

PHONE = "19900000001"


def add(store: SqlAlertStore, state: State = State.OPEN, at: int = NOW) -> int:
    return store.add_alert(alert_of(finding(), state=state, updated_at=at)).id


def test_an_alert_keeps_its_number_and_the_next_gets_the_smallest_free_one(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    first, second = add(store), add(store)
    numbers = [store.assign_reply_code(PHONE, alert, "wang", NOW) for alert in (first, second, first)]
    assert numbers == [1, 2, 1]
    assert {code.number: code.alert for code in store.reply_codes(PHONE)} == {1: first, 2: second}
    assert store.reply_codes("19900000002") == []


def test_the_number_of_a_closed_alert_is_reused_a_day_later(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    closed, second, third = add(store, State.CLOSED), add(store), add(store)
    assert store.assign_reply_code(PHONE, closed, "wang", NOW) == 1
    assert store.assign_reply_code(PHONE, second, "wang", NOW + DAY) == 2
    assert store.assign_reply_code(PHONE, third, "wang", NOW + DAY + 1) == 1


def test_when_all_are_in_use_the_alert_settled_longest_ago_gives_its_number(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    alerts = [add(store) for _ in range(MAX_NUMBER)]
    for alert in alerts:
        store.assign_reply_code(PHONE, alert, "wang", NOW)
    assert store.assign_reply_code(PHONE, add(store), "wang", NOW) is None
    for number, at in ((7, NOW + 2), (9, NOW + 1)):
        settled = store.alert(alerts[number - 1])
        assert settled is not None
        store.save_alert(replace(settled, state=State.RESOLVED, updated_at=at))
    assert store.assign_reply_code(PHONE, add(store), "wang", NOW + 3) == 9

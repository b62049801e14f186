"""Facts of a period, read month by month."""

from __future__ import annotations

from typing import Any

from msgspec import structs
from sqlalchemy import Connection

from alerts.alert import State
from alerts.analysis.facts import DeliveryCount, FindingBegin
from domain import DAY, HOUR, Ledger, Severity
from store.database.alerts import case_facts
from store.database.alerts.repository import SqlAlertStore
from store.database.database import Database
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of


def add(store: SqlAlertStore, at: int = NOW, number: int = 1, **changes: Any) -> int:
    """An alert with one finding and one message."""
    values = {"ledger": Ledger.DANGER, "severity": Severity.HIGH, "place": "b3", "opened_at": at, **changes}
    told = finding(id=f"gas-alarm@1/gas-402/{number}", now=at, device="gas-402")
    alert = store.add_alert(alert_of(told, **values)).id
    store.record_finding(told, alert)
    store.enqueue([delivery_of(alert, number, at)])
    return alert


def test_a_case_comes_with_its_finding_and_its_messages_and_what_was_merged_only_with_these(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    first = add(store, disposition="false_alarm")
    add(store, NOW + HOUR, 2, merged_into=first, state=State.CLOSED)
    facts = case_facts.slice_facts(tx, (NOW, NOW + DAY))
    assert [(case.alert, case.place, case.disposition, case.overdue) for case in facts.cases] == [
        (first, "b3", "false_alarm", 0)
    ]
    assert facts.findings == [
        FindingBegin(NOW, "gas-alarm", "gas-402", "false_alarm"),
        FindingBegin(NOW + HOUR, "gas-alarm", "gas-402", None),
    ]
    assert facts.deliveries == [DeliveryCount("sms", "", "pending", "", 2)]


def test_an_exercise_is_among_the_cases_only_and_other_places_are_left_out(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    add(store, exercise=True)
    add(store, NOW, 2, place="c1")
    everywhere = case_facts.slice_facts(tx, (NOW, NOW + 1))
    assert sorted(case.exercise for case in everywhere.cases) == [False, True]
    assert len(everywhere.findings) == 1
    here = case_facts.slice_facts(tx, (NOW, NOW + 1), ["b3"])
    assert ([case.exercise for case in here.cases], here.findings, here.deliveries) == ([True], [], [])
    there = case_facts.slice_facts(tx, (NOW, NOW + 1), ["c1"])
    assert there.deliveries == [DeliveryCount("sms", "", "pending", "", 1)]


def test_alerts_that_are_active_for_more_than_a_day_are_stale(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    add(store, NOW - 2 * DAY)
    add(store, NOW - 2 * DAY, 2, state=State.RESOLVED)
    add(store, NOW - 2 * DAY, 3, exercise=True)
    add(store, NOW - HOUR, 4)
    assert case_facts.count_stale(tx, NOW) == 1
    assert case_facts.count_stale(tx, NOW, ["c1"]) == 0


async def test_a_year_is_read_in_months_and_added_up(database: Database) -> None:
    def fill(tx: Connection) -> None:
        store = SqlAlertStore(tx)
        for number in range(3):
            add(store, NOW + number * 100 * DAY, number)

    database.write_blocking(fill)
    assert len(list(case_facts.slices(NOW, NOW + 365 * DAY))) == 12
    facts = await case_facts.read_facts(database, NOW, NOW + 365 * DAY, NOW, None)
    assert len(facts.cases) == len(facts.findings) == 3
    assert facts.deliveries == (DeliveryCount("sms", "", "pending", "", 3),)
    assert structs.replace(facts, stale=0) == facts

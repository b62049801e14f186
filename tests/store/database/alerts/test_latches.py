"""Latched findings whose alert was handled after they began."""

from __future__ import annotations

from sqlalchemy import Connection

from alerts.alert import State, TimelineEntry
from store.database.alerts.latches import handled_findings
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of


def add(store: SqlAlertStore, name: str, state: State, recorded_at: int = NOW) -> int:
    alert = store.add_alert(alert_of(finding(), state=state)).id
    store.record_finding(finding(id=name, now=recorded_at), alert)
    return alert


def test_only_findings_recorded_before_the_last_handling_action_are_returned(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    closed, late = add(store, "a", State.CLOSED), add(store, "b", State.VERIFIED, NOW + 20)
    opened = add(store, "c", State.OPEN)
    for alert, kind, person in ((closed, "resolve", "wang"), (closed, "close", "li"), (late, "verify", None)):
        store.add_timeline([TimelineEntry(alert, NOW + 10, kind, "", person=person)])
    store.add_timeline([TimelineEntry(opened, NOW + 10, "resolve", "", person="wang")])
    store.flush()

    assert handled_findings(tx, ["a", "b", "c", "unknown"]) == [("a", closed, "li")]
    assert handled_findings(tx, []) == []

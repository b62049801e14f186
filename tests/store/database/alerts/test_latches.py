"""Latched findings whose alert was handled after they began."""

from __future__ import annotations

from sqlalchemy import Connection

from alerts.alert import State, TimelineEntry
from domain import FindingPhase
from store.database.alerts.latches import ActiveFinding, active_in_settled_alerts, active_of_rule, handled_findings
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


def test_what_is_active_is_found_by_settled_alerts_and_by_rule(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    closed, ended = add(store, "gas@1/device:a/1", State.CLOSED), add(store, "gas@1/device:b/1", State.CLOSED)
    add(store, "gas@1/building:c/1", State.OPEN)
    add(store, "gas-high@1/device:d/1", State.RESOLVED)
    store.record_finding(finding(id="gas@1/device:b/1", phase=FindingPhase.ENDED), ended)
    store.flush()
    assert ids(active_in_settled_alerts(tx)) == ["gas-high@1/device:d/1", "gas@1/device:a/1"]
    assert ids(active_in_settled_alerts(tx, [closed, ended])) == ["gas@1/device:a/1"]
    assert active_in_settled_alerts(tx, []) == []
    assert ids(active_of_rule(tx, "gas")) == ["gas@1/building:c/1", "gas@1/device:a/1"]
    assert active_of_rule(tx, "gas")[0].device == finding().device


def ids(active: list[ActiveFinding]) -> list[str]:
    return sorted(one.finding for one in active)

"""When an alert first reached the steps of its handling, and facts of a period from it."""

from __future__ import annotations

from typing import Any

from msgspec import structs
from sqlalchemy import Connection, select

from alerts.alert import Alert, State
from domain import MINUTE, Ledger, Severity
from store.database.alerts.milestone_tables import alert_milestones
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of


def opened(store: SqlAlertStore, **changes: Any) -> Alert:
    return store.add_alert(alert_of(finding(), **{"ledger": Ledger.DANGER, "severity": Severity.HIGH, **changes}))


def reach(store: SqlAlertStore, alert: Alert, state: State, minutes: int, **changes: Any) -> Alert:
    after = structs.replace(alert, state=state, state_since=NOW + minutes * MINUTE, **changes)
    store.save_alert(after)
    return after


def row(tx: Connection, alert: Alert) -> dict[str, Any]:
    found = tx.execute(select(alert_milestones).where(alert_milestones.c.alert == alert.id)).one()
    return {
        name: (value - NOW) // MINUTE if isinstance(value, int) else value
        for name, value in found._mapping.items()
        if name not in ("alert", "opened_at") and value is not None
    }


def test_each_step_is_dated_once_and_a_second_acknowledgement_does_not_move_the_first(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    alert = opened(store)
    store.enqueue([delivery_of(alert.id, 1, NOW, role="lead")])
    assert row(tx, alert) == {}
    taken = reach(store, alert, State.ACKNOWLEDGED, 2, owner="wang", taken_at=NOW + 2 * MINUTE)
    again = reach(store, taken, State.OPEN, 12, owner=None, taken_at=None, round=1)
    assert row(tx, alert) == {"acknowledged_at": 2, "role": "lead"}
    taken = reach(store, again, State.ACKNOWLEDGED, 13, owner="li", taken_at=NOW + 13 * MINUTE)
    for minutes, state in enumerate((State.ON_SITE, State.RESOLVED, State.VERIFIED, State.CLOSED), 20):
        taken = reach(store, taken, state, minutes)
    steps = {"acknowledged_at": 2, "role": "lead", "arrived_at": 20}
    assert row(tx, alert) == {**steps, "resolved_at": 21, "verified_at": 22, "closed_at": 23}
    reach(store, taken, State.OPEN, 40, round=2, taken_at=None)
    assert row(tx, alert) == steps


def test_an_alert_that_nobody_has_acknowledged_writes_no_milestone(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    alert = opened(store)
    reach(store, alert, State.OPEN, 1, rung=1)
    assert row(tx, alert) == {}
    reach(store, alert, State.CLOSED, 5)
    assert row(tx, alert) == {"closed_at": 5}

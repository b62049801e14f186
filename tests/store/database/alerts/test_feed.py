"""Alerts by their last change: pages without gaps, limited to places."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from domain import Finding, FindingPhase, Ledger, Severity, Subject
from store.database.alerts.feed import list_changed
from store.database.alerts.repository import SqlAlertStore
from tests.support.alerts import alert_of

GAS = Finding(
    id="gas@1/d/0", rule="gas", version="1", phase=FindingPhase.BEGAN, hazard="gas", title="燃气", begin=0, at=0, now=0,
    severity=Severity.HIGH, ledger=Ledger.DANGER, subject=Subject("device", "d")
)  # fmt: skip


def test_pages_follow_the_last_change_also_within_one_instant(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    alerts = [store.add_alert(alert_of(GAS, place=f"p{number % 2}", updated_at=number // 3)) for number in range(7)]
    store.add_alert(alert_of(replace(GAS, ledger=Ledger.HEALTH), updated_at=99))

    def ids(places: list[str] | None) -> list[str]:
        found, cursor = [], None
        while True:
            page = list_changed(tx, Ledger.DANGER, places, 2, cursor)
            found += [item["id"] for item in page.items]
            cursor = page.next
            if cursor is None:
                return found

    newest_first = sorted(alerts, key=lambda alert: (-alert.updated_at, -alert.id))
    assert ids(None) == [str(alert.id) for alert in newest_first]
    assert ids(["p1"]) == [str(alert.id) for alert in newest_first if alert.place == "p1"]
    assert ids([]) == []
    assert [item["id"] for item in list_changed(tx, Ledger.DANGER, None, 1, "forged").items] == ids(None)[:1]

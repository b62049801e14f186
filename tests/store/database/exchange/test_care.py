"""Pages of the export for a care platform: oldest change first, also where most alerts are of no one who consented."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from domain import Device, Finding, FindingPhase, Ledger, Person, Place, Severity, Subject
from domain.people import community
from store.database.alerts.repository import SqlAlertStore
from store.database.exchange import care
from store.database.exchange.care import list_care_events
from store.database.registry.devices import put_devices
from tests.support.alerts import alert_of

SOS = Finding(
    id="sos@1/d/0", rule="band-sos", version="1", phase=FindingPhase.BEGAN, hazard="person", title="求助", begin=0,
    at=0, now=0, severity=Severity.HIGH, ledger=Ledger.DANGER, subject=Subject("device", "band"),
)  # fmt: skip
WANG = Person("wang", "王", home="door", attributes={"care_consent": True})
COMMUNITY = community([Place("door", "402", "户")], people=[WANG])


def test_pages_follow_the_last_change(tx: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(care, "SCANNED_MAX", 4)
    put_devices(tx, [Device("band", "wristband", attributes={"person": "wang"})], 0)
    store = SqlAlertStore(tx)
    for number in range(9):
        other = {"subject": Subject("device", "x"), "device": None} if number % 2 else {"device": "band"}
        store.add_alert(alert_of(SOS, updated_at=100 - number, **other))
    store.add_alert(alert_of(replace(SOS, hazard="gas"), updated_at=1))
    seen, cursor = [], None
    while True:
        page = list_care_events(tx, COMMUNITY, 0, 2, cursor)
        seen += [item["sequence"] for item in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert seen == [92, 94, 96, 98, 100]
    assert [item["sequence"] for item in list_care_events(tx, COMMUNITY, 97, 9).items] == [98, 100]

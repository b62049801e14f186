"""Which alerts are read for a finding: a house without a building does not read all others of its kind."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from domain import Severity, Subject
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.test_silence import finding
from tests.support.alerts import alert_of


def found(tx: Connection, device: str, building: str | None = None, cell: str | None = None) -> list[str | None]:
    danger = replace(
        finding(), id=f"f-{device}", device=device, subject=Subject("device", device), severity=Severity.CRITICAL
    )
    return [alert.device for alert in SqlAlertStore(tx).alerts_to_join(danger, building, cell)]


def test_a_house_without_a_building_reads_its_own_alerts_and_a_manhole_those_of_its_cell(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    for device, place, building, cell in (
        ("gas-1", "house 1", None, "c1"),
        ("gas-2", "house 2", None, "c1"),
        ("gas-3", "house 3", None, "c2"),
        ("gas-4", "flat 4", "b1", "c1"),
        ("gas-5", None, None, "c1"),
    ):
        danger = replace(finding(), id=device, device=device, subject=Subject("device", device))
        store.add_alert(alert_of(danger, device=device, place=place, building=building, cell=cell))
    assert found(tx, "gas-9") == []
    assert found(tx, "gas-2") == ["gas-2"]
    assert found(tx, "gas-9", building="b1") == ["gas-4"]
    assert found(tx, "gas-9", cell="c1") == ["gas-2", "gas-1"]
    assert found(tx, "gas-9", cell="c2") == ["gas-3"]

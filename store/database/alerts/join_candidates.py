"""Active alerts that a finding may join. The statements are built once, because one runs for every finding."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, bindparam, or_, select

from alerts.alert import ACTIVE_STATES, Alert
from alerts.handling.joining import is_unregistered
from domain import Finding
from store.database.alerts.rows import alert_of
from store.database.alerts.tables import alerts

_ACTIVE: Final = tuple(state.value for state in ACTIVE_STATES)
_OF_BUILDING: Final = (
    select(alerts)
    .where(alerts.c.state.in_(_ACTIVE), alerts.c.building == bindparam("building"))
    .order_by(alerts.c.id.desc())
)


def alerts_to_join(tx: Connection, finding: Finding, building: str | None, cell: str | None) -> list[Alert]:
    """Active alerts, newest first: see AlertRepository in alerts/ports.py."""
    query = _statement(finding.device is not None, is_unregistered(finding), building is not None, cell is not None)
    values = {
        "subject_type": finding.subject.type,
        "subject_id": finding.subject.id,
        "device": finding.device,
        "rule": finding.rule,
        "hazard": finding.hazard,
        "building": building,
        "cell": cell,
    }
    return [alert_of(row) for row in tx.execute(query, values)]


def alerts_of_building(tx: Connection, building: str) -> list[Alert]:
    """Active alerts of a building, newest first."""
    return [alert_of(row) for row in tx.execute(_OF_BUILDING, {"building": building})]


@cache
def _statement(has_device: bool, unregistered: bool, has_building: bool, outdoors: bool) -> Select[Any]:
    """Active alerts about the same subject; also of the same device, or of the same rule (see alerts/ports.py)."""
    same_rule = alerts.c.rule == bindparam("rule")
    same = [and_(alerts.c.subject_type == bindparam("subject_type"), alerts.c.subject_id == bindparam("subject_id"))]
    if has_device:
        same.append(alerts.c.device == bindparam("device"))
    elif unregistered:
        same.append(and_(same_rule, alerts.c.device.is_(None)))
    if has_building:
        same.append(and_(same_rule, alerts.c.building == bindparam("building")))
    if outdoors and has_device:
        # Which rules are one event there, is decided by the site's ladders.
        same_hazard = alerts.c.hazard == bindparam("hazard")
        in_cell = and_(alerts.c.cell == bindparam("cell"), alerts.c.building.is_(None), alerts.c.place.is_not(None))
        same.append(and_(same_hazard, in_cell))
    return select(alerts).where(alerts.c.state.in_(_ACTIVE), or_(*same)).order_by(alerts.c.id.desc())

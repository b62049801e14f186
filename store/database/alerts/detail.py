"""What the page of one alert shows beside its list item: its findings, what was merged into it, and whether it
chatters.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, select

from domain import MINUTE, FindingPhase
from store.database.alerts.findings import active_findings, recorded_findings
from store.database.alerts.tables import alert_findings, alerts

CHATTER_ONSETS: Final = 3
CHATTER_MS: Final = MINUTE
"""A chattering alarm begins three or more times in one minute (ISA-18.2)."""


def case_detail(tx: Connection, alert: int) -> dict[str, Any]:
    """`findings` of the alert, `merged`: ids of the alerts merged into it, `chattering`."""
    active = {finding for finding, _ in active_findings(tx, alert)}
    merged = tx.execute(select(alerts.c.id).where(alerts.c.merged_into == alert).order_by(alerts.c.id)).scalars()
    return {
        "findings": [
            {
                "id": one.id,
                "title": None if one.body is None else one.body.title,
                "device": None if one.body is None else one.body.device,
                "place": None if one.body is None else one.body.place,
                "active": one.id in active,
            }
            for one in recorded_findings(tx, alert)
        ],
        "merged": [str(number) for number in merged],
        "chattering": _is_chattering(tx, alert),
    }


def _is_chattering(tx: Connection, alert: int) -> bool:
    """Whether one device began to report danger CHATTER_ONSETS times within CHATTER_MS."""
    began = alert_findings.c.alert == alert, alert_findings.c.phase == FindingPhase.BEGAN.value
    query = select(alert_findings.c.device, alert_findings.c.heard_at).where(*began)
    onsets = tx.execute(query.order_by(alert_findings.c.device, alert_findings.c.heard_at)).all()
    later = onsets[CHATTER_ONSETS - 1 :]
    return any(
        first.device is not None and first.device == last.device and last.heard_at - first.heard_at <= CHATTER_MS
        for first, last in zip(onsets, later, strict=False)
    )

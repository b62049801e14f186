"""Who was asked for the street's verification of a citizen's report. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.alert import Alert
from alerts.message import Delivery, MessageKind


def is_second_check_awaited(alert: Alert) -> bool:
    """Whether the street has to verify a citizen's report now."""
    return alert.second_check is not None and alert.second_check.is_awaited


def questions_of(alert: Alert, deliveries: Iterable[Delivery]) -> list[Delivery]:
    """The messages that ask for the verification that is awaited now, oldest first.

    Not those of an earlier round of the work; empty while none is awaited.
    """
    check = alert.second_check
    if check is None or check.since is None or check.at is not None:
        return []
    return [
        row
        for row in deliveries
        if row.kind is MessageKind.VERIFY_STREET and row.round == alert.round and row.created_at >= check.since
    ]

"""Calls that were accepted and that no one confirmed: before others are called, the person's next channel is used.

WeCom answers errcode 0 and silently drops more than 30 messages a minute to one member, a mail server's 250 means that
it will try, and a text without a receipt may be lost. Only a receipt or an answer proves that a call arrived.
"""

from __future__ import annotations

from alerts.alert import Alert
from alerts.escalation.escalator import Escalator
from alerts.message import Delivery, DeliveryState
from alerts.ports import Transaction


def escalate_after_silence(escalator: Escalator, tx: Transaction, alert: Alert) -> Alert:
    """No one answered in time: use the fallbacks of those called, then call their deputies or the next rung."""
    for row in unconfirmed_calls(escalator, tx, alert):
        escalator.try_next_channel(tx, alert, row)
    return escalator.call_next_rank_or_rung(tx, alert)


def unconfirmed_calls(escalator: Escalator, tx: Transaction, alert: Alert) -> list[Delivery]:
    """One call of each person on the present rung of whom no call has a receipt, and who has not declined."""
    calls = [row for row in escalator.calls(tx.store, alert) if row.rung == alert.rung]
    confirmed = {row.person for row in calls if row.state is DeliveryState.DELIVERED} | set(alert.passed)
    accepted = [row for row in calls if row.state is DeliveryState.ACCEPTED and row.person not in confirmed]
    return list({row.person: row for row in accepted}.values())

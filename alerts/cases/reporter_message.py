"""Text messages to the person who reported: into the outbox, in the transaction of the answer. Pure.

He is no recipient of the registry: the text has no reply code, and a text from his number changes no alert.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from alerts.alert import Alert
from alerts.cases.report import Report
from alerts.channel_specs import SMS
from alerts.escalation.escalator import Escalator
from alerts.escalation.policy import QuietHours
from alerts.escalation.quiet_hours import end_of_quiet_hours
from alerts.message import Delivery, MessageKind
from alerts.messages.deliveries import delivery_id
from alerts.messages.renderer import MessageContext
from alerts.ports import Transaction
from domain import DAY

NIGHT: Final = QuietHours(from_minute=21 * 60, to_minute=8 * 60)
"""Residents get no text at night: the answer can wait."""
PRIORITY: Final = 8
"""After every call and every message to staff (alerts/messages/deliveries.py)."""
EXPIRES_MS: Final = 2 * DAY


def recipient_id(report: Report) -> str:
    """The recipient of messages about this report."""
    return f"reporter:{report.id}"


class ReporterMessages:
    """Writes messages to reporters into the outbox."""

    def __init__(self, escalator: Escalator, reporter: str) -> None:
        self._escalator, self._reporter = escalator, reporter

    def enqueue_answer(self, tx: Transaction, alert: Alert, report: Report, label: str) -> bool:
        """Tell the reporter that his report is answered; False without a number or without SMS at this site."""
        if report.phone is None or SMS not in self._escalator.outbox.enabled:
            return False
        context = MessageContext(MessageKind.REPORT_ANSWERED, tx.now, limit_ms=0, coded=False)
        sms = self._escalator.renderer.sms(structs.replace(alert, title=label), context)
        begin = end_of_quiet_hours(tx.now, NIGHT, self._escalator.tz)
        row = Delivery(
            id=delivery_id(tx.now, tx.store.next_delivery_number()),
            key=f"report:{report.id}:answered:{report.answered_at}",
            alert=alert.id,
            round=alert.round,
            rung=-1,
            person=recipient_id(report),
            name=self._reporter,
            role=self._reporter,
            channel=SMS,
            kind=MessageKind.REPORT_ANSWERED,
            priority=PRIORITY,
            address=report.phone,
            payload=structs.asdict(sms),
            created_at=tx.now,
            not_before=begin,
            expires_at=begin + EXPIRES_MS,
        )
        return bool(self._escalator.outbox.admission.enqueue(tx, [row], alert))

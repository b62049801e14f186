"""The daily digest: one message to each person for the health alerts that were only written to the logbook."""

from __future__ import annotations

from alerts.alert import Alert
from alerts.channel_specs import LOGBOOK
from alerts.escalation.escalator import Escalator
from alerts.message import CALL_KINDS, Delivery
from alerts.ports import AlertStore, Transaction
from domain import Ledger


def enqueue_digests(escalator: Escalator, tx: Transaction) -> list[int]:
    """Enqueue one message a person and day; returns the alerts named in them, the most severe of each person."""
    people, outbox = escalator.community().people, escalator.outbox
    named = []
    for person, calls in _logbook_calls(tx.store).items():
        worst, row = min(calls, key=lambda call: (call[0].severity.rank, call[0].id))
        count = len({alert.id for alert, _ in calls})
        if person in people and outbox.enqueue_digest(tx, worst, row, people[person], count):
            named.append(worst.id)
    return named


def _logbook_calls(store: AlertStore) -> dict[str, list[tuple[Alert, Delivery]]]:
    """Calls of active health alerts that went to the logbook in the present round, by person."""
    calls: dict[str, list[tuple[Alert, Delivery]]] = {}
    for alert in store.active_alerts(Ledger.HEALTH):
        for row in store.deliveries(alert.id):
            if row.channel == LOGBOOK and row.kind in CALL_KINDS and row.round == alert.round:
                calls.setdefault(row.person, []).append((alert, row))
    return calls

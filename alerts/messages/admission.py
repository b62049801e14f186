"""The only way into the outbox: nothing of an exercise is enqueued for residents, family, volunteers or bodies outside.

Every writer of messages enqueues through `OutboxAdmission`; the sender asks again before it sends. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from alerts.alert import Alert, TimelineEntry
from alerts.message import Delivery, MessageKind
from alerts.messages.catalog import TextCatalog
from alerts.messages.exercise import FORBIDDEN_RECIPIENT, may_receive
from alerts.ports import Transaction
from domain import Person
from domain.people import Community
from domain.roles import Roles


class OutboxAdmission:
    """Admits messages into the outbox. A refusal is counted and stands in the timeline of the exercise."""

    def __init__(self, catalog: TextCatalog, community: Callable[[], Community], roles: Callable[[], Roles]) -> None:
        self._catalog, self._community, self._roles = catalog, community, roles
        self.refused: Counter[MessageKind] = Counter()
        """Kind of message -> number of messages refused since the start."""

    def enqueue(self, tx: Transaction, rows: Sequence[Delivery], alert: Alert | None = None) -> list[Delivery]:
        """Write those that may be sent; returns them. `alert`, when given, spares reading the alert of its rows."""
        admitted = []
        for row in rows:
            of_row = alert if alert is not None and alert.id == row.alert else tx.store.alert(row.alert)
            person = self._community().people.get(row.person)
            if self.admits(tx, of_row, person, row.role, row.kind, row.name):
                admitted.append(row)
        tx.store.enqueue(admitted)
        return admitted

    def admits(
        self, tx: Transaction, alert: Alert | None, person: Person | None, role: str, kind: MessageKind, name: str
    ) -> bool:
        """Whether this person may be sent a message of the alert; a refusal is recorded."""
        if alert is None or not alert.exercise or may_receive(person, role, self._roles()):
            return True
        self.refused[kind] += 1
        text = self._catalog.timeline["exercise_refused"].format(name=name, role=self._catalog.role_name(role))
        entry = TimelineEntry(alert.id, tx.now, FORBIDDEN_RECIPIENT, text, person=None if person is None else person.id)
        tx.store.add_timeline([entry])
        return False

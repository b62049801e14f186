"""A notice that waited is sent in another shift: whoever is on duty then is asked or told in its recipient's place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from alerts.alert import Alert
from alerts.escalation.escalator import Escalator
from alerts.handling.case_effects import CaseEffects
from alerts.message import NOT_FAILED, Delivery, MessageKind
from alerts.ports import Transaction
from alerts.roster import on_duty as roster

OFF_DUTY: Final = "off_duty"
"""Outcome code of a notice whose recipient went off duty while it waited."""


class OffShift:
    """Hands notices on, in the transaction in which they are leased."""

    def __init__(self, escalator: Escalator, effects: CaseEffects) -> None:
        self._escalator, self._effects = escalator, effects

    def is_off(self, tx: Transaction, row: Delivery, alert: Alert) -> bool:
        """Whether it waited, and its recipient is not on duty for this alert any more."""
        if row.kind not in _HAND_ON or row.not_before <= row.created_at:
            return False
        if row.kind is MessageKind.SUPERVISE:
            return row.person not in {person.id for person, _ in self._effects.supervision.supervisors(alert, tx.now)}
        community, tz = self._escalator.community(), self._escalator.tz
        present = roster.on_duty(community, alert.cell, row.role, tx.now, tz, alert.hazard)
        return row.person not in {person.id for person in present}

    def hand_on(self, tx: Transaction, row: Delivery) -> bool:
        """Whether another person was asked or told instead. Where there is none, it is sent as it was: a text to a
        person off duty is better than none."""
        alert = tx.store.alert(row.alert)
        return alert is not None and self.is_off(tx, row, alert) and _HAND_ON[row.kind](self._effects, tx, alert, row)


def _verify(effects: CaseEffects, tx: Transaction, alert: Alert, row: Delivery) -> bool:
    if alert.verifier != row.person or not effects.verification.has_candidate(tx, alert):
        return False
    tx.store.save_alert(effects.verification.ask(tx, alert))
    return True


def _verify_street(effects: CaseEffects, tx: Transaction, alert: Alert, row: Delivery) -> bool:
    return effects.second_check.hand_on(tx, alert, row.person)


def _supervise(effects: CaseEffects, tx: Transaction, alert: Alert, row: Delivery) -> bool:
    """Of several that waited, each for another shift, only the first is handed on: it names all that is overdue."""
    present = {person.id for person, _ in effects.supervision.supervisors(alert, tx.now)}
    if alert.overdue_since is None or not present:
        return False
    later = [one for one in tx.store.deliveries(alert.id) if one.created_at > row.created_at and one.id != row.id]
    if not any(one.kind is row.kind and one.state in NOT_FAILED and one.person in present for one in later):
        effects.supervision.notify_overdue(tx, alert)
    return True


_HAND_ON: Final[Mapping[MessageKind, Callable[[CaseEffects, Transaction, Alert, Delivery], bool]]] = {
    MessageKind.VERIFY: _verify,
    MessageKind.VERIFY_STREET: _verify_street,
    MessageKind.SUPERVISE: _supervise,
}

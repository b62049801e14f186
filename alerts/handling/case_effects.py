"""Effects of the case process: notices to former owners, chosen bodies, supervisors, verifiers and handlers.

Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import structs

from alerts.alert import Alert, ResponseSource
from alerts.escalation.escalator import Escalator
from alerts.escalation.handover import Handover, OutsideSystems
from alerts.escalation.notices import Notice, Notices
from alerts.escalation.second_verification import SecondVerification
from alerts.escalation.supervision import Supervision
from alerts.escalation.verification import Verification
from alerts.lifecycle.event import AlertEvent, Effect, InvalidTransition
from alerts.lifecycle.transitions import ActionRefusal, Signal
from alerts.message import MessageKind
from alerts.ports import AlertStore, Transaction
from domain import Instant

_BY_PHONE: Final = (ResponseSource.SMS, ResponseSource.WECOM, ResponseSource.VOICE)


IsStillDangerous = Callable[[AlertStore, Alert, Instant], bool]
"""Whether the device, received since this instant, still reports the danger."""


class CaseEffects:
    """Carries out the effects that tell people about the case itself."""

    def __init__(self, escalator: Escalator, outside: OutsideSystems = dict) -> None:
        self.escalator, self.renderer, self.notices = escalator, escalator.renderer, Notices(escalator)
        self.handover = Handover(escalator, outside)
        self.supervision, self.verification = Supervision(escalator), Verification(escalator)
        self.second_check = SecondVerification(escalator)
        self.is_dangerous: IsStillDangerous = lambda _store, _alert, _since: False
        """What the rules say; set by whoever has them."""

    def run(self, tx: Transaction, before: Alert, alert: Alert, effect: Effect, event: AlertEvent) -> Alert:
        """The alert after the effect. Raises InvalidTransition where a chosen body cannot be told."""
        return _RUN[effect](self, tx, before, alert, event)

    def notify_former_owner(self, tx: Transaction, before: Alert, alert: Alert, event: AlertEvent) -> Alert:
        """Tell the former owner why he is no longer responsible, unless he is the one who acted or is assigned."""
        person = self.escalator.community().people.get(before.owner or "")
        if person is None or person.id in (event.actor.id, event.to):
            return alert
        lapse = {Signal.ASSIGN: "assign", Signal.OWNER_UNREACHABLE: "unreached"}.get(event.signal, "not_arrived")
        span = self.renderer.format_duration(tx.now - (before.taken_at or before.state_since))
        reason = self.renderer.catalog.lapses[lapse].format(span=span, by=event.actor.name)
        roles = {row.person: row.role for row in tx.store.deliveries(alert.id)}
        notice = Notice(MessageKind.LAPSED, before.taken_at, name=person.name, reason=reason)
        self.notices.notify(tx, alert, person, roles.get(person.id, ""), notice)
        return alert

    def notify_body(self, tx: Transaction, _before: Alert, alert: Alert, _event: AlertEvent) -> Alert:
        body = self.handover.body(alert, alert.returned_to or "", tx.now)
        if body is None or not self.handover.notify(tx, alert, body):
            refusal = ActionRefusal.BODY_UNREACHABLE
            raise InvalidTransition(refusal, self.renderer.refusal_text(refusal, alert, tx.now))
        return alert

    def notify_supervisors(self, tx: Transaction, _before: Alert, alert: Alert, _event: AlertEvent) -> Alert:
        self.supervision.notify_undecided(tx, alert)
        return alert

    def ask_verifier(self, tx: Transaction, _before: Alert, alert: Alert, _event: AlertEvent) -> Alert:
        """Not while the device still reports the danger: whoever went there could not verify it, and would be refused.
        He is asked when it ends, or is not heard any more; people are called again by the recheck."""
        wait_ms = self.escalator.ladder(alert).deadlines.ask_verifier_ms
        if self.is_dangerous(tx.store, alert, tx.now - wait_ms):
            return structs.replace(alert, verify_at=tx.now + wait_ms)
        return self.verification.ask(tx, alert)

    def ask_second_verifier(self, tx: Transaction, _before: Alert, alert: Alert, event: AlertEvent) -> Alert:
        return self.second_check.begin(tx, alert, event.actor)

    def ask_disposition(self, tx: Transaction, _before: Alert, alert: Alert, event: AlertEvent) -> Alert:
        """Ask a handler who answered by phone what it turned out to be: he has no form to fill in."""
        person = self.escalator.community().people.get(event.actor.id)
        if alert.disposition is None and person is not None and event.actor.via in _BY_PHONE:
            self.notices.notify(
                tx, alert, person, event.actor.role, Notice(MessageKind.DISPOSITION, tx.now, name=person.name)
            )
        return alert


_RUN: Final[dict[Effect, Callable[[CaseEffects, Transaction, Alert, Alert, AlertEvent], Alert]]] = {
    Effect.NOTIFY_FORMER_OWNER: CaseEffects.notify_former_owner,
    Effect.NOTIFY_BODY: CaseEffects.notify_body,
    Effect.NOTIFY_SUPERVISORS: CaseEffects.notify_supervisors,
    Effect.ASK_VERIFIER: CaseEffects.ask_verifier,
    Effect.ASK_SECOND_VERIFIER: CaseEffects.ask_second_verifier,
    Effect.ASK_DISPOSITION: CaseEffects.ask_disposition,
}
CASE_EFFECTS: Final = frozenset(_RUN)

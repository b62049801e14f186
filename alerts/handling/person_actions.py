"""Actions of people on an alert, each in the caller's transaction: those of the table, and those beside it: comment,
ask for more people, conclude, supervise, merge, split.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct, structs

from alerts.alert import ACTIVE_STATES, SETTLED_STATES, Actor, Alert, CaseDisposition, State, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.reinforcement import call_more
from alerts.handling.due_alerts import DueAlerts
from alerts.handling.intake import FindingIntake
from alerts.handling.merging import Merging
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.event import AlertEvent, InvalidField, InvalidTransition
from alerts.lifecycle.second_check import is_second_check_awaited
from alerts.lifecycle.transitions import ACTIONS, TRANSITIONS, ActionRefusal, Signal
from alerts.ports import Transaction
from domain import DAY, Instant

SUPERVISING: Final = ("dispatcher", "administrator")
"""Roles of access tokens that count as supervisors. The supervising role of the ladder is one too."""
MAX_ORDER_MS: Final = 7 * DAY
CASE_ACTIONS: Final = ("comment", "reinforce", "conclude", "supervise", "merge", "split")
"""Actions beside those of the transition table."""


class NoSuchAlert(LookupError):
    """No alert has this number."""


def alert_number(alert_id: str | int) -> int:
    """The number of an alert from its id; raises NoSuchAlert for what is no number."""
    try:
        return int(alert_id)
    except ValueError:
        raise NoSuchAlert(alert_id) from None


class ActionRequest(Struct, frozen=True, kw_only=True):
    """What a person asks for. `until` ends a SHELVE, a RETURN or an order; `to` is whom an ASSIGN or a RETURN is for;
    `into` the alert to MERGE into; `findings` are to be split off."""

    action: str
    actor: Actor
    comment: str | None = None
    reason: str | None = None
    until: Instant | None = None
    to: str | None = None
    into: int | None = None
    findings: tuple[str, ...] = ()
    disposition: str | None = None


class PersonActions:
    """Applies the request of a person to an alert."""

    def __init__(
        self, processor: AlertProcessor, escalator: Escalator, due_alerts: DueAlerts, intake: FindingIntake
    ) -> None:
        self.processor, self.escalator, self.due_alerts = processor, escalator, due_alerts
        self.renderer, self.effects = escalator.renderer, processor.case_effects
        self.merging = Merging(processor, escalator, intake)

    def apply(self, tx: Transaction, alert: Alert, request: ActionRequest) -> list[Alert]:
        """The alerts after the action, the one acted upon first. Raises InvalidTransition or InvalidField."""
        if request.disposition is not None and request.disposition not in set(CaseDisposition):
            raise InvalidField("disposition")
        beside = _BESIDE.get(request.action)
        if beside is not None:
            return beside(self, tx, alert, request)
        if request.action not in ACTIONS:
            raise InvalidField("action")
        return [self._apply_signal(tx, alert, request)]

    def answer(self, tx: Transaction, alert: Alert, actor: Actor, signal: Signal) -> Alert:
        """An answer by phone or card. While a verification is asked for, declining means that he cannot verify, and
        only those who were asked may verify or say that the danger is still there."""
        second = self.effects.second_check
        if second.is_asked(tx, alert, actor.id) and signal in (Signal.VERIFY, Signal.DECLINE):
            if signal is Signal.DECLINE:
                self._add_timeline(tx, alert, actor, "cannot_verify", via=self.renderer.source_text(actor))
                return second.decline(tx, alert, actor)
            return self._settle_second(tx, alert, actor)
        verifying = second.is_asked(tx, alert, actor.id) or (
            self.effects.verification.was_asked(tx, alert, actor.id) and alert.state is State.RESOLVED
        )
        if verifying and signal is Signal.DECLINE:
            return self._cannot_verify(tx, alert, actor)
        if signal in (Signal.VERIFY, Signal.REOPEN) and not verifying:
            raise self._refused(_not_asked(alert), alert, tx.now)
        event = AlertEvent(signal, actor)
        if signal is Signal.VERIFY:
            event = self.due_alerts.with_finding_status(tx.store, alert, event, None)
        return self.processor.act(tx, alert, event)

    def answer_disposition(self, tx: Transaction, alert: Alert, actor: Actor, disposition: str) -> Alert:
        """What it turned out to be, by phone or card: the owner reports it as dealt with by this, the handler adds
        it."""
        if alert.state in SETTLED_STATES and alert.handler == actor.id:
            request = ActionRequest(action="conclude", actor=actor, disposition=disposition)
            return self._conclude(tx, alert, request)[0]
        if alert.owner is not None and alert.owner != actor.id:
            raise self._refused(ActionRefusal.ALREADY_TAKEN, alert, tx.now)
        return self.processor.apply(tx, alert, AlertEvent(Signal.RESOLVE, actor, disposition=disposition))

    def _settle_second(self, tx: Transaction, alert: Alert, actor: Actor) -> Alert:
        """The street's verification of a citizen's report, by one who was asked for it."""
        refusal = self.effects.second_check.refusal(tx, alert, actor)
        if refusal is not None:
            raise self._refused(refusal, alert, tx.now)
        return self.effects.second_check.settle(tx, alert, actor)

    def _cannot_verify(self, tx: Transaction, alert: Alert, actor: Actor) -> Alert:
        self._add_timeline(tx, alert, actor, "cannot_verify", via=self.renderer.source_text(actor))
        if alert.verifier != actor.id:
            return alert
        after = structs.replace(self.effects.verification.ask(tx, alert), updated_at=tx.now)
        tx.store.save_alert(after)
        return after

    def _apply_signal(self, tx: Transaction, alert: Alert, request: ActionRequest) -> Alert:
        signal = Signal(request.action)
        if signal is Signal.VERIFY and is_second_check_awaited(alert):
            settled = self._settle_second(tx, alert, request.actor)
            if request.comment or request.reason:
                self._comment(tx, settled, request)
            return settled
        event = AlertEvent(
            signal,
            request.actor,
            reason=request.reason or request.comment,
            until=request.until,
            disposition=request.disposition if signal in (Signal.RESOLVE, Signal.CLOSE) else None,
            by_supervisor=self._is_supervisor(alert, request.actor),
        )
        if event.signal in (Signal.VERIFY, Signal.CLOSE):
            event = self.due_alerts.with_finding_status(tx.store, alert, event, None)
        if event.signal is Signal.ASSIGN:
            return self._assign(tx, alert, event, request.to)
        if event.signal is Signal.RETURN and request.to is not None:
            event = self._to_body(tx, alert, event, request.to)
        return self.processor.act(tx, alert, event)

    def _assign(self, tx: Transaction, alert: Alert, event: AlertEvent, to: str | None) -> Alert:
        person = self.escalator.community().people.get(to or "")
        if person is None:
            raise InvalidField("to")
        unassigned = self.processor.apply(tx, alert, structs.replace(event, to=person.id), person.name)
        after = self.escalator.notify_person(tx, unassigned, person)
        tx.store.save_alert(after)
        return after

    def _to_body(self, tx: Transaction, alert: Alert, event: AlertEvent, to: str) -> AlertEvent:
        """The event with the body's name; refused where nobody of the body can be told."""
        body = self.effects.handover.body(alert, to, tx.now)
        if body is None:
            raise InvalidField("to")
        if not body.is_reachable:
            raise self._refused(ActionRefusal.BODY_UNREACHABLE, alert, tx.now)
        return structs.replace(event, to=to, to_name=body.name)

    def _is_supervisor(self, alert: Alert, actor: Actor) -> bool:
        return actor.role in SUPERVISING or actor.role == self.effects.supervision.role(alert)

    def _comment(self, tx: Transaction, alert: Alert, request: ActionRequest) -> list[Alert]:
        text = (request.comment or request.reason or "").strip()
        if not text:
            raise InvalidField("comment")
        self._add_timeline(tx, alert, request.actor, "comment", text=text)
        return [alert]

    def _reinforce(self, tx: Transaction, alert: Alert, request: ActionRequest) -> list[Alert]:
        """Whoever is on it asks for more people: one more is needed, and called until he is on it. While one is still
        missing, asking again calls nobody else."""
        outcome = TRANSITIONS[alert.state, Signal.RESOLVE]
        if isinstance(outcome, ActionRefusal):
            raise self._refused(outcome, alert, tx.now)
        self._add_timeline(tx, alert, request.actor, "reinforce", via=self.renderer.source_text(request.actor))
        if alert.people_missing:
            return [alert]
        wanted = structs.replace(alert, people_needed=max(len(alert.responders), 1) + 1, updated_at=tx.now)
        after = call_more(self.escalator, tx, wanted)
        tx.store.save_alert(after)
        return [after]

    def _conclude(self, tx: Transaction, alert: Alert, request: ActionRequest) -> list[Alert]:
        """Say what a case turned out to be, after it was reported as dealt with."""
        if request.disposition is None:
            raise InvalidField("disposition")
        if alert.state not in SETTLED_STATES:
            raise self._refused(ActionRefusal.NOT_RESOLVED, alert, tx.now)
        word = self.renderer.catalog.dispositions[request.disposition]
        via = self.renderer.source_text(request.actor)
        self._add_timeline(tx, alert, request.actor, "concluded", disposition=word, via=via)
        after = structs.replace(alert, disposition=request.disposition, updated_at=tx.now)
        tx.store.save_alert(after)
        return [after]

    def _supervise(self, tx: Transaction, alert: Alert, request: ActionRequest) -> list[Alert]:
        """Order that the alert be dealt with until a deadline: its owner and the supervisors are told at once."""
        reason, until = (request.reason or request.comment or "").strip(), request.until
        if not reason:
            raise InvalidField("reason")
        if until is None or not tx.now < until <= tx.now + MAX_ORDER_MS:
            raise InvalidField("until")
        if alert.state not in (*ACTIVE_STATES, State.RESOLVED):
            raise self._refused(ActionRefusal.CLOSED, alert, tx.now)
        shown = self.renderer.format_time(until, tx.now)
        line = self.renderer.timeline_text("supervise", who=request.actor.name, until=shown)
        text = self.renderer.timeline_text("reason", text=line, reason=reason)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "supervise", text, person=request.actor.id)])
        self.effects.supervision.notify_order(tx, alert, request.actor.name, reason, until)
        after = structs.replace(alert, order_until=until, updated_at=tx.now)
        tx.store.save_alert(after)
        return [after]

    def _merge(self, tx: Transaction, alert: Alert, request: ActionRequest) -> list[Alert]:
        into = None if request.into is None else tx.store.alert(request.into)
        if into is None:
            raise InvalidField("into")
        return self.merging.merge(tx, alert, into, request.actor, request.reason or request.comment)

    def _split(self, tx: Transaction, alert: Alert, request: ActionRequest) -> list[Alert]:
        if not request.findings:
            raise InvalidField("findings")
        return self.merging.split(tx, alert, request.findings, request.actor, request.reason or request.comment)

    def _add_timeline(self, tx: Transaction, alert: Alert, actor: Actor, line: str, **variables: str) -> None:
        text = self.renderer.timeline_text(line, who=actor.name, **variables)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, line, text, person=actor.id)])

    def _refused(self, refusal: ActionRefusal, alert: Alert, now: Instant) -> InvalidTransition:
        return InvalidTransition(refusal, self.renderer.refusal_text(refusal, alert, now))


def _not_asked(alert: Alert) -> ActionRefusal:
    """Why a person who was not asked to verify cannot."""
    outcome = TRANSITIONS[alert.state, Signal.VERIFY]
    return outcome if isinstance(outcome, ActionRefusal) else ActionRefusal.NOT_ASKED


_BESIDE: Final[dict[str, Callable[[PersonActions, Transaction, Alert, ActionRequest], list[Alert]]]] = {
    "comment": PersonActions._comment,
    "conclude": PersonActions._conclude,
    "reinforce": PersonActions._reinforce,
    "supervise": PersonActions._supervise,
    "merge": PersonActions._merge,
    "split": PersonActions._split,
}

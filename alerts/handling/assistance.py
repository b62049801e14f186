"""Helpers: people who were asked to assist, and accept, decline or arrive. Runs inside the caller's transaction.

Nothing of the escalation depends on them: only a responsible person's acknowledgement stops it.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from alerts.alert import ACTIVE_STATES, Actor, Alert, Helper, State, TimelineEntry
from alerts.channel_specs import Content, spec_of
from alerts.escalation.companions import asked_to_help, companions_of
from alerts.escalation.escalator import Escalator
from alerts.escalation.policy import Recipient
from alerts.lifecycle.event import InvalidTransition
from alerts.lifecycle.transitions import TRANSITIONS, ActionRefusal, Signal
from alerts.message import CALL_KINDS, POSSIBLY_SEEN, Delivery, DeliveryState, MessageKind
from alerts.messages.deliveries import cancelled
from alerts.ports import Outbox, Transaction

SIGNALS: Final = (Signal.ACKNOWLEDGE, Signal.DECLINE, Signal.ARRIVE, Signal.RESOLVE)
_TAKEN: Final = "taken"


class Assistance:
    """Applies the answers of people who were asked to assist."""

    def __init__(self, escalator: Escalator) -> None:
        self._escalator, self._outbox = escalator, escalator.outbox
        self._renderer, self._companions = escalator.renderer, escalator.companions

    def request_to(self, store: Outbox, alert: Alert, person: str) -> Delivery | None:
        """The newest request for help to this person; None for whoever is responsible or was called as such."""
        if person in {alert.owner, *(one.person for one in alert.responders)}:
            return None
        rows = [row for row in store.deliveries(alert.id) if row.person == person and row.state in POSSIBLY_SEEN]
        if any(row.kind in CALL_KINDS and row.round == alert.round for row in rows):
            return None
        return next((row for row in reversed(rows) if row.kind is MessageKind.ASSIST), None)

    def apply(self, tx: Transaction, alert: Alert, signal: Signal, actor: Actor, request: Delivery) -> Alert:
        """The alert after the answer to this request, saved. Raises InvalidTransition with its sentence."""
        try:
            after = self._answered(tx, alert, signal, actor, request)
        except InvalidTransition as refused:
            sentence = self._renderer.refusal_text(refused.refusal, alert, tx.now)
            raise InvalidTransition(refused.refusal, sentence) from None
        if after is not alert:
            tx.store.save_alert(after)
        return after

    def shown_to(self, alert: Alert, person: str, request: Delivery) -> Alert:
        """The alert with its address as this person may know it: a volunteer learns the door after accepting."""
        if any(helper.person == person for helper in alert.helping):
            return alert
        return self._companions.without_door(alert, request.role)

    def audience(self, request: Delivery) -> str:
        """The variant of texts for whoever got this request."""
        return self._companions.audience(request.role)

    def _answered(self, tx: Transaction, alert: Alert, signal: Signal, actor: Actor, request: Delivery) -> Alert:
        refusal = TRANSITIONS[alert.state, Signal.ACKNOWLEDGE]
        if alert.state not in ACTIVE_STATES or alert.state is State.SHELVED:
            raise InvalidTransition(refusal if isinstance(refusal, ActionRefusal) else ActionRefusal.SHELVED)
        if signal is Signal.RESOLVE:
            raise InvalidTransition(ActionRefusal.NOT_TAKEN if alert.owner is None else ActionRefusal.NOT_YOURS)
        if signal is Signal.DECLINE:
            return self._decline(tx, alert, actor, request)
        accepted = self._accept(tx, alert, actor, request)
        return self._arrive(tx, accepted, actor, request) if signal is Signal.ARRIVE else accepted

    def _accept(self, tx: Transaction, alert: Alert, actor: Actor, request: Delivery) -> Alert:
        if any(helper.person == actor.id for helper in alert.helping):
            return alert
        wanted = self._recipient(alert, request.role).people_needed
        others = [helper for helper in alert.helping if helper.role == request.role]
        if len(others) >= wanted:
            raise InvalidTransition(ActionRefusal.ENOUGH_HELPERS)
        helper = Helper(actor.id, actor.name, request.role, tx.now)
        after = structs.replace(alert, helpers=_with(alert, helper), updated_at=tx.now)
        self._add_line(tx, after, "helps", actor, request.role)
        self._confirm(tx, after, request)
        if len(others) + 1 >= wanted:
            self._notify_others_asked(tx, after, actor, request.role)
        self._notify_owner(tx, after, actor)
        return after

    def _arrive(self, tx: Transaction, alert: Alert, actor: Actor, request: Delivery) -> Alert:
        helpers = tuple(
            structs.replace(helper, arrived_at=helper.arrived_at or tx.now) if helper.person == actor.id else helper
            for helper in alert.helpers
        )
        if helpers == alert.helpers:
            return alert
        self._add_line(tx, alert, "helper_arrived", actor, request.role)
        return structs.replace(alert, helpers=helpers, updated_at=tx.now)

    def _decline(self, tx: Transaction, alert: Alert, actor: Actor, request: Delivery) -> Alert:
        """Others of the role are asked when a helper withdraws, or when everybody who was asked has declined."""
        if actor.id in _declined(alert):
            return alert
        withdrawn = any(helper.person == actor.id for helper in alert.helping)
        refusal = Helper(actor.id, actor.name, request.role, tx.now, declined_at=tx.now)
        after = structs.replace(alert, helpers=_with(alert, refusal), updated_at=tx.now)
        self._add_line(tx, after, "helps_not", actor, request.role)
        asked = {row.person for row in asked_to_help(tx.store, after, request.role)}
        if withdrawn or (asked and asked <= _declined(after)):
            recipient, ladder = self._recipient(after, request.role), self._escalator.ladder(after)
            self._companions.notify(tx, after, ladder, [recipient], max(after.rung, 0), further=True)
        return after

    def _recipient(self, alert: Alert, role: str) -> Recipient:
        found = (one for one in companions_of(self._escalator.ladder(alert)) if one.role == role)
        return next(found, None) or Recipient(role=role, channels=self._escalator.channels(alert))

    def _confirm(self, tx: Transaction, alert: Alert, request: Delivery) -> None:
        """To the helper: the door, and how to report arrival."""
        if spec_of(request.channel).content is Content.CARD:
            self._outbox.enqueue_helper_card(tx, alert, request)
        else:
            self._outbox.enqueue_update(tx, alert, request, MessageKind.HELPING, request.name)

    def _notify_others_asked(self, tx: Transaction, alert: Alert, actor: Actor, role: str) -> None:
        helpers = {helper.person for helper in alert.helpers}
        shown = self._companions.without_door(alert, role)
        for row in asked_to_help(tx.store, alert, role):
            if row.person not in helpers:
                self._outbox.enqueue_update(tx, shown, row, MessageKind.HELPED, actor.name)
        for row in tx.store.deliveries(alert.id):
            is_waiting = row.kind is MessageKind.ASSIST and row.role == role and row.state is DeliveryState.PENDING
            if is_waiting and row.person not in helpers:
                tx.store.update_delivery(row, cancelled(row, _TAKEN), tx.now, _TAKEN)

    def _notify_owner(self, tx: Transaction, alert: Alert, actor: Actor) -> None:
        """The person in charge hears by text who is on the way; cards have no further update for it."""
        rows = [row for row in tx.store.deliveries(alert.id) if row.person == alert.owner and row.kind in CALL_KINDS]
        text = next((row for row in reversed(rows) if spec_of(row.channel).content is not Content.CARD), None)
        if text is not None and text.state in POSSIBLY_SEEN:
            self._outbox.enqueue_update(tx, alert, text, MessageKind.HELPED, actor.name, variant="owner")

    def _add_line(self, tx: Transaction, alert: Alert, line: str, actor: Actor, role: str) -> None:
        words = {"who": actor.name, "role": self._renderer.catalog.role_name(role)}
        text = self._renderer.timeline_text(line, via=self._renderer.source_text(actor), **words)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, line, text, person=actor.id)])


def _with(alert: Alert, helper: Helper) -> tuple[Helper, ...]:
    return (*(one for one in alert.helpers if one.person != helper.person), helper)


def _declined(alert: Alert) -> set[str]:
    return {helper.person for helper in alert.helpers if helper.declined_at is not None}

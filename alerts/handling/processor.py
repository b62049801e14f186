"""Applies an event to an alert: next state, effects (calls, cards, cancellations), timeline entry. One transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import structs

from alerts.alert import OWNED_STATES, Actor, Alert, ResponseSource, State, TimelineEntry
from alerts.channel_specs import Content, FollowUp, spec_of
from alerts.escalation.escalator import Escalator
from alerts.escalation.handover import OutsideSystems
from alerts.escalation.joined_dangers import JoinedDangerNotices
from alerts.escalation.policy import Occasion
from alerts.escalation.unconfirmed import escalate_after_silence
from alerts.handling.assistance import SIGNALS as HELPER_SIGNALS
from alerts.handling.assistance import Assistance
from alerts.handling.case_effects import CASE_EFFECTS, CaseEffects
from alerts.handling.timeline import Timeline
from alerts.lifecycle.advance import advance
from alerts.lifecycle.danger import joined_title
from alerts.lifecycle.event import AlertEvent, Effect, InvalidTransition, Step
from alerts.lifecycle.transitions import Signal
from alerts.message import CALL_KINDS, DANGER_KINDS, POSSIBLY_SEEN, Delivery, DeliveryState, MessageKind
from alerts.messages.bundles import should_be_notified
from alerts.messages.deliveries import cancel_reason, cancelled, knows_of_an_owner, latest_calls
from alerts.ports import Transaction
from domain import HOUR

_OCCASIONS: Final = {
    State.ACKNOWLEDGED: Occasion.ACKNOWLEDGED,
    State.RESOLVED: Occasion.RESOLVED,
    State.CLOSED: Occasion.CLOSED,
}
FOLLOW_UP_MS: Final = 12 * HOUR
STILL_COMING_MS: Final = HOUR // 2
"""Who was called before people were called again may be on his way for so long."""
WITHOUT_A_SCREEN: Final = (ResponseSource.SMS, ResponseSource.VOICE)
"""Who acknowledges so sees no buttons: the codes for the next actions are sent as a text."""
"""People called longer ago than this get no follow-up: it is another shift."""


class AlertProcessor:
    """Runs the alert's state machine and carries out its effects."""

    def __init__(self, escalator: Escalator, outside: OutsideSystems = dict) -> None:
        self.case_effects = CaseEffects(escalator, outside)
        self.escalator, self.joined_dangers = escalator, JoinedDangerNotices(escalator)
        self.assistance = Assistance(escalator)
        self.renderer, self.timeline = escalator.renderer, Timeline(escalator.renderer)

    def apply(self, tx: Transaction, alert: Alert, event: AlertEvent, assignee: str | None = None) -> Alert:
        """The alert after the event, saved. `assignee` is the name of the person an ASSIGN is for.

        Raises InvalidTransition with its sentence, or InvalidField; then nothing has changed.
        """
        event = self._of_body(tx, alert, event)
        try:
            step = advance(alert, event, tx.now, self.escalator.ladder(alert).deadlines)
        except InvalidTransition as refused:
            sentence = self.renderer.refusal_text(refused.refusal, alert, tx.now)
            raise InvalidTransition(refused.refusal, sentence) from None
        if step.alert is alert:
            return alert
        entry = self.timeline.transition(alert, step.alert, event, tx.now, assignee)
        if entry is not None:
            tx.store.add_timeline([entry])
        after = step.alert
        if event.signal is Signal.SEVERITY_RAISED and not event.already_notified:
            after = self._with_unlisted_titles(tx, alert, after)
        for effect in step.effects:
            after = self._run_effect(tx, alert, after, effect, event)
        self._notify_extra(tx, step, alert.state, after)
        tx.store.save_alert(after)
        return after

    def act(self, tx: Transaction, alert: Alert, event: AlertEvent) -> Alert:
        """Apply an action of a person; of one who was only asked to assist, the answer to that."""
        request = None
        if event.signal in HELPER_SIGNALS:
            request = self.assistance.request_to(tx.store, alert, event.actor.id)
        if request is None:
            return self.apply(tx, alert, event)
        return self.assistance.apply(tx, alert, event.signal, event.actor, request)

    def _of_body(self, tx: Transaction, alert: Alert, event: AlertEvent) -> AlertEvent:
        """A person of the body to which the alert was returned declines: the body gives it back."""
        if event.signal is not Signal.DECLINE or alert.state is not State.RETURNED or alert.returned_to is None:
            return event
        rows = tx.store.deliveries(alert.id)
        asked = {row.person for row in rows if row.kind is MessageKind.HANDOVER and row.created_at >= alert.state_since}
        if event.actor.id not in asked:
            return event
        reason = event.reason or self.renderer.catalog.lapses["unexplained"]
        return structs.replace(event, signal=Signal.GIVE_BACK, reason=reason)

    def start(self, tx: Transaction, alert: Alert) -> Alert:
        """Notify the first rung about a new alert."""
        after = self.escalator.escalate(tx, alert)
        self.escalator.notify_extra(tx, after, Occasion.OPENED)
        tx.store.save_alert(after)
        return after

    def _notify_extra(self, tx: Transaction, step: Step, before: State, after: Alert) -> None:
        """Notify the extra recipients of the ladder: when calling begins again, and in the states they ask for."""
        if Effect.START_ESCALATION in step.effects:
            self.escalator.notify_extra(tx, after, Occasion.OPENED)
        elif after.merged_into is None and after.state is not before and after.state in _OCCASIONS:
            self.escalator.notify_extra(tx, after, _OCCASIONS[after.state])

    def _run_effect(self, tx: Transaction, before: Alert, alert: Alert, effect: Effect, event: AlertEvent) -> Alert:
        if effect is Effect.NOTIFY_OVERDUE:
            return self._notify_overdue(tx, alert)
        if effect in _ESCALATIONS:
            return _ESCALATIONS[effect](self.escalator, tx, alert, event)
        if effect in CASE_EFFECTS:
            return self.case_effects.run(tx, before, alert, effect, event)
        if effect is Effect.NOTIFY_OWNER:
            return self.escalator.notify_former_owner(tx, alert, before.owner)
        if effect is Effect.NOTIFY_JOINED:
            return self._notify_joined(tx, alert, event)
        if effect is Effect.CANCEL_PENDING:
            self._cancel_pending(tx, alert)
        elif effect is Effect.UPDATE_OWNER_CARD:
            self._update_owner_card(tx, alert)
        else:
            kind = MessageKind.ACKNOWLEDGED if effect is Effect.NOTIFY_ACKNOWLEDGED else MessageKind.RESOLVED
            self._notify_called(tx, alert, kind, event.actor)
        return alert

    def _notify_overdue(self, tx: Transaction, alert: Alert) -> Alert:
        """A deadline passed for what a person owes: the owner is reminded with his code, and the supervisors hear of it
        by supervision. Where neither is told, the next rung is; the deadlines of the alert stay as they are."""
        if self.case_effects.supervision.remind_owner(tx, alert) or alert.supervise_at is not None:
            return alert
        notified = self.escalator.escalate(tx, alert, MessageKind.OVERDUE)
        return structs.replace(alert, rung=notified.rung)

    def _notify_joined(self, tx: Transaction, alert: Alert, event: AlertEvent) -> Alert:
        """Notify the owner, or everybody called, of a danger that joined; where this reaches nobody, call others."""
        if self.joined_dangers.notify(tx, alert, event.required_danger):
            return alert
        if alert.state not in OWNED_STATES:
            return self.escalator.escalate(tx, alert)
        owner = Actor(alert.owner or "", alert.owner_name or "", ResponseSource.SYSTEM)
        return self.apply(tx, alert, AlertEvent(Signal.OWNER_UNREACHABLE, owner))

    def _with_unlisted_titles(self, tx: Transaction, old: Alert, new: Alert) -> Alert:
        """The alert with the titles of the lesser dangers too, where no message about them may have been seen."""
        rows = [row for row in tx.store.deliveries(old.id) if row.kind in DANGER_KINDS and row.round == old.round]
        if any(row.state in POSSIBLY_SEEN for row in rows):
            return new
        title = new.title
        for name in old.title.split("、"):
            title = joined_title(title, name)
        return structs.replace(new, title=title)

    def _cancel_pending(self, tx: Transaction, alert: Alert) -> None:
        """Cancel messages that have not been sent, except dangers of which the recipient was not notified."""
        for row in tx.store.deliveries(alert.id):
            if row.state is DeliveryState.PENDING and row.kind in (*CALL_KINDS, MessageKind.ADDED, MessageKind.OVERDUE):
                if row.kind is MessageKind.ADDED and should_be_notified(alert, row.person):
                    continue
                code = cancel_reason(alert)
                skipped = cancelled(row, code)
                tx.store.update_delivery(row, skipped, tx.now, code)
                tx.store.add_timeline(self.timeline.message(skipped, "skipped", tx.now, code))

    def _notify_called(self, tx: Transaction, alert: Alert, kind: MessageKind, actor: Actor) -> None:
        """Follow-up to everybody who was called. The actor gets none by text, with two exceptions: a person
        else acted on his behalf, or he acknowledged by text and needs the codes for what he does next."""
        name = "、".join(one.name for one in alert.responders) or alert.owner_name or ""
        needs_text = actor.on_behalf or (kind is MessageKind.ACKNOWLEDGED and actor.via in WITHOUT_A_SCREEN)
        rows = tx.store.deliveries(alert.id)
        helpers = {helper.person for helper in alert.helping} if kind is MessageKind.RESOLVED else set[str]()
        helping = [row for row in rows if row.kind is MessageKind.ASSIST and row.person in helpers]
        # Who was called in an earlier round, hours ago, has dealt with it or gone home.
        still_coming = tx.now - STILL_COMING_MS
        calls = latest_calls(rows, tx.now - FOLLOW_UP_MS)
        calls = [row for row in calls if row.round == alert.round or row.created_at > still_coming]
        if kind is MessageKind.RESOLVED or alert.people_needed == 1:
            # Who is on the way has read that another has it too, and has not stood down.
            coming = {alert.owner, *(one.person for one in alert.responders)}
            calls = [row for row in calls if row.person in coming or _needs_follow_up(rows, row, kind)]
        for row in (*calls, *helping):
            if row.person != actor.id or spec_of(row.channel).follow_up is FollowUp.UPDATE or needs_text:
                self.escalator.notify_follow_up(tx, alert, row, kind, name)
        if kind is MessageKind.ACKNOWLEDGED:
            if alert.people_missing:
                text = self.renderer.timeline_text("still_needed", n=alert.people_missing)
                tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "told", text)])
            self._update_owner_card(tx, alert)
            self.joined_dangers.notify_owner_of_addresses(tx, alert)

    def _update_owner_card(self, tx: Transaction, alert: Alert) -> None:
        for row in latest_calls(tx.store.deliveries(alert.id), tx.now - FOLLOW_UP_MS):
            if spec_of(row.channel).content is Content.CARD and row.person == alert.owner:
                self.escalator.outbox.enqueue_owner_card(tx, alert, row)


def _needs_follow_up(rows: Sequence[Delivery], row: Delivery, kind: MessageKind) -> bool:
    """Whether a person who was called is told what became of it: a card is changed in place; who has read in a text
    that somebody has it, gets no further one when it is taken by another or dealt with."""
    # That it is dealt with takes the place of a text that somebody has it, which still waits.
    knows = knows_of_an_owner(rows, row, waiting=kind is not MessageKind.RESOLVED)
    return spec_of(row.channel).follow_up is FollowUp.UPDATE or not knows


_ESCALATIONS: Final[dict[Effect, Callable[[Escalator, Transaction, Alert, AlertEvent], Alert]]] = {
    Effect.START_ESCALATION: lambda escalator, tx, alert, _: escalator.escalate(tx, alert),
    Effect.ESCALATE: lambda escalator, tx, alert, _: escalator.escalate(tx, alert),
    Effect.CALL_NEXT_RANK_OR_RUNG: lambda escalator, tx, alert, _: escalate_after_silence(escalator, tx, alert),
    Effect.NOTIFY_NEXT_PERSON: lambda escalator, tx, alert, event: escalator.notify_next_person(
        tx, alert, event.actor.id
    ),
}

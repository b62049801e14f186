"""Moving one alert: advance it, carry out the effects, tell the story. All in the transaction it is given.

The desk decides when; here are no clocks, tasks or networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import structs

from alerts.alert import OWNED_STATES, Actor, Alert, ResponseSource, State, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.joined_dangers import JoinedDangerNotices
from alerts.lifecycle.advance import advance
from alerts.lifecycle.danger import joined_title
from alerts.lifecycle.event import AlertEvent, Effect, InvalidTransition
from alerts.lifecycle.transitions import Signal
from alerts.message import CALL_KINDS, DANGER_KINDS, POSSIBLY_SEEN, Delivery, DeliveryState, MessageKind
from alerts.messages.bundles import should_hear
from alerts.messages.deliveries import LOGBOOK, WECOM, cancel_reason, cancelled, latest_calls
from alerts.ports import AlertStore
from domain import HOUR, Instant, Ledger

FOLLOW_UP_MS: Final = 12 * HOUR
"""Who was called longer ago than this is not told how it went on: it is another shift."""


class AlertProcessor:
    """One alert, one happening, one story."""

    def __init__(self, dispatch: Escalator) -> None:
        self.escalator, self.joined_dangers = dispatch, JoinedDangerNotices(dispatch)
        self.renderer = dispatch.renderer

    def apply(
        self, book: AlertStore, alert: Alert, happening: AlertEvent, now: Instant, to: str | None = None
    ) -> Alert:
        """The alert afterwards, saved. Raises NotNow with its sentence, or Incomplete; then nothing has changed."""
        try:
            step = advance(alert, happening, now, self.escalator.ladder(alert).deadlines)
        except InvalidTransition as refused:
            raise InvalidTransition(refused.refusal, self.renderer.refusal_text(refused.refusal, alert, now)) from None
        if step.alert is alert:
            return alert
        self._add_transition(book, alert, step.alert, happening, now, to)
        after = (
            self._with_untold_titles(book, alert, step.alert)
            if happening.signal is Signal.SEVERITY_RAISED
            else step.alert
        )
        for effect in step.effects:
            if effect is Effect.NOTIFY_OWNER:
                after = self.escalator.notify_former_owner(book, after, alert.owner, now)
            elif effect is Effect.NOTIFY_JOINED:
                after = self._notify_joined(book, after, happening, now)
            else:
                after = self._run_effect(book, after, effect, happening, now)
        book.save_alert(after)
        return after

    def start(self, book: AlertStore, alert: Alert, now: Instant) -> Alert:
        """A new alert calls its first rung."""
        after = self.escalator.escalate(book, alert, now)
        book.save_alert(after)
        return after

    def _run_effect(self, book: AlertStore, alert: Alert, effect: Effect, happening: AlertEvent, now: Instant) -> Alert:
        if effect in _ESCALATIONS:
            return _ESCALATIONS[effect](self.escalator, book, alert, happening, now)
        if effect is Effect.CANCEL_PENDING:
            self._cancel_pending(book, alert, now)
        elif effect is Effect.UPDATE_OWNER_CARD:
            self._update_owner_card(book, alert, now)
        else:
            kind = MessageKind.ACKNOWLEDGED if effect is Effect.NOTIFY_ACKNOWLEDGED else MessageKind.RESOLVED
            self._notify_called(book, alert, kind, happening.actor, now)
        return alert

    def _notify_joined(self, book: AlertStore, alert: Alert, happening: AlertEvent, now: Instant) -> Alert:
        """What joined is told to somebody: where nobody of this alert can be, others are called."""
        if self.joined_dangers.notify(book, alert, happening.required_danger, now):
            return alert
        if alert.state not in OWNED_STATES:
            return self.escalator.escalate(book, alert, now)
        owner = Actor(alert.owner or "", alert.owner_name or "", ResponseSource.SYSTEM)
        return self.apply(book, alert, AlertEvent(Signal.OWNER_UNREACHABLE, owner), now)

    def _with_untold_titles(self, book: AlertStore, old: Alert, new: Alert) -> Alert:
        """What became worse before anybody heard of the lesser danger is told with its name."""
        rows = [row for row in book.deliveries(old.id) if row.kind in DANGER_KINDS and row.round == old.round]
        if any(row.state in POSSIBLY_SEEN for row in rows):
            return new
        title = new.title
        for name in old.title.split("、"):
            title = joined_title(title, name)
        return structs.replace(new, title=title)

    def _cancel_pending(self, book: AlertStore, alert: Alert, now: Instant) -> None:
        """What is not yet on its way need not go any more, except a danger that its person has not heard of."""
        for row in book.deliveries(alert.id):
            if row.state is DeliveryState.PENDING and row.kind in (*CALL_KINDS, MessageKind.ADDED, MessageKind.OVERDUE):
                if row.kind is MessageKind.ADDED and should_hear(alert, row.person):
                    continue
                code = cancel_reason(alert)
                skipped = cancelled(row, code)
                book.update_delivery(row, skipped, now, code)
                book.add_timeline([self.message_entry(skipped, "skipped", now, code)])

    def _notify_called(self, book: AlertStore, alert: Alert, kind: MessageKind, actor: Actor, now: Instant) -> None:
        """Everybody who was called sees how it went on, except by text the one who did it himself.

        Who takes it by text gets one: it confirms his reply and states the codes he needs next.
        """
        name = alert.owner_name or ""
        confirmed = actor.on_behalf or (kind is MessageKind.ACKNOWLEDGED and actor.via is ResponseSource.SMS)
        for row in latest_calls(book.deliveries(alert.id), now - FOLLOW_UP_MS):
            if row.person != actor.id or row.channel == WECOM or confirmed:
                self.escalator.notify_follow_up(book, alert, row, kind, name, now)
        if kind is MessageKind.ACKNOWLEDGED:
            self._update_owner_card(book, alert, now)
            self.joined_dangers.notify_owner_of_addresses(book, alert, now)

    def _update_owner_card(self, book: AlertStore, alert: Alert, now: Instant) -> None:
        for row in latest_calls(book.deliveries(alert.id), now - FOLLOW_UP_MS):
            if row.channel == WECOM and row.person == alert.owner:
                self.escalator.outbox.enqueue_owner_card(book, alert, row, now)

    def digest(self, book: AlertStore, now: Instant) -> list[int]:
        """To each who has small things in his logbook, one message. The alerts whose story it stands in."""
        waiting: dict[str, list[tuple[Alert, Delivery]]] = {}
        for alert in book.active_alerts(Ledger.HEALTH):
            for row in book.deliveries(alert.id):
                if row.channel == LOGBOOK and row.kind in CALL_KINDS and row.round == alert.round:
                    waiting.setdefault(row.person, []).append((alert, row))
        people = self.escalator.community().people
        touched = []
        for name, told_of in waiting.items():
            worst, row = min(told_of, key=lambda pair: (pair[0].severity.rank, pair[0].id))
            count = len({alert.id for alert, _ in told_of})
            if name in people and self.escalator.outbox.enqueue_digest(book, worst, row, people[name], count, now):
                touched.append(worst.id)
        return touched

    def message_entry(self, row: Delivery, line: str, now: Instant, problem: str = "") -> TimelineEntry:
        """One line about one message."""
        book = self.renderer.catalog
        text = self.renderer.timeline_text(
            line,
            channel=book.channels.get(row.channel, row.channel),
            name=row.name,
            role=next((word for role, word in book.roles.items() if role.value == row.role), row.role),
            problem=book.problems.get(problem, problem),
        )
        return TimelineEntry(
            row.alert,
            now,
            "message",
            text,
            person=row.person,
            channel=row.channel,
            state=row.state.value,
            delivery=row.id,
        )

    def _add_transition(
        self, book: AlertStore, old: Alert, new: Alert, happening: AlertEvent, now: Instant, to: str | None
    ) -> None:
        if happening.signal is Signal.ADDED or (happening.signal is Signal.RECURRED and new.state is old.state):
            return  # the finding's own line says it
        text = self._sentence(old, new, happening, now, to)
        if happening.reason:
            text = self.renderer.timeline_text("reason", text=text, reason=happening.reason)
        book.add_timeline([TimelineEntry(old.id, now, happening.signal.value, text, person=happening.actor.id)])

    def _sentence(self, old: Alert, new: Alert, happening: AlertEvent, now: Instant, to: str | None) -> str:
        signal, say = happening.signal, self.renderer.timeline_text
        if signal is Signal.DEADLINE:
            span = self.renderer.format_duration(now - old.state_since)
            return say(f"due_{old.state}", span=span, owner=old.owner_name or "")
        if signal is Signal.SEVERITY_RAISED:
            return say("raised", level=self.renderer.catalog.severities[new.severity], title=new.title)
        if signal is Signal.HEALTH_RECOVERED and new.state is not State.CLOSED:
            return say("recovered")
        if signal is Signal.RECURRED and new.state is not old.state:
            return say("recalled")
        return say(
            signal.value,
            who=happening.actor.name,
            via=self.renderer.source_text(happening.actor),
            until=self.renderer.format_time(happening.until or now, now),
            to=to or "",
        )


def _notify_overdue(dispatch: Escalator, book: AlertStore, alert: Alert, _happening: AlertEvent, now: Instant) -> Alert:
    reminded = dispatch.escalate(book, alert, now, MessageKind.OVERDUE)
    return structs.replace(alert, rung=reminded.rung)


_ESCALATIONS: Final[dict[Effect, Callable[[Escalator, AlertStore, Alert, AlertEvent, Instant], Alert]]] = {
    Effect.START_ESCALATION: lambda dispatch, book, alert, _, now: dispatch.escalate(book, alert, now),
    Effect.ESCALATE: lambda dispatch, book, alert, _, now: dispatch.escalate(book, alert, now),
    Effect.NOTIFY_DEPUTY: lambda dispatch, book, alert, _, now: dispatch.notify_deputy(book, alert, now),
    Effect.NOTIFY_NEXT_PERSON: lambda dispatch, book, alert, one, now: dispatch.notify_next_person(
        book, alert, now, one.actor.id
    ),
    Effect.NOTIFY_OVERDUE: _notify_overdue,
}

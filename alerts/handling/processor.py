"""Moving one alert: advance it, carry out the effects, tell the story. All in the transaction it is given.

The desk decides when; here are no clocks, tasks or networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import structs

from alerts.alert import TAKEN, Actor, Alert, Entry, State, Via
from alerts.escalation.escalator import Dispatch
from alerts.escalation.joined_dangers import Joining
from alerts.lifecycle.advance import Effect, Happening, NotNow, advance
from alerts.lifecycle.danger import joined_title
from alerts.lifecycle.transitions import Signal
from alerts.message import CALLS, SENT, TOLD_BY, Delivery, DeliveryState, Kind
from alerts.messages.bundles import concerns
from alerts.messages.outbox import LOGBOOK, WECOM, called_off, told, why_called_off
from alerts.ports import Book
from domain import HOUR, Instant, Ledger

NEWS_MS: Final = 12 * HOUR
"""Who was called longer ago than this is not told how it went on: it is another shift."""


class Casework:
    """One alert, one happening, one story."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch, self.joining = dispatch, Joining(dispatch)
        self.wording = dispatch.wording

    def happen(self, book: Book, alert: Alert, happening: Happening, now: Instant, to: str | None = None) -> Alert:
        """The alert afterwards, saved. Raises NotNow with its sentence, or Incomplete; then nothing has changed."""
        try:
            step = advance(alert, happening, now, self.dispatch.ladder(alert).pace)
        except NotNow as refused:
            raise NotNow(refused.refusal, self.wording.refuse(refused.refusal, alert, now)) from None
        if step.alert is alert:
            return alert
        self._tell_story(book, alert, step.alert, happening, now, to)
        after = self._with_unnotified(book, alert, step.alert) if happening.signal is Signal.WORSENED else step.alert
        for effect in step.effects:
            if effect is Effect.CALL_OWNER:
                after = self.dispatch.call_former_owner(book, after, alert.owner, now)
            elif effect is Effect.TELL_ADDED:
                after = self._tell_added(book, after, happening, now)
            else:
                after = self._carry_out(book, after, effect, happening, now)
        book.save(after)
        return after

    def start(self, book: Book, alert: Alert, now: Instant) -> Alert:
        """A new alert calls its first rung."""
        after = self.dispatch.climb(book, alert, now)
        book.save(after)
        return after

    def _carry_out(self, book: Book, alert: Alert, effect: Effect, happening: Happening, now: Instant) -> Alert:
        if effect in _CALLS:
            return _CALLS[effect](self.dispatch, book, alert, happening, now)
        if effect is Effect.HUSH:
            self._hush(book, alert, now)
        elif effect is Effect.NEXT_CARD:
            self._next_card(book, alert, now)
        else:
            kind = Kind.TAKEN if effect is Effect.TELL_TAKEN else Kind.CLEAR
            self._tell(book, alert, kind, happening.actor, now)
        return alert

    def _tell_added(self, book: Book, alert: Alert, happening: Happening, now: Instant) -> Alert:
        """What joined is told to somebody: where nobody of this alert can be, others are called."""
        if self.joining.tell(book, alert, happening.its_danger, now):
            return alert
        if alert.state not in TAKEN:
            return self.dispatch.climb(book, alert, now)
        owner = Actor(alert.owner or "", alert.owner_name or "", Via.SYSTEM)
        return self.happen(book, alert, Happening(Signal.UNREACHED, owner), now)

    def _with_unnotified(self, book: Book, old: Alert, new: Alert) -> Alert:
        """What became worse before anybody heard of the lesser danger is told with its name."""
        rows = [row for row in book.deliveries(old.id) if row.kind in TOLD_BY and row.round == old.round]
        if any(row.state in SENT for row in rows):
            return new
        title = new.title
        for name in old.title.split("、"):
            title = joined_title(title, name)
        return structs.replace(new, title=title)

    def _hush(self, book: Book, alert: Alert, now: Instant) -> None:
        """What is not yet on its way need not go any more, except a danger that its person has not heard of."""
        for row in book.deliveries(alert.id):
            if row.state is DeliveryState.PENDING and row.kind in (*CALLS, Kind.ADDED, Kind.OVERDUE):
                if row.kind is Kind.ADDED and concerns(alert, row.person):
                    continue
                code = why_called_off(alert)
                skipped = called_off(row, code)
                book.settle(row, skipped, now, code)
                book.note([self.message_entry(skipped, "skipped", now, code)])

    def _tell(self, book: Book, alert: Alert, kind: Kind, actor: Actor, now: Instant) -> None:
        """Everybody who was called sees how it went on, except by text the one who did it himself.

        Who takes it by text gets one: it confirms his reply and states the codes he needs next.
        """
        name = alert.owner_name or ""
        confirmed = actor.on_behalf or (kind is Kind.TAKEN and actor.via is Via.SMS)
        for row in told(book.deliveries(alert.id), now - NEWS_MS):
            if row.person != actor.id or row.channel == WECOM or confirmed:
                self.dispatch.tell(book, alert, row, kind, name, now)
        if kind is Kind.TAKEN:
            self._next_card(book, alert, now)
            self.joining.tell_doors(book, alert, now)

    def _next_card(self, book: Book, alert: Alert, now: Instant) -> None:
        for row in told(book.deliveries(alert.id), now - NEWS_MS):
            if row.channel == WECOM and row.person == alert.owner:
                self.dispatch.outbox.owner_card(book, alert, row, now)

    def digest(self, book: Book, now: Instant) -> list[int]:
        """To each who has small things in his logbook, one message. The alerts whose story it stands in."""
        waiting: dict[str, list[tuple[Alert, Delivery]]] = {}
        for alert in book.unsettled(Ledger.HEALTH):
            for row in book.deliveries(alert.id):
                if row.channel == LOGBOOK and row.kind in CALLS and row.round == alert.round:
                    waiting.setdefault(row.person, []).append((alert, row))
        people = self.dispatch.community().people
        touched = []
        for name, told_of in waiting.items():
            worst, row = min(told_of, key=lambda pair: (pair[0].severity.rank, pair[0].id))
            count = len({alert.id for alert, _ in told_of})
            if name in people and self.dispatch.outbox.digest(book, worst, row, people[name], count, now):
                touched.append(worst.id)
        return touched

    def message_entry(self, row: Delivery, line: str, now: Instant, problem: str = "") -> Entry:
        """One line about one message."""
        book = self.wording.book
        text = self.wording.say(
            line,
            channel=book.channels.get(row.channel, row.channel),
            name=row.name,
            role=next((word for role, word in book.roles.items() if role.value == row.role), row.role),
            problem=book.problems.get(problem, problem),
        )
        return Entry(
            row.alert,
            now,
            "message",
            text,
            person=row.person,
            channel=row.channel,
            state=row.state.value,
            delivery=row.id,
        )

    def _tell_story(
        self, book: Book, old: Alert, new: Alert, happening: Happening, now: Instant, to: str | None
    ) -> None:
        if happening.signal is Signal.ADDED or (happening.signal is Signal.RECURRED and new.state is old.state):
            return  # the finding's own line says it
        text = self._sentence(old, new, happening, now, to)
        if happening.reason:
            text = self.wording.say("reason", text=text, reason=happening.reason)
        book.note([Entry(old.id, now, happening.signal.value, text, person=happening.actor.id)])

    def _sentence(self, old: Alert, new: Alert, happening: Happening, now: Instant, to: str | None) -> str:
        signal, say = happening.signal, self.wording.say
        if signal is Signal.DUE:
            span = self.wording.span(now - old.state_since)
            return say(f"due_{old.state}", span=span, owner=old.owner_name or "")
        if signal is Signal.WORSENED:
            return say("raised", level=self.wording.book.severities[new.severity], title=new.title)
        if signal is Signal.HEALED and new.state is not State.CLOSED:
            return say("recovered")
        if signal is Signal.RECURRED and new.state is not old.state:
            return say("recalled")
        return say(
            signal.value,
            who=happening.actor.name,
            via=self.wording.via(happening.actor),
            until=self.wording.clock(happening.until or now, now),
            to=to or "",
        )


def _remind(dispatch: Dispatch, book: Book, alert: Alert, _happening: Happening, now: Instant) -> Alert:
    reminded = dispatch.climb(book, alert, now, Kind.OVERDUE)
    return structs.replace(alert, rung=reminded.rung)


_CALLS: Final[dict[Effect, Callable[[Dispatch, Book, Alert, Happening, Instant], Alert]]] = {
    Effect.START: lambda dispatch, book, alert, _, now: dispatch.climb(book, alert, now),
    Effect.CLIMB: lambda dispatch, book, alert, _, now: dispatch.climb(book, alert, now),
    Effect.CALL_DEPUTY: lambda dispatch, book, alert, _, now: dispatch.call_deputy(book, alert, now),
    Effect.NEXT_PERSON: lambda dispatch, book, alert, one, now: dispatch.next_person(book, alert, now, one.actor.id),
    Effect.REMIND: _remind,
}

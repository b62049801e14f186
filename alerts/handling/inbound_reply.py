"""One text from a phone while it is handled: the messages sent to this phone, the alerts it has numbers for, and the
answers to it. Runs inside the caller's transaction.
"""

from __future__ import annotations

from typing import Final

from alerts.alert import (
    ACTIVE_STATES,
    SETTLED_STATES,
    Actor,
    Alert,
    ResponseSource,
    State,
    TimelineEntry,
)
from alerts.channel_specs import SMS
from alerts.escalation.escalator import Escalator
from alerts.handling.buttons import continued_alert, role_in_alert
from alerts.handling.person_actions import PersonActions
from alerts.lifecycle.transitions import Signal
from alerts.message import CALL_KINDS, VERIFYING_KINDS, Delivery, MessageKind
from alerts.messages.deliveries import knows_of_an_owner, latest_calls
from alerts.messages.outside_words import sanitize
from alerts.messages.together import combined_alerts
from alerts.ports import Transaction
from domain import HOUR, MINUTE

MAX_QUOTED: Final = 20
MAX_ANSWERS_PER_HOUR: Final = 6
"""Beyond this rate, unclear texts get no reply; the timeline shows them."""
SAME_ANSWER_MS: Final = 10 * MINUTE
MAX_SAME_ANSWERS: Final = 3
"""So often within SAME_ANSWER_MS the same refusal is sent to a phone: who sends more codes of one case has read it."""
CROSSING_MS: Final = MINUTE
"""Messages sent within this time may have crossed the reply, so a text without a code may be about any of them."""
MAX_MESSAGES_READ: Final = 8
_CALLING_KINDS: Final = (*CALL_KINDS, MessageKind.ADDED, MessageKind.ASSIST)
_REPEATED_REQUESTS: Final = (MessageKind.HINT, MessageKind.CODES, MessageKind.DETAILS)
"""Answers that name the codes of a call; whoever was asked to assist gets the request again."""
_ASKING_KINDS: Final = (
    *_CALLING_KINDS,
    MessageKind.SUMMARY,
    MessageKind.HINT,
    MessageKind.DETAILS,
    MessageKind.CODES,
    MessageKind.LAPSED,
    MessageKind.VERIFY,
    MessageKind.VERIFY_STREET,
    MessageKind.DISPOSITION,
)


class InboundReply:
    """One text being handled: the messages sent to this phone, and the alerts it has numbers for."""

    def __init__(self, actions: PersonActions, escalator: Escalator, tx: Transaction, phone: str, text: str) -> None:
        self.actions, self.tx, self.phone, self.text = actions, tx, phone, text
        self.assistance = actions.processor.assistance
        self.renderer, self.outbox, self._community = escalator.renderer, escalator.outbox, escalator.community
        codes = tx.store.reply_codes(phone)
        self.people = {code.alert: code.person for code in codes}
        numbered = ((code.number, tx.store.alert(code.alert)) for code in codes)
        self.alerts = {number: alert for number, alert in numbered if alert is not None}
        self.messages = tx.store.last_messages(SMS, phone, MAX_MESSAGES_READ) if codes else []

    @property
    def active(self) -> list[Alert]:
        """Active alerts of this phone, the most severe and newest first."""
        found = [alert for alert in self.alerts.values() if alert.state in ACTIVE_STATES]
        return sorted(found, key=lambda alert: (alert.severity.rank, -alert.opened_at))

    @property
    def unacknowledged(self) -> list[Alert]:
        """Those that nobody has acknowledged."""
        return [alert for alert in self.active if alert.is_calling and alert.owner != self.people[alert.id]]

    @property
    def owned(self) -> list[Alert]:
        """Those that the sender has acknowledged."""
        return [alert for alert in self.active if alert.owner == self.people[alert.id]]

    @property
    def on_it(self) -> list[Alert]:
        """Those that the sender is on, as owner or beside him, or as one who assists."""
        return [alert for alert in self.active if self.is_on_it(alert)]

    def is_on_it(self, alert: Alert) -> bool:
        """Whether the sender is on this alert."""
        beside = {one.person for one in alert.responders} | {one.person for one in alert.helping}
        return self.people[alert.id] in {alert.owner, *beside}

    @property
    def asked(self) -> list[int]:
        """Numbers of the alerts that the sender is asked to verify, or what they turned out to be."""
        return [number for number, alert in self.alerts.items() if self._is_asked(alert)]

    def _is_asked(self, alert: Alert) -> bool:
        """The codes of the conclusion are in the text to the owner; before he is on site, 15 from him means minutes."""
        person = self.people[alert.id]
        if alert.state not in SETTLED_STATES:
            return alert.state is State.ON_SITE and alert.owner == person
        kinds = (*VERIFYING_KINDS, MessageKind.DISPOSITION, MessageKind.OWNED)
        rows = self.tx.store.deliveries(alert.id)
        return any(row.person == person and row.kind in kinds and row.round == alert.round for row in rows)

    def asked_last(self, alert: Alert) -> bool:
        """Whether the last text to this phone asked to verify this alert: `31` then answers that, not a call."""
        last = self.messages[0] if self.messages else None
        return last is not None and alert.id in combined_alerts(last) and last.kind in VERIFYING_KINDS

    @property
    def last_asked(self) -> bool:
        """Whether the last text to this phone asked for an answer."""
        return bool(self.messages) and self.messages[0].kind in _ASKING_KINDS

    @property
    def is_last_personal(self) -> bool:
        """Whether the last text to this phone was about no alert: 不行 then answers a swap of shifts, not a call."""
        return bool(self.messages) and self.messages[0].alert is None

    def only_call(self) -> Alert | None:
        """The alert that a text without a code must mean: the only active one, and the last text was its call."""
        unsettled = self.active
        if len(unsettled) != 1 or not self.messages or self.messages[0].kind not in _CALLING_KINDS:
            return None
        crossing = [row for row in self.messages if (row.sent_at or self.tx.now) > self.tx.now - CROSSING_MS]
        meant = {row.alert for row in (self.messages[0], *crossing)}
        return unsettled[0] if meant == {unsettled[0].id} else None

    def last_messaged(self) -> Alert | None:
        """The alert of the last text, if it is active and belongs to this phone."""
        last = self.messages[0].alert if self.messages else None
        return next((alert for alert in self.active if alert.id == last), None)

    def actor(self, alert: Alert) -> Actor:
        person = self.people[alert.id]
        known = self._community().people.get(person) or self.tx.store.person_of(self.phone)
        name = known.name if known is not None else person
        return Actor(person, name, ResponseSource.SMS, role_in_alert(self.tx.store, alert, person))

    def continued(self, alert: Alert, signal: Signal) -> Alert:
        """The alert that an answer counts for."""
        person = self.people[alert.id]
        into = continued_alert(self.tx, alert, person, signal)
        self.people.setdefault(into.id, person)
        return into

    def add_timeline(self, alert: Alert, kind: str, **words: str) -> None:
        """Add a timeline entry that quotes the text."""
        actor, quoted = self.actor(alert), sanitize(self.text)[:MAX_QUOTED]
        line = self.renderer.timeline_text(kind, name=actor.name, text=quoted, **words)
        self.tx.store.add_timeline([TimelineEntry(alert.id, self.tx.now, kind, line, person=actor.id)])

    def answer(self, alert: Alert, kind: MessageKind, reason: str = "") -> None:
        """Send a reply, at most MAX_ANSWERS_PER_HOUR; beyond that a timeline entry records that none was sent."""
        call = self._latest_call(alert)
        if call is None:
            return
        if self.tx.store.count_answers(self.phone, self.tx.now - HOUR) >= MAX_ANSWERS_PER_HOUR:
            self.add_timeline(alert, "unanswered")
            return
        if kind is MessageKind.STATUS and self._was_answered(alert, reason):
            return
        numbers = sorted(number for number, one in self.alerts.items() if one.state in ACTIVE_STATES)
        variant = ""
        request = self.request_for_help(alert)
        if request is not None:
            # A volunteer is not told the door, and is asked again in the words of the request.
            alert, variant = (
                self.assistance.shown_to(alert, self.people[alert.id], request),
                self.assistance.audience(request),
            )
            kind = MessageKind.ASSIST if kind in _REPEATED_REQUESTS else kind
        self.outbox.enqueue_answer(self.tx, alert, call, kind, numbers, reason, variant)

    def _was_answered(self, alert: Alert, reason: str) -> bool:
        """Whether this phone has had the same refusal several times a moment ago."""
        rows = self.tx.store.deliveries(alert.id)
        recent = [row for row in rows if row.address == self.phone and row.created_at > self.tx.now - SAME_ANSWER_MS]
        same = [row for row in recent if row.kind is MessageKind.STATUS and reason in str(row.payload["text"])]
        return len(same) >= MAX_SAME_ANSWERS

    def may_stand_down(self, alert: Alert) -> bool:
        """Whether a text that crossed his acknowledgement says that another has it: the answer would say no more."""
        is_another = alert.owner is not None and alert.owner != self.people[alert.id]
        call = self._latest_call(alert) if is_another else None
        return call is not None and knows_of_an_owner(self.tx.store.deliveries(alert.id), call)

    def confirm(self, alert: Alert, kind: MessageKind) -> None:
        """Confirm the action, with the codes for the next ones."""
        call = self._latest_call(alert)
        if call is not None:
            self.outbox.enqueue_update(self.tx, alert, call, kind, self.actor(alert).name)

    def _latest_call(self, alert: Alert) -> Delivery | None:
        stored = self.tx.store.deliveries(alert.id)
        rows = [*latest_calls(stored), *(row for row in reversed(stored) if row.kind is MessageKind.ASSIST)]
        return next((row for row in rows if row.channel == SMS and row.address == self.phone), None)

    def request_for_help(self, alert: Alert) -> Delivery | None:
        """The request for help to this phone, when nothing else about the alert asks its owner."""
        return self.assistance.request_to(self.tx.store, alert, self.people[alert.id])

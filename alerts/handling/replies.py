"""SMS replies: finds the alert and the person, and applies the action. Runs inside the caller's transaction.

A phone number proves only what was sent to it. Every text ends in a stated status; a text about an alert is in that
alert's timeline.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from alerts.alert import ACTIVE_STATES, UNACKNOWLEDGED_STATES, Actor, Alert, ResponseSource, State, TimelineEntry
from alerts.channel_specs import SMS
from alerts.escalation.escalator import Escalator
from alerts.handling.buttons import role_in_alert
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.event import AlertEvent, InvalidTransition
from alerts.lifecycle.transitions import TRANSITIONS, ActionRefusal, Signal
from alerts.message import CALL_KINDS, Delivery, MessageKind
from alerts.messages.deliveries import latest_calls
from alerts.messages.renderer import sanitize
from alerts.ports import Transaction
from alerts.reply_parsing import codes as reply_codes
from alerts.reply_parsing.grammar import ReplyGrammar
from alerts.reply_parsing.parser import Certainty, ParsedReply, ReplyIntent, Unclear, parse_reply
from domain import HOUR, MINUTE


class ReplyStatus(StrEnum):
    """What was done with a text. Every text ends as exactly one of these."""

    DONE = "done"
    REFUSED = "refused"
    """Understood, but not possible now; the reason was sent."""
    UNCLEAR = "unclear"
    """Not understood; the sender was asked again, and the timeline contains it."""
    ANSWERED = "answered"
    """A question; the details were sent."""
    IGNORED = "ignored"
    """Nothing to do: thanks, an acknowledgement of a follow-up, or no active alert on this phone."""
    OPT_OUT = "opt_out"
    UNKNOWN_PHONE = "unknown_phone"
    REPEATED = "repeated"
    """The provider pushed it before."""


class ReplyResult(Struct, frozen=True):
    """`alerts` are those whose timeline changed, the intended one first; `reason` is why it is not `done`."""

    status: ReplyStatus
    alerts: tuple[int, ...] = ()
    reason: str = ""

    @property
    def alert(self) -> int | None:
        return self.alerts[0] if self.alerts else None


MAX_QUOTED: Final = 20
MAX_ANSWERS_PER_HOUR: Final = 6
"""Beyond this rate, unclear texts get no reply; the timeline shows them."""
CROSSING_MS: Final = MINUTE
"""Messages sent within this time may have crossed the reply, so a text without a code may be about any of them."""
MAX_MESSAGES_READ: Final = 8
_CALLING_KINDS: Final = (*CALL_KINDS, MessageKind.ADDED, MessageKind.ASSIST)
_REPEATED_REQUESTS: Final = (MessageKind.HINT, MessageKind.CODES, MessageKind.DETAILS)
"""Answers that name the codes of a call; whoever was asked to assist gets the request again."""
_ASKING_KINDS: Final = (*_CALLING_KINDS, MessageKind.SUMMARY, MessageKind.HINT, MessageKind.DETAILS, MessageKind.CODES)
_SIGNALS: Final = {
    ReplyIntent.ACKNOWLEDGE: Signal.ACKNOWLEDGE,
    ReplyIntent.RECEIPT: Signal.ACKNOWLEDGE,
    ReplyIntent.DECLINE: Signal.DECLINE,
    ReplyIntent.ARRIVE: Signal.ARRIVE,
    ReplyIntent.RESOLVE: Signal.RESOLVE,
}


def handle_reply(
    processor: AlertProcessor, escalator: Escalator, grammar: ReplyGrammar, tx: Transaction, phone: str, text: str
) -> ReplyResult:
    """Handle a text from a phone."""
    inbound = _InboundReply(processor, escalator, tx, reply_codes.normalize_phone(phone), text)
    if not inbound.people:
        return ReplyResult(ReplyStatus.UNKNOWN_PHONE, reason="nothing was sent to it")
    parsed = parse_reply(text, grammar, inbound.alerts)
    if parsed.intent is ReplyIntent.OPT_OUT:
        return _handle_opt_out(inbound)
    if parsed.intent is ReplyIntent.QUESTION:
        return _handle_question(inbound, parsed)
    if parsed.intent is ReplyIntent.UNCLEAR:
        return _handle_unclear(inbound, parsed)
    if parsed.intent is ReplyIntent.COURTESY:
        return _handle_receipt(inbound, parsed)
    meant = _find_alerts(inbound, parsed)
    if meant:
        results = [_apply(inbound, alert, parsed) for alert in meant]
        return structs.replace(results[0], alerts=tuple(alert.id for alert in meant))
    return _handle_receipt(inbound, parsed)


class _InboundReply:
    """One text being handled: the messages sent to this phone, and the alerts it has numbers for."""

    def __init__(self, processor: AlertProcessor, escalator: Escalator, tx: Transaction, phone: str, text: str) -> None:
        self.processor, self.tx, self.phone, self.text = processor, tx, phone, text
        self.assistance = processor.assistance
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
        return [alert for alert in self.active if alert.state in UNACKNOWLEDGED_STATES]

    @property
    def owned(self) -> list[Alert]:
        """Those that the sender has acknowledged."""
        return [alert for alert in self.active if alert.owner == self.people[alert.id]]

    @property
    def last_asked(self) -> bool:
        """Whether the last text to this phone asked for an answer."""
        return bool(self.messages) and self.messages[0].kind in _ASKING_KINDS

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


def _find_alerts(inbound: _InboundReply, parsed: ParsedReply) -> list[Alert]:
    """The alerts that the text is about; empty when that is uncertain."""
    if parsed.numbers:
        return [inbound.alerts[number] for number in parsed.numbers]
    if parsed.intent is ReplyIntent.DECLINE:
        return _find_declined(inbound, parsed)
    if parsed.intent in (ReplyIntent.ARRIVE, ReplyIntent.RESOLVE) and inbound.owned:
        return inbound.owned if len(inbound.owned) == 1 and not inbound.unacknowledged else []
    call = inbound.only_call()
    return [] if call is None else [call]


def _find_declined(inbound: _InboundReply, parsed: ParsedReply) -> list[Alert]:
    """A refusal without a code is about every call to this phone; without calls, about what the sender has
    acknowledged."""
    if parsed.certainty is Certainty.SHORT and len(inbound.active) != 1:
        return []
    if inbound.unacknowledged:
        return inbound.unacknowledged
    return inbound.owned if len(inbound.owned) == 1 else []


def _apply(inbound: _InboundReply, alert: Alert, parsed: ParsedReply) -> ReplyResult:
    actor, signal = inbound.actor(alert), _SIGNALS[parsed.intent]
    request = inbound.request_for_help(alert)
    try:
        if request is not None:
            inbound.assistance.apply(inbound.tx, alert, signal, actor, request)
            return ReplyResult(ReplyStatus.DONE, (alert.id,))
        _check_owner(inbound, alert, signal, actor)
        inbound.processor.apply(inbound.tx, alert, AlertEvent(signal, actor))
    except InvalidTransition as refused:
        inbound.add_timeline(alert, "refused", reason=refused.message)
        inbound.answer(alert, MessageKind.STATUS, refused.message)
        return ReplyResult(ReplyStatus.REFUSED, (alert.id,), refused.refusal.value)
    if any(sign.isalpha() for sign in inbound.text):
        inbound.add_timeline(alert, "replied")
    if signal is Signal.ARRIVE and alert.owner is not None:
        inbound.confirm(inbound.tx.store.alert(alert.id) or alert, MessageKind.ARRIVED)
    if signal is Signal.DECLINE and not (parsed.numbers and parsed.certainty is Certainty.WHOLE):
        inbound.confirm(alert, MessageKind.DECLINED)
    return ReplyResult(ReplyStatus.DONE, (alert.id,))


def _check_owner(inbound: _InboundReply, alert: Alert, signal: Signal, actor: Actor) -> None:
    """By text, only the owner reports arrival or completion of an acknowledged alert: a phone number proves little."""
    taken = alert.state in (State.ACKNOWLEDGED, State.ON_SITE) and alert.owner != actor.id
    if taken and signal in (Signal.ARRIVE, Signal.RESOLVE):
        sentence = inbound.renderer.refusal_text(ActionRefusal.ALREADY_TAKEN, alert, inbound.tx.now)
        raise InvalidTransition(ActionRefusal.ALREADY_TAKEN, sentence)


def _handle_receipt(inbound: _InboundReply, parsed: ParsedReply) -> ReplyResult:
    """Thanks, 收到, or a text without a code that does not mean a single call.

    After a follow-up it needs no reply, and 马上到 from the owner is a report. Otherwise the sender may believe that he
    has acknowledged, so he is asked.
    """
    friendly = parsed.intent in (ReplyIntent.RECEIPT, ReplyIntent.COURTESY)
    reports = parsed.intent is ReplyIntent.ACKNOWLEDGE and bool(inbound.owned)
    if (friendly and not inbound.last_asked) or ((friendly or reports) and not inbound.unacknowledged):
        about = inbound.last_messaged()
        if about is not None:
            inbound.add_timeline(about, "replied")
        return ReplyResult(ReplyStatus.IGNORED, () if about is None else (about.id,), parsed.intent.value)
    return _handle_unclear(inbound, parsed)


def _handle_unclear(inbound: _InboundReply, parsed: ParsedReply) -> ReplyResult:
    """The sender believes that he has answered: record it in the timeline, and send him the codes."""
    reason = parsed.why.value or "no_single_call"
    named = [inbound.alerts[parsed.number]] if parsed.number is not None else []
    last = inbound.last_messaged()
    alert = next(iter([*named, *inbound.unacknowledged, *inbound.owned, *([last] if last else [])]), None)
    if alert is None:
        return ReplyResult(ReplyStatus.IGNORED, (), f"{reason}, nothing is open")
    inbound.add_timeline(alert, "unclear")
    _answer_state(inbound, alert, MessageKind.CODES if parsed.why is Unclear.NO_SUCH_CODE else MessageKind.HINT)
    return ReplyResult(ReplyStatus.UNCLEAR, (alert.id,), reason)


def _handle_question(inbound: _InboundReply, parsed: ParsedReply) -> ReplyResult:
    """Send title and address again: of the alert named, else of the last message, else of the most severe."""
    named = [inbound.alerts[parsed.number]] if parsed.number is not None else []
    last = inbound.last_messaged()
    alert = next(iter([*named, *([last] if last else []), *inbound.active]), None)
    if alert is None:
        return ReplyResult(ReplyStatus.IGNORED, (), "question, nothing is open")
    inbound.add_timeline(alert, "asked")
    _answer_state(inbound, alert, MessageKind.DETAILS)
    return ReplyResult(ReplyStatus.ANSWERED, (alert.id,), "question")


def _answer_state(inbound: _InboundReply, alert: Alert, kind: MessageKind) -> None:
    """Reply with the state of the alert: `kind` if he can acknowledge it, else the next codes or who has it."""
    outcome = TRANSITIONS[alert.state, Signal.ACKNOWLEDGE]
    if alert.owner is not None and alert.owner == inbound.people[alert.id] and alert.state in ACTIVE_STATES:
        inbound.answer(alert, MessageKind.ARRIVED if alert.state is State.ON_SITE else MessageKind.OWNED)
    elif isinstance(outcome, ActionRefusal):
        inbound.answer(alert, MessageKind.STATUS, inbound.renderer.refusal_text(outcome, alert, inbound.tx.now))
    else:
        inbound.answer(alert, kind)


def _handle_opt_out(inbound: _InboundReply) -> ReplyResult:
    """The carrier may now block every text to this phone: recorded in the timelines of its alerts."""
    alerts = inbound.active or list(inbound.alerts.values())[:1]
    for alert in alerts:
        inbound.add_timeline(alert, "opted_out")
    return ReplyResult(ReplyStatus.OPT_OUT, tuple(alert.id for alert in alerts), "opt_out")

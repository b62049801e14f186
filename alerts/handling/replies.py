"""SMS replies: finds the alert meant and the person, and moves the alert.

It works on a book inside the host's transaction. It trusts a phone number only with what was sent to it. Every text
ends in a stated status; what was meant for an alert stands in that alert's timeline.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from alerts.alert import UNSETTLED, UNTAKEN, Actor, Alert, Entry, State, Via
from alerts.handling.buttons import role_of
from alerts.handling.processor import Casework
from alerts.lifecycle.advance import Happening, NotNow
from alerts.lifecycle.transitions import TRANSITIONS, Refusal, Signal
from alerts.message import CALLS, Delivery, Kind
from alerts.messages.outbox import SMS, told
from alerts.messages.renderer import clean
from alerts.ports import Book
from alerts.reply_parsing import codes as reply_codes
from alerts.reply_parsing.grammar import ReplyGrammar
from alerts.reply_parsing.parser import Certainty, ParsedReply, ReplyIntent, Unclear, parse_reply
from domain import HOUR, MINUTE, Instant


class ReplyStatus(StrEnum):
    """What a text from a phone came to. There is no other end."""

    DONE = "done"
    REFUSED = "refused"
    """Understood, and not possible now; the writer was told why."""
    UNCLEAR = "unclear"
    """Not understood; the writer was asked again, and the alert's timeline says so."""
    ANSWERED = "answered"
    """A question."""
    IGNORED = "ignored"
    """No answer to anything that waits: thanks, a receipt of news, or nothing is open for this phone."""
    OPT_OUT = "opt_out"
    UNKNOWN_PHONE = "unknown_phone"
    REPEATED = "repeated"
    """The provider pushed it before."""


class ReplyResult(Struct, frozen=True):
    """`alerts` are those whose timeline changed, the one meant first; `reason` says why it is not `done`."""

    status: ReplyStatus
    alerts: tuple[int, ...] = ()
    reason: str = ""

    @property
    def alert(self) -> int | None:
        return self.alerts[0] if self.alerts else None


SHOWN: Final = 20
ANSWERS_AN_HOUR: Final = 6
"""Beyond this a phone that cannot be understood is left to the people who read the timeline."""
CROSSING_MS: Final = MINUTE
"""Texts of the last minute may have crossed the answer: then a word without a code may be about any of them."""
LOOK_BACK: Final = 8
_CALLING: Final = (*CALLS, Kind.ADDED)
_ASKING: Final = (*_CALLING, Kind.SUMMARY, Kind.HINT, Kind.DETAILS, Kind.CODES)
_SIGNALS: Final = {
    ReplyIntent.TAKE: Signal.ACKNOWLEDGE,
    ReplyIntent.RECEIPT: Signal.ACKNOWLEDGE,
    ReplyIntent.PASS: Signal.PASS,
    ReplyIntent.ARRIVE: Signal.ARRIVE,
    ReplyIntent.RESOLVE: Signal.RESOLVE,
}


def reply(casework: Casework, grammar: ReplyGrammar, book: Book, phone: str, text: str, now: Instant) -> ReplyResult:
    """A text that came back from a phone."""
    inbound = _Inbound(casework, book, reply_codes.plain_phone(phone), text, now)
    if not inbound.people:
        return ReplyResult(ReplyStatus.UNKNOWN_PHONE, reason="nothing was sent to it")
    parsed = parse_reply(text, grammar, inbound.alerts)
    if parsed.intent is ReplyIntent.OPT_OUT:
        return _opted_out(inbound)
    if parsed.intent is ReplyIntent.QUESTION:
        return _explain(inbound, parsed)
    if parsed.intent is ReplyIntent.UNCLEAR:
        return _ask_back(inbound, parsed)
    if parsed.intent is ReplyIntent.COURTESY:
        return _receipt(inbound, parsed)
    meant = _meant(inbound, parsed)
    if meant:
        results = [_move(inbound, alert, parsed) for alert in meant]
        return structs.replace(results[0], alerts=tuple(alert.id for alert in meant))
    return _receipt(inbound, parsed)


class _Inbound:
    """One text while it is worked on: what this phone was told, and of which alerts it holds numbers."""

    def __init__(self, casework: Casework, book: Book, phone: str, text: str, now: Instant) -> None:
        self.casework, self.book, self.phone, self.text, self.now = casework, book, phone, text, now
        held = book.coded(phone)
        self.people = {one.alert: one.person for one in held}
        known = ((one.number, book.alert(one.alert)) for one in held)
        self.alerts = {number: alert for number, alert in known if alert is not None}
        self.messages = book.last_messages(SMS, phone, LOOK_BACK) if held else []

    @property
    def unsettled(self) -> list[Alert]:
        """Alerts of this phone that are not dealt with, the worst and newest first."""
        found = [alert for alert in self.alerts.values() if alert.state in UNSETTLED]
        return sorted(found, key=lambda alert: (alert.severity.rank, -alert.opened_at))

    @property
    def waiting(self) -> list[Alert]:
        """Those that nobody has taken."""
        return [alert for alert in self.unsettled if alert.state in UNTAKEN]

    @property
    def owned(self) -> list[Alert]:
        """Those that the writer has taken."""
        return [alert for alert in self.unsettled if alert.owner == self.people[alert.id]]

    @property
    def asked_last(self) -> bool:
        """True when the last text to this phone asked for an answer."""
        return bool(self.messages) and self.messages[0].kind in _ASKING

    def only_call(self) -> Alert | None:
        """The alert that a word without a code can mean: the only one, of which the last text was the call."""
        unsettled = self.unsettled
        if len(unsettled) != 1 or not self.messages or self.messages[0].kind not in _CALLING:
            return None
        crossing = [row for row in self.messages if (row.sent_at or self.now) > self.now - CROSSING_MS]
        meant = {row.alert for row in (self.messages[0], *crossing)}
        return unsettled[0] if meant == {unsettled[0].id} else None

    def last_told(self) -> Alert | None:
        """The alert of the last text, if it is one of this phone's and not dealt with."""
        last = self.messages[0].alert if self.messages else None
        return next((alert for alert in self.unsettled if alert.id == last), None)

    def actor(self, alert: Alert) -> Actor:
        person = self.people[alert.id]
        known = self.casework.dispatch.community().people.get(person) or self.book.person_of(self.phone)
        name = known.name if known is not None else person
        return Actor(person, name, Via.SMS, role_of(self.book, alert, person))

    def note(self, alert: Alert, kind: str, **words: str) -> None:
        """A line of the alert's timeline; `text` is what was written."""
        actor, said = self.actor(alert), clean(self.text)[:SHOWN]
        line = self.casework.wording.say(kind, name=actor.name, text=said, **words)
        self.book.note([Entry(alert.id, self.now, kind, line, person=actor.id)])

    def answer(self, alert: Alert, kind: Kind, reason: str = "") -> None:
        """A text back, as often as is reasonable; beyond that the timeline says that he got none."""
        call = self._call(alert)
        if call is None:
            return
        if self.book.answers_since(self.phone, self.now - HOUR) >= ANSWERS_AN_HOUR:
            self.note(alert, "unanswered")
            return
        numbers = sorted(number for number, one in self.alerts.items() if one.state in UNSETTLED)
        self.casework.dispatch.outbox.answer(self.book, alert, call, kind, self.now, numbers, reason)

    def confirm(self, alert: Alert, kind: Kind) -> None:
        """What he did was understood, and what he can answer next."""
        call = self._call(alert)
        if call is not None:
            self.casework.dispatch.outbox.tell(self.book, alert, call, kind, self.actor(alert).name, self.now)

    def _call(self, alert: Alert) -> Delivery | None:
        rows = told(self.book.deliveries(alert.id))
        return next((row for row in rows if row.channel == SMS and row.address == self.phone), None)


def _meant(inbound: _Inbound, parsed: ParsedReply) -> list[Alert]:
    """The alerts an answer is about; none when that is not certain."""
    if parsed.numbers:
        return [inbound.alerts[number] for number in parsed.numbers]
    if parsed.intent is ReplyIntent.PASS:
        return _declined(inbound, parsed)
    if parsed.intent in (ReplyIntent.ARRIVE, ReplyIntent.RESOLVE) and inbound.owned:
        return inbound.owned if len(inbound.owned) == 1 and not inbound.waiting else []
    call = inbound.only_call()
    return [] if call is None else [call]


def _declined(inbound: _Inbound, parsed: ParsedReply) -> list[Alert]:
    """A refusal without a code is about everything he was called for; if that is nothing, about what he has taken."""
    if parsed.certainty is Certainty.SHORT and len(inbound.unsettled) != 1:
        return []
    if inbound.waiting:
        return inbound.waiting
    return inbound.owned if len(inbound.owned) == 1 else []


def _move(inbound: _Inbound, alert: Alert, parsed: ParsedReply) -> ReplyResult:
    actor, signal = inbound.actor(alert), _SIGNALS[parsed.intent]
    try:
        _only_the_owner(inbound, alert, signal, actor)
        inbound.casework.happen(inbound.book, alert, Happening(signal, actor), inbound.now)
    except NotNow as refused:
        inbound.note(alert, "refused", reason=refused.message)
        inbound.answer(alert, Kind.STATUS, refused.message)
        return ReplyResult(ReplyStatus.REFUSED, (alert.id,), refused.refusal.value)
    if any(sign.isalpha() for sign in inbound.text):
        inbound.note(alert, "replied")
    if signal is Signal.ARRIVE and alert.owner is not None:
        inbound.confirm(inbound.book.alert(alert.id) or alert, Kind.ARRIVED)
    if signal is Signal.PASS and not (parsed.numbers and parsed.certainty is Certainty.WHOLE):
        inbound.confirm(alert, Kind.PASSED)
    return ReplyResult(ReplyStatus.DONE, (alert.id,))


def _only_the_owner(inbound: _Inbound, alert: Alert, signal: Signal, actor: Actor) -> None:
    """A phone proves little: what somebody else has taken, it neither reports as reached nor as dealt with."""
    taken = alert.state in (State.ACKNOWLEDGED, State.ON_SITE) and alert.owner != actor.id
    if taken and signal in (Signal.ARRIVE, Signal.RESOLVE):
        sentence = inbound.casework.wording.refuse(Refusal.ALREADY_TAKEN, alert, inbound.now)
        raise NotNow(Refusal.ALREADY_TAKEN, sentence)


def _receipt(inbound: _Inbound, parsed: ParsedReply) -> ReplyResult:
    """Thanks, 收到, or a word without a code that means no single call.

    After news it answers nothing; from him who has taken it, 马上到 is a report. Else he may believe that he took it.
    """
    friendly = parsed.intent in (ReplyIntent.RECEIPT, ReplyIntent.COURTESY)
    reports = parsed.intent is ReplyIntent.TAKE and bool(inbound.owned)
    if (friendly and not inbound.asked_last) or ((friendly or reports) and not inbound.waiting):
        about = inbound.last_told()
        if about is not None:
            inbound.note(about, "replied")
        return ReplyResult(ReplyStatus.IGNORED, () if about is None else (about.id,), parsed.intent.value)
    return _ask_back(inbound, parsed)


def _ask_back(inbound: _Inbound, parsed: ParsedReply) -> ReplyResult:
    """He answered, so he believes he has it: say so in the timeline, and tell him how to answer."""
    reason = parsed.why.value or "no_single_call"
    named = [inbound.alerts[parsed.number]] if parsed.number is not None else []
    last = inbound.last_told()
    alert = next(iter([*named, *inbound.waiting, *inbound.owned, *([last] if last else [])]), None)
    if alert is None:
        return ReplyResult(ReplyStatus.IGNORED, (), f"{reason}, nothing is open")
    inbound.note(alert, "unclear")
    _state(inbound, alert, Kind.CODES if parsed.why is Unclear.NO_SUCH_CODE else Kind.HINT)
    return ReplyResult(ReplyStatus.UNCLEAR, (alert.id,), reason)


def _explain(inbound: _Inbound, parsed: ParsedReply) -> ReplyResult:
    """What and where, again; about the alert named, else the last one told, else the worst."""
    named = [inbound.alerts[parsed.number]] if parsed.number is not None else []
    last = inbound.last_told()
    alert = next(iter([*named, *([last] if last else []), *inbound.unsettled]), None)
    if alert is None:
        return ReplyResult(ReplyStatus.IGNORED, (), "question, nothing is open")
    inbound.note(alert, "asked")
    _state(inbound, alert, Kind.DETAILS)
    return ReplyResult(ReplyStatus.ANSWERED, (alert.id,), "question")


def _state(inbound: _Inbound, alert: Alert, kind: Kind) -> None:
    """A text about where the alert stands for him: `kind` if he can take it, else what he can do or who has it."""
    outcome = TRANSITIONS[alert.state, Signal.ACKNOWLEDGE]
    if alert.owner is not None and alert.owner == inbound.people[alert.id] and alert.state in UNSETTLED:
        inbound.answer(alert, Kind.ARRIVED if alert.state is State.ON_SITE else Kind.OWNED)
    elif isinstance(outcome, Refusal):
        inbound.answer(alert, Kind.STATUS, inbound.casework.wording.refuse(outcome, alert, inbound.now))
    else:
        inbound.answer(alert, kind)


def _opted_out(inbound: _Inbound) -> ReplyResult:
    """The carrier may now block every text to this worker: his alerts say so, where his lead reads."""
    alerts = inbound.unsettled or list(inbound.alerts.values())[:1]
    for alert in alerts:
        inbound.note(alert, "opted_out")
    return ReplyResult(ReplyStatus.OPT_OUT, tuple(alert.id for alert in alerts), "opt_out")

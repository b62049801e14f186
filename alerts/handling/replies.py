"""SMS replies: finds the alert and the person, and applies the action. Runs inside the caller's transaction.

A phone number proves only what was sent to it. Every text ends in a stated status; a text about an alert is in that
alert's timeline.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from alerts.alert import (
    ACTIVE_STATES,
    SETTLED_STATES,
    Actor,
    Alert,
    State,
)
from alerts.escalation.escalator import Escalator
from alerts.handling.inbound_reply import InboundReply
from alerts.handling.person_actions import ActionRequest, PersonActions
from alerts.lifecycle.event import InvalidTransition
from alerts.lifecycle.transitions import TRANSITIONS, ActionRefusal, Signal
from alerts.message import CALL_KINDS, MessageKind
from alerts.ports import Transaction
from alerts.reply_parsing import codes as reply_codes
from alerts.reply_parsing.grammar import ReplyGrammar
from alerts.reply_parsing.parser import Certainty, ParsedReply, ReplyIntent, Unclear, parse_reply


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


NAMED_MAX: Final = 4
"""Of the people called, so many names fit into a variable of a text."""
_SIGNALS: Final = {
    ReplyIntent.ACKNOWLEDGE: Signal.ACKNOWLEDGE,
    ReplyIntent.RECEIPT: Signal.ACKNOWLEDGE,
    ReplyIntent.DECLINE: Signal.DECLINE,
    ReplyIntent.ARRIVE: Signal.ARRIVE,
    ReplyIntent.RESOLVE: Signal.RESOLVE,
    ReplyIntent.VERIFY: Signal.VERIFY,
}
_DISPOSITIONS: Final = frozenset(
    {ReplyIntent.REAL, ReplyIntent.FALSE_ALARM, ReplyIntent.TEST, ReplyIntent.DEVICE_FAULT, ReplyIntent.PRANK}
)


def handle_reply(
    actions: PersonActions, escalator: Escalator, grammar: ReplyGrammar, tx: Transaction, phone: str, text: str
) -> ReplyResult:
    """Handle a text from a phone."""
    inbound = InboundReply(actions, escalator, tx, reply_codes.normalize_phone(phone), text)
    if not inbound.people:
        return ReplyResult(ReplyStatus.UNKNOWN_PHONE, reason="nothing was sent to it")
    parsed = parse_reply(text, grammar, inbound.alerts, inbound.asked)
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
        apply = _reinforce if parsed.intent is ReplyIntent.REINFORCE else _apply
        results = [apply(inbound, alert, parsed) for alert in meant]
        return structs.replace(results[0], alerts=tuple(alert.id for alert in meant))
    return _handle_receipt(inbound, parsed)


def _find_alerts(inbound: InboundReply, parsed: ParsedReply) -> list[Alert]:
    """The alerts that the text is about; empty when that is uncertain."""
    if parsed.numbers:
        return [inbound.alerts[number] for number in parsed.numbers]
    if parsed.intent is ReplyIntent.DECLINE:
        return _find_declined(inbound, parsed)
    if parsed.intent is ReplyIntent.REINFORCE and inbound.on_it:
        on_site = [alert for alert in inbound.on_it if alert.state is State.ON_SITE]
        return next((found for found in (inbound.on_it, on_site) if len(found) == 1), [])
    if parsed.intent in (ReplyIntent.ARRIVE, ReplyIntent.RESOLVE) and inbound.owned:
        return inbound.owned if len(inbound.owned) == 1 and not inbound.unacknowledged else []
    call = inbound.only_call()
    return [] if call is None else [call]


def _find_declined(inbound: InboundReply, parsed: ParsedReply) -> list[Alert]:
    """A refusal without a code is about every call to this phone; without calls, about what the sender has
    acknowledged."""
    if inbound.is_last_personal or (parsed.certainty is Certainty.SHORT and len(inbound.active) != 1):
        return []
    if inbound.unacknowledged:
        return inbound.unacknowledged
    return inbound.owned if len(inbound.owned) == 1 else []


def _apply(inbound: InboundReply, alert: Alert, parsed: ParsedReply) -> ReplyResult:
    signal = _SIGNALS.get(parsed.intent, Signal.RESOLVE)
    alert = inbound.continued(alert, signal)
    actor = inbound.actor(alert)
    request = inbound.request_for_help(alert)
    try:
        if parsed.intent in _DISPOSITIONS:
            inbound.actions.answer_disposition(inbound.tx, alert, actor, parsed.intent.value)
            return ReplyResult(ReplyStatus.DONE, (alert.id,))
        if request is not None and signal is not Signal.VERIFY:
            inbound.assistance.apply(inbound.tx, alert, signal, actor, request)
            return ReplyResult(ReplyStatus.DONE, (alert.id,))
        if signal is Signal.ACKNOWLEDGE and alert.state in SETTLED_STATES and inbound.asked_last(alert):
            signal = Signal.REOPEN
        _check_owner(inbound, alert, signal, actor)
        inbound.actions.answer(inbound.tx, alert, actor, signal)
    except InvalidTransition as refused:
        return _refuse(inbound, alert, signal, refused)
    if any(sign.isalpha() for sign in inbound.text):
        inbound.add_timeline(alert, "replied")
    named = bool(parsed.numbers) and parsed.certainty is Certainty.WHOLE
    if signal is Signal.ARRIVE and alert.owner is not None and not named:
        inbound.confirm(inbound.tx.store.alert(alert.id) or alert, MessageKind.ARRIVED)
    declined = signal is Signal.DECLINE and alert.state in ACTIVE_STATES
    if declined and not named:
        inbound.confirm(alert, MessageKind.DECLINED)
    return ReplyResult(ReplyStatus.DONE, (alert.id,))


def _reinforce(inbound: InboundReply, alert: Alert, parsed: ParsedReply) -> ReplyResult:
    """More people are called, and he is told who: of those who are on it each may ask."""
    alert = inbound.continued(alert, Signal.RESOLVE)
    tx, actor, texts = inbound.tx, inbound.actor(alert), inbound.renderer.catalog.lapses
    try:
        if parsed.arrived and alert.owner == actor.id:
            alert = inbound.actions.answer(tx, alert, actor, Signal.ARRIVE)
        if alert.owner is not None and not inbound.is_on_it(alert):
            raise InvalidTransition(
                ActionRefusal.ALREADY_TAKEN,
                inbound.renderer.refusal_text(ActionRefusal.ALREADY_TAKEN, alert, tx.now),
            )
        before = {row.id for row in tx.store.deliveries(alert.id)}
        (after,) = inbound.actions.apply(tx, alert, ActionRequest(action="reinforce", actor=actor))
    except InvalidTransition as refused:
        return _refuse(inbound, alert, Signal.RESOLVE, refused)
    inbound.add_timeline(after, "replied")
    calls = (row for row in tx.store.deliveries(alert.id) if row.kind in CALL_KINDS)
    called = [row.name for row in calls if row.id not in before]
    names = "、".join(list(dict.fromkeys(called))[:NAMED_MAX])
    calling = texts["more_calling"].format(n=after.people_missing)
    inbound.answer(after, MessageKind.STATUS, texts["more_called"].format(names=names) if names else calling)
    return ReplyResult(ReplyStatus.DONE, (alert.id,))


def _refuse(inbound: InboundReply, alert: Alert, signal: Signal, refused: InvalidTransition) -> ReplyResult:
    """The reason is sent, unless he takes or declines what another has and a text on this phone says so."""
    inbound.add_timeline(alert, "refused", reason=refused.message)
    if signal not in (Signal.ACKNOWLEDGE, Signal.DECLINE) or not inbound.may_stand_down(alert):
        inbound.answer(alert, MessageKind.STATUS, refused.message)
    return ReplyResult(ReplyStatus.REFUSED, (alert.id,), refused.refusal.value)


def _check_owner(inbound: InboundReply, alert: Alert, signal: Signal, actor: Actor) -> None:
    """By text, only the owner reports arrival or completion of an acknowledged alert: a phone number proves little."""
    taken = alert.state in (State.ACKNOWLEDGED, State.ON_SITE) and alert.owner != actor.id
    if taken and signal in (Signal.ARRIVE, Signal.RESOLVE):
        sentence = inbound.renderer.refusal_text(ActionRefusal.ALREADY_TAKEN, alert, inbound.tx.now)
        raise InvalidTransition(ActionRefusal.ALREADY_TAKEN, sentence)


def _handle_receipt(inbound: InboundReply, parsed: ParsedReply) -> ReplyResult:
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


def _handle_unclear(inbound: InboundReply, parsed: ParsedReply) -> ReplyResult:
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


def _handle_question(inbound: InboundReply, parsed: ParsedReply) -> ReplyResult:
    """Send title and address again: of the alert named, else of the last message, else of the most severe."""
    named = [inbound.alerts[parsed.number]] if parsed.number is not None else []
    last = inbound.last_messaged()
    alert = next(iter([*named, *([last] if last else []), *inbound.active]), None)
    if alert is None:
        return ReplyResult(ReplyStatus.IGNORED, (), "question, nothing is open")
    inbound.add_timeline(alert, "asked")
    _answer_state(inbound, alert, MessageKind.DETAILS)
    return ReplyResult(ReplyStatus.ANSWERED, (alert.id,), "question")


def _answer_state(inbound: InboundReply, alert: Alert, kind: MessageKind) -> None:
    """Reply with the state of the alert: `kind` if he can acknowledge it, else the next codes or who has it."""
    outcome = TRANSITIONS[alert.state, Signal.ACKNOWLEDGE]
    if alert.owner is not None and alert.owner == inbound.people[alert.id] and alert.state in ACTIVE_STATES:
        inbound.answer(alert, MessageKind.ARRIVED if alert.state is State.ON_SITE else MessageKind.OWNED)
    elif isinstance(outcome, ActionRefusal):
        inbound.answer(alert, MessageKind.STATUS, inbound.renderer.refusal_text(outcome, alert, inbound.tx.now))
    else:
        inbound.answer(alert, kind)


def _handle_opt_out(inbound: InboundReply) -> ReplyResult:
    """The carrier may now block every text to this phone: recorded in the timelines of its alerts."""
    alerts = inbound.active or list(inbound.alerts.values())[:1]
    for alert in alerts:
        inbound.add_timeline(alert, "opted_out")
    return ReplyResult(ReplyStatus.OPT_OUT, tuple(alert.id for alert in alerts), "opt_out")

"""`advance(alert, happening, now)`: the next alert and the effects that its host carries out in the transaction that
saves it. Pure: no phone, no channel, no storage.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from alerts.alert import SYSTEM, UNANSWERED, UNTAKEN, Actor, Alert, Escalation, EscalationCause
from alerts.alert import State as State
from alerts.lifecycle.danger import Danger, joined_title, with_danger, with_door
from alerts.lifecycle.transitions import ACTIONS, TRANSITIONS, Refusal, Signal
from alerts.lifecycle.transitions import diagram as diagram
from domain import Instant, Ledger, Severity


class Pace(Struct, frozen=True):
    """How long each state may last. It comes from the ladder, and every text states it."""

    take_ms: int
    arrive_ms: int
    resolve_ms: int
    verify_ms: int
    close_ms: int
    shelve_max_ms: int


class Happening(Struct, frozen=True):
    """One signal with what it needs: who, why, until when, or which danger.

    `burning`: the device, as last heard, still reports the danger. `standing`: a finding has not ended. `known`: people
    were told of this very event a moment ago, in the words of another rule.
    """

    signal: Signal
    actor: Actor = SYSTEM
    reason: str | None = None
    until: Instant | None = None
    danger: Danger | None = None
    burning: bool = False
    standing: bool = False
    known: bool = False

    @property
    def its_danger(self) -> Danger:
        assert self.danger is not None, f"{self.signal} needs its danger"
        return self.danger


class Effect(StrEnum):
    """What the host owes after a step."""

    START = "start"
    """Begin the ladder at its first rung."""
    CLIMB = "climb"
    """Tell the next rung now."""
    CALL_DEPUTY = "call_deputy"
    """Nobody answered: tell the deputies of this rung, or climb."""
    NEXT_PERSON = "next_person"
    """Tell the next person of the rung of whoever passed it on, or climb."""
    HUSH = "hush"
    """Messages not yet sent are not sent."""
    TELL_TAKEN = "tell_taken"
    TELL_RESOLVED = "tell_resolved"
    NEXT_CARD = "next_card"
    """The owner gets the button for what he does next."""
    REMIND = "remind"
    """A taken alert overstays: tell the next rung, without taking it from its owner."""
    TELL_ADDED = "tell_added"
    """The owner, or everybody who was called, hears of the danger that joined."""
    CALL_OWNER = "call_owner"
    """The owner is called like those on the first rung: what he took has become more urgent."""


class Step(Struct, frozen=True):
    alert: Alert
    effects: tuple[Effect, ...] = ()


class NotNow(Exception):
    """The alert's state does not allow this now. `refusal` names the sentence, `message` says it."""

    def __init__(self, refusal: Refusal, message: str = "") -> None:
        super().__init__(message or refusal.value)
        self.refusal, self.message = refusal, message


class Incomplete(ValueError):
    """A field that this action needs is missing or makes no sense."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def advance(alert: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    """The alert after one happening. Raises NotNow or Incomplete, and then nothing has changed."""
    if _repeats(alert, happening):
        return Step(alert)
    outcome = TRANSITIONS[alert.state, happening.signal]
    if isinstance(outcome, Refusal):
        raise NotNow(outcome)
    _guard(alert, happening, now, pace)
    since = now if outcome is not alert.state else alert.state_since
    new = replace(alert, state=outcome, updated_at=now, state_since=since)
    return _CARRY[happening.signal](new, alert, happening, now, pace)


def allowed(alert: Alert) -> tuple[str, ...]:
    """The actions that make sense now, the next sensible one first, for buttons."""
    legal = [s for s in ACTIONS if isinstance(TRANSITIONS[alert.state, s], State)]
    if alert.state is State.RESOLVED and needs_verifying(alert):
        legal.remove(Signal.CLOSE)
    return (*(signal.value for signal in legal), "comment")


def needs_verifying(alert: Alert) -> bool:
    """A serious danger is closed only after somebody other than its handler has looked (核查)."""
    return alert.ledger is Ledger.DANGER and alert.severity in (Severity.CRITICAL, Severity.HIGH)


def _repeats(alert: Alert, happening: Happening) -> bool:
    """A second press by the same person: nothing new, and no refusal either."""
    signal, who = happening.signal, happening.actor.id
    if signal is Signal.ACKNOWLEDGE:
        return alert.state in (State.ACKNOWLEDGED, State.ON_SITE) and alert.owner == who
    if signal is Signal.PASS:
        return alert.state in UNTAKEN and who in alert.passed
    return False


def _guard(alert: Alert, happening: Happening, now: Instant, pace: Pace) -> None:
    signal = happening.signal
    if signal is Signal.VERIFY and happening.actor.id == alert.handler:
        raise NotNow(Refusal.SAME_PERSON)
    if signal is Signal.CLOSE and alert.state is State.RESOLVED and needs_verifying(alert):
        raise NotNow(Refusal.NEEDS_VERIFYING)
    if happening.burning and signal in (Signal.VERIFY, Signal.CLOSE) and alert.ledger is Ledger.DANGER:
        raise NotNow(Refusal.STILL_BURNING)
    if signal is Signal.PASS and alert.state is State.ACKNOWLEDGED and alert.owner != happening.actor.id:
        raise NotNow(Refusal.NOT_YOURS)
    if signal in (Signal.SHELVE, Signal.RETURN) and not (happening.reason or "").strip():
        raise Incomplete("reason")
    if signal is Signal.SHELVE and not (happening.until and now < happening.until <= now + pace.shelve_max_ms):
        raise Incomplete("until")


def _acknowledge(new: Alert, _old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    owned = replace(new, owner=happening.actor.id, owner_name=happening.actor.name, taken_at=now)
    taken = replace(owned, climb_at=None, due_at=now + pace.arrive_ms)
    return Step(taken, (Effect.HUSH, Effect.TELL_TAKEN))


def _arrive(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    if old.owner is not None:
        return Step(replace(new, due_at=now + pace.resolve_ms), (Effect.NEXT_CARD,))
    step = _acknowledge(new, old, happening, now, pace)
    return Step(replace(step.alert, due_at=now + pace.resolve_ms), step.effects)


def _resolve(new: Alert, _old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    done = replace(new, handler=happening.actor.id, due_at=look_again(new, now, pace))
    return Step(done, (Effect.HUSH, Effect.TELL_RESOLVED))


def look_again(alert: Alert, now: Instant, pace: Pace) -> Instant:
    """When to look whether a resolved alert still burns: as often as somebody could have arrived, and whenever the time
    in which it must be verified is over."""
    periods = (now - alert.state_since) // pace.verify_ms + 1
    return min(now + pace.arrive_ms, alert.state_since + periods * pace.verify_ms)


def is_unverified(alert: Alert, pace: Pace) -> bool:
    """True when a resolved alert came due because nobody has verified it, and not just to be looked at again."""
    return ((alert.due_at or 0) - alert.state_since) % pace.verify_ms == 0


def _persists(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    return Step(old) if new.state is old.state else _start_over(new, old, happening, now, pace)


def _verify(new: Alert, _old: Alert, _happening: Happening, now: Instant, pace: Pace) -> Step:
    return Step(replace(new, due_at=now + pace.close_ms))


def _close(new: Alert, _old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    """What has not ended by its data is looked at again: it may be heard once more after its alert was closed."""
    again = now + pace.arrive_ms if happening.standing else None
    return Step(replace(new, climb_at=None, due_at=again), (Effect.HUSH,))


def _return(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    """Not ours: whoever stands higher decides, at once."""
    cause = Escalation(EscalationCause.RETURNED, happening.actor.name, (happening.reason or "").strip())
    free = replace(_free(new, now, pace), escalation=cause, passed=_with(old.passed, happening.actor.id))
    return Step(free, (Effect.HUSH, Effect.CLIMB))


def _start_over(new: Alert, _old: Alert, _happening: Happening, now: Instant, pace: Pace) -> Step:
    free = replace(_free(new, now, pace), state_since=now, escalation=UNANSWERED)
    again = replace(free, passed=(), round=new.round + 1, rung=-1, handler=None)
    return Step(again, (Effect.HUSH, Effect.START))


def _shelve(new: Alert, _old: Alert, happening: Happening, _now: Instant, _pace: Pace) -> Step:
    quiet = replace(new, owner=None, owner_name=None, climb_at=None, due_at=happening.until)
    return Step(quiet, (Effect.HUSH,))


def _assign(new: Alert, _old: Alert, _happening: Happening, now: Instant, pace: Pace) -> Step:
    """The host tells the person named; the ladder waits for his answer and then goes on climbing."""
    return Step(replace(_free(new, now, pace), round=new.round + 1), (Effect.HUSH,))


def _pass(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    cause = Escalation(EscalationCause.DECLINED, happening.actor.name)
    gone = replace(new, passed=_with(old.passed, happening.actor.id), escalation=cause)
    if old.state is State.ACKNOWLEDGED:
        gone = _free(gone, now, pace)
    return Step(gone, (Effect.NEXT_PERSON,))


def _unreached(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    """Whoever owns it hears nothing of what joined: the next person is called, and he may take it again."""
    if new.state is old.state:
        return Step(old)
    cause = Escalation(EscalationCause.UNREACHABLE, happening.actor.name)
    return Step(replace(_free(new, now, pace), escalation=cause), (Effect.NEXT_PERSON,))


def _due(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    if old.state in UNTAKEN:
        return Step(replace(new, escalation=UNANSWERED), (Effect.CALL_DEPUTY,))
    if old.state is State.ACKNOWLEDGED:
        cause = Escalation(EscalationCause.NOT_ARRIVED, old.owner_name or "")
        return Step(replace(_free(new, now, pace), escalation=cause), (Effect.CLIMB,))
    if old.state is State.ON_SITE:
        return Step(replace(new, due_at=now + pace.resolve_ms), (Effect.REMIND,))
    if old.state is State.RESOLVED:
        return Step(replace(new, due_at=look_again(new, now, pace)), (Effect.REMIND,))
    if old.state is State.SHELVED:
        return _start_over(new, old, happening, now, pace)
    return _close(new, old, happening, now, pace)


def _recovered(new: Alert, _old: Alert, _happening: Happening, now: Instant, _pace: Pace) -> Step:
    due = None if new.state is State.CLOSED else new.due_at
    return Step(replace(new, recovered_at=now, stale=False, due_at=due))


def _healed(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    calm = _recovered(new, old, happening, now, pace)
    return calm if new.state is not State.CLOSED else _close(calm.alert, old, happening, now, pace)


def _worsened(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    """The ladder of the worse danger begins anew, also when somebody has taken the lesser one: he must answer again.
    Whoever is on site stays, and hears of it."""
    worse = with_danger(new, happening.its_danger)
    if worse.state is State.ON_SITE:
        return Step(replace(worse, due_at=now + pace.resolve_ms), (Effect.TELL_ADDED,))
    step = _start_over(worse, old, happening, now, pace)
    return Step(step.alert, (*step.effects, Effect.CALL_OWNER) if old.owner is not None else step.effects)


def _recurred(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    """The same danger once more. Shelved or settled, it calls again; taken, its owner hears of it."""
    if new.state is not old.state:
        return _start_over(with_danger(new, happening.its_danger), old, happening, now, pace)
    told = old.state not in UNTAKEN and new.ledger is Ledger.DANGER
    return Step(replace(new, recovered_at=None, stale=False), (Effect.TELL_ADDED,) if told else ())


def _added(new: Alert, old: Alert, happening: Happening, now: Instant, pace: Pace) -> Step:
    """Another danger of this story. It is told in its own words, and the title names it from now on."""
    if new.state is not old.state:
        return _start_over(with_danger(new, happening.its_danger), old, happening, now, pace)
    danger = happening.its_danger
    title, doors = joined_title(new.title, danger.title), with_door(new, danger.address)
    fuller = replace(new, title=title, doors=doors, recovered_at=None, stale=False)
    # Faults of devices wait for the day's digest: three hundred detectors without power are one message.
    told = new.ledger is Ledger.DANGER and not happening.known
    return Step(fuller, (Effect.TELL_ADDED,) if told else ())


def _free(alert: Alert, now: Instant, pace: Pace) -> Alert:
    """Nobody's again: the time to take it runs anew. The host sets `climb_at` when it tells; until then it is now."""
    return replace(alert, owner=None, owner_name=None, taken_at=None, climb_at=now, due_at=now + pace.take_ms)


def _with(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return people if person in people else (*people, person)


_CARRY: Final = {
    Signal.ACKNOWLEDGE: _acknowledge,
    Signal.ARRIVE: _arrive,
    Signal.RESOLVE: _resolve,
    Signal.VERIFY: _verify,
    Signal.CLOSE: _close,
    Signal.RETURN: _return,
    Signal.REOPEN: _start_over,
    Signal.SHELVE: _shelve,
    Signal.ASSIGN: _assign,
    Signal.PASS: _pass,
    Signal.DUE: _due,
    Signal.RECOVERED: _recovered,
    Signal.HEALED: _healed,
    Signal.WORSENED: _worsened,
    Signal.RECURRED: _recurred,
    Signal.ADDED: _added,
    Signal.PERSISTS: _persists,
    Signal.UNREACHED: _unreached,
}

"""What is overdue and when people are reminded: fields that every step of an alert keeps in order. Pure.

Supervision (督办) begins when a deadline passes and ends when the step that was owed is done. Reminders never replace
the deadline of the state: an alert always has one of its own.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from alerts.alert import OWNED_STATES, Alert, SecondCheck, State
from alerts.lifecycle.event import AlertEvent, Deadlines
from alerts.lifecycle.second_check import is_second_check_awaited
from alerts.lifecycle.transitions import Signal
from domain import DAY, Instant, Ledger

TAKE, ARRIVE, RESOLVE, VERIFY, ANSWER, ORDER = "take", "arrive", "resolve", "verify", "answer", "order"
SECOND: Final = "street"
OVERDUE: Final = (TAKE, ARRIVE, RESOLVE, VERIFY, ANSWER, ORDER, SECOND)

_EVERYTHING: Final = frozenset(OVERDUE) - {SECOND}
"""What the end of the work settles. The second verification of a citizen's report is due after it."""
_DONE_BY: Final[dict[Signal, frozenset[str]]] = {
    Signal.ACKNOWLEDGE: frozenset({TAKE, ANSWER}),
    Signal.ARRIVE: frozenset({TAKE, ANSWER, ARRIVE}),
    Signal.RESOLVE: _EVERYTHING,
    Signal.VERIFY: _EVERYTHING,
    Signal.CLOSE: _EVERYTHING,
    Signal.MERGE: _EVERYTHING,
    Signal.SHELVE: _EVERYTHING,
    Signal.REOPEN: _EVERYTHING,
    Signal.STILL_FIRING: _EVERYTHING,
}
"""What each signal settles of that which was overdue. A reopened alert starts with new deadlines."""
_SETTLED: Final = (State.VERIFIED, State.CLOSED, State.SHELVED)


LONGEST_PAUSE_MS: Final = DAY
"""Reminders of one thing come at doubling intervals, and at least once a day."""


def pause_after(times: int, interval_ms: int) -> int:
    """The time until the next reminder after so many of them: the interval, then twice that, four times it.

    >>> [pause_after(times, 30) for times in (1, 2, 3)]
    [30, 60, 120]
    """
    return max(interval_ms, min(interval_ms << min(max(times - 1, 0), 10), LONGEST_PAUSE_MS))


def last_answer_at(alert: Alert) -> Instant:
    """When the owner was heard of last: he acknowledged, or arrived."""
    return max(alert.taken_at or 0, alert.state_since)


def is_supervised(alert: Alert) -> bool:
    """Whether supervisors are told: of dangers. Device faults are in the list of overdue alerts only."""
    return alert.ledger is Ledger.DANGER


def mark_overdue(alert: Alert, what: str, now: Instant, deadlines: Deadlines) -> Alert:
    """The alert with one more deadline passed. What is overdue first stays named until it is done; only the end of an
    order takes its place. TAKE counts once: the escalation that follows it calls the next person at each step."""
    first = alert.overdue_since is None
    if what == TAKE and not first:
        return alert
    return replace(
        alert,
        overdue_what=what if first or what == ORDER else alert.overdue_what,
        overdue_since=now if first else alert.overdue_since,
        overdue_count=alert.overdue_count + 1,
        supervise_at=now + deadlines.supervise_after_ms if first and is_supervised(alert) else alert.supervise_at,
    )


def with_reminders(old: Alert, new: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Alert:
    """The alert after a step with the times of its reminders: those that no longer apply are removed."""
    done = _EVERYTHING if new.state in _SETTLED else _DONE_BY.get(event.signal, frozenset())
    new = _with_second_check(new, event)
    if new.overdue_what in done or (new.overdue_what == SECOND and not is_second_check_awaited(new)):
        new = replace(new, overdue_what="", overdue_since=None, supervise_at=None)
    if ORDER in done and new.order_until is not None:
        new = replace(new, order_until=None)
    if new.state is not State.RESOLVED and new.verify_at is not None:
        new = replace(new, verify_at=None)
    if new.state is not State.RETURNED and new.returned_to is not None:
        new = replace(new, returned_to=None)
    return _with_realarm(old, new, now, deadlines)


def _with_second_check(new: Alert, event: AlertEvent) -> Alert:
    """Work that begins again is verified again by both; of a merged alert the other one is."""
    if new.second_check is None:
        return new
    if event.signal is Signal.MERGE:
        return replace(new, second_check=None)
    is_done = new.state in (State.VERIFIED, State.CLOSED)
    return new if is_done or new.second_check.since is None else replace(new, second_check=SecondCheck())


def _with_realarm(old: Alert, new: Alert, now: Instant, deadlines: Deadlines) -> Alert:
    if new.state not in OWNED_STATES or new.ledger is not Ledger.DANGER or deadlines.realarm_ms is None:
        return new if new.realarm_at is None else replace(new, realarm_at=None)
    if old.state not in OWNED_STATES or old.owner != new.owner or new.realarm_at is None:
        return replace(new, realarm_at=now + deadlines.realarm_ms)
    return new

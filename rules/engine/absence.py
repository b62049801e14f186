"""What only time says of a device. Who has been silent too long: per device and per quantity, by arrival time, also for
what was never heard of; outages do not count. Whose life is over, by what people wrote. It keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain import Evidence, Instant
from rules.compiled.rule import PlannedRule
from rules.engine.community_index import Neighbourhood
from rules.engine.context import Scope
from rules.engine.expiry import expiry_dates
from rules.lifecycle.state_machine import Word
from rules.lifecycle.transitions import Signal
from rules.rulebook.model import Absent
from rules.state.device import Seat
from rules.state.gateway import MISSED
from rules.state.outages import Outages

MOST_SHOWN: Final = 10
"""Devices behind a gateway that are named; their number comes first."""


def next_absence(seat: Seat, outages: Outages, looked_at: Instant | None = None) -> Instant | None:
    """When a registered device must be looked at, if it says nothing until then; None if all is told.

    Behind a gateway through which nothing comes nobody is missed; a gateway that is shut is looked at again. What is
    held back by hours or other findings is not asked for again at its deadline, which has passed: they wake it.
    """
    if not seat.registered:
        return None
    dues = [due for planned, due in expiry_dates(seat) if _is_awaited(seat, planned)]
    if not _unheard(seat):
        asked = ((planned, absent) for planned, absent in _asked(seat) if _is_awaited(seat, planned))
        dues += [_deadline(seat, absent, outages) for planned, absent in asked]
    if looked_at is not None:
        # Overdue, but `only_if` does not hold, by what is written of it: asked again in a while.
        dues = [due if due > looked_at else looked_at + seat.report_every_ms for due in dues]
    return min([*dues, *_looks(seat, looked_at)], default=None)


def _is_awaited(seat: Seat, planned: PlannedRule) -> bool:
    return planned.name not in seat.watches and not seat.holds_back(planned.name)


def _looks(seat: Seat, looked_at: Instant | None) -> Iterator[Instant]:
    """When a gateway is looked at whatever its deadline: a child that speaks again may bring the deadline nearer, but
    never nearer than this."""
    if seat.carries is None:
        return
    if seat.carries.is_shut:
        yield seat.carries.look_at
        return
    periods = [child.report_every_ms for child in seat.carries.children.values()]
    for _, absent in seat.plan.absences:
        if absent.children is not None and absent.children <= len(periods):
            since = seat.carries.last_of_children(seat) if looked_at is None else looked_at
            yield since + MISSED * min(periods) + absent.grace


def absences(
    seat: Seat, outages: Outages, neighbourhood: Neighbourhood, now: Instant
) -> Iterator[tuple[PlannedRule, Word]]:
    """What is to be said of a seat's silence at `now`."""
    if _unheard(seat):
        return
    scope = Scope(seat, neighbourhood, now, {})
    for planned, absent in _asked(seat):
        overdue = planned.name not in seat.watches and _deadline(seat, absent, outages) <= now
        if overdue and (planned.only_if is None or planned.only_if(scope) is True):
            evidence = (_evidence(seat, absent), *_children(seat, absent, neighbourhood))
            yield planned, Word(Signal.DANGER, now, planned.rule.severity, evidence=evidence)


def overdue(seat: Seat, outages: Outages, now: Instant) -> Iterator[PlannedRule]:
    """Rules that would speak of a silence or of a life that is over, but for their `only_if`."""
    silent = (
        [] if _unheard(seat) else [rule for rule, absent in _asked(seat) if _deadline(seat, absent, outages) <= now]
    )
    over = [rule for rule, due in expiry_dates(seat) if due <= now]
    return (rule for rule in [*silent, *over] if rule.name not in seat.watches)


def lasts(seat: Seat, planned: PlannedRule, outages: Outages, now: Instant) -> bool:
    """Whether what a rule tells of silence, or of a life that is over, is so now."""
    silent = (rule for rule, absent in seat.plan.absences if _deadline(seat, absent, outages) <= now)
    over = (rule for rule, due in expiry_dates(seat) if due <= now)
    return any(rule is planned for rule in (*silent, *over))


def is_missed(seat: Seat) -> bool:
    """True while it is told that nothing is heard of the device at all."""
    return any(absent.quantity is None and seat.stands(planned.name) for planned, absent in seat.plan.absences)


def speaks_alone(seat: Seat, now: Instant) -> bool:
    """A gateway that keeps its own plan while nothing behind it is heard."""
    return seat.carries is not None and any(
        seat.heard > seat.carries.last_of_children(seat)
        and now < seat.heard + absent.patience_ms(seat.report_every_ms)
        and not seat.is_gone
        for _, absent in seat.plan.absences
        if absent.children is not None
    )


def _unheard(seat: Seat) -> bool:
    """Nobody can hear it, or it is a gateway that nobody registered and nothing hangs on any more."""
    if seat.carries is not None and seat.carries.assumed and not seat.carries.children:
        return True
    return seat.gateway is not None and seat.gateway.is_shut


def _asked(seat: Seat) -> Iterator[tuple[PlannedRule, Absent]]:
    """Of a gateway that is told to be shut it need not be said again that it is silent."""
    told = seat.carries is not None and seat.carries.is_shut
    return ((planned, absent) for planned, absent in seat.plan.absences if absent.children is not None or not told)


def _deadline(seat: Seat, absent: Absent, outages: Outages) -> Instant:
    heard, patience = _last_word(seat, absent), absent.patience_ms(seat.report_every_ms)
    if seat.gateway is not None:
        outages = outages.beside(seat.gateway.times, heard)
    due = outages.deadline(heard, patience)
    if absent.quantity is not None:
        return due
    if seat.carries is not None and absent.children is not None and not seat.carries.is_shut:
        last = seat.carries.last_of_children(seat)
        missed = seat.carries.missed_by(absent.children, last)
        due = due if missed is None else min(due, outages.deadline(last, missed + absent.grace))
    if seat.is_gone and seat.gone is not None:
        return min(due, outages.deadline(seat.gone, absent.grace))
    return due


def _last_word(seat: Seat, absent: Absent) -> Instant:
    """A gateway speaks by what comes through it, unless it has a reporting plan of its own and is asked for that."""
    own_plan = absent.children is None and "report_every" in seat.device.attributes
    if seat.carries is None or absent.quantity is not None or own_plan:
        return seat.last_heard(absent.quantity)
    return seat.carries.through(seat)


def _evidence(seat: Seat, absent: Absent) -> Evidence:
    """What was missing, how long it may be missing, and when it was last there (never: no instant)."""
    heard = seat.heard or None if absent.quantity is None else (seat.heard_of or {}).get(absent.quantity)
    limit = absent.patience_ms(seat.report_every_ms)
    return Evidence(absent.quantity or "heard", None, "ms", limit, heard)


def _children(seat: Seat, absent: Absent, neighbourhood: Neighbourhood) -> Iterator[Evidence]:
    """How many devices a gateway took with it, and the first of them by address."""
    if seat.carries is None or absent.children is None:
        return
    gone = sorted(seat.carries.children.values(), key=lambda child: child.device.id)
    yield Evidence("count", len(gone), "", absent.children, seat.carries.through(seat))
    for child in gone[:MOST_SHOWN]:
        yield Evidence("device", neighbourhood.where(child.device.place, child.device.id), at=child.heard or None)

"""Who has been silent too long: per device and per quantity, by arrival time, also for what was never heard of. Outages
do not count. It keeps nothing and tells nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import Evidence, Instant
from rules.core import Signal, Word
from rules.outages import Outages
from rules.plan import PlannedRule
from rules.rulebook import Absent
from rules.scope import Neighbourhood, Scope
from rules.seat import Seat


def next_absence(seat: Seat, outages: Outages) -> Instant | None:
    """When a registered device will have been silent too long, if it says nothing until then; None if all is told."""
    if not seat.registered:
        return None
    open_rules = ((planned, absent) for planned, absent in seat.plan.absences if planned.name not in seat.watches)
    return min((_deadline(seat, absent, outages) for _, absent in open_rules), default=None)


def absences(
    seat: Seat, outages: Outages, neighbourhood: Neighbourhood, now: Instant
) -> Iterator[tuple[PlannedRule, Word]]:
    """What is to be said of a seat's silence at `now`."""
    scope = Scope(seat, neighbourhood, now, {})
    for planned, absent in seat.plan.absences:
        overdue = planned.name not in seat.watches and _deadline(seat, absent, outages) <= now
        if overdue and (planned.only_if is None or planned.only_if(scope) is True):
            evidence = (_evidence(seat, absent),)
            yield planned, Word(Signal.DANGER, now, planned.rule.severity, evidence=evidence)


def _deadline(seat: Seat, absent: Absent, outages: Outages) -> Instant:
    due = outages.deadline(seat.last_heard(absent.quantity), absent.patience_ms(seat.report_every_ms))
    if absent.quantity is None and seat.is_gone and seat.gone is not None:
        return min(due, outages.deadline(seat.gone, absent.grace))
    return due


def _evidence(seat: Seat, absent: Absent) -> Evidence:
    """What was missing, how long it may be missing, and when it was last there (never: no instant)."""
    heard = seat.heard or None if absent.quantity is None else (seat.heard_of or {}).get(absent.quantity)
    limit = absent.patience_ms(seat.report_every_ms)
    return Evidence(absent.quantity or "heard", None, "ms", limit, heard)

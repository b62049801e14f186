"""Findings from dates in a device's attributes: its service life, a calibration that is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from domain import DAY, Attribute, Evidence, Instant
from rules.compiled.rule import PlannedRule
from rules.engine.community_index import Neighbourhood
from rules.engine.context import Scope
from rules.lifecycle.state_machine import Word
from rules.lifecycle.transitions import Signal
from rules.state.device import Seat

_EPOCH: Final = date(1970, 1, 1).toordinal()


def expired(seat: Seat, neighbourhood: Neighbourhood, now: Instant) -> Iterator[tuple[PlannedRule, Word]]:
    """What is to be said of what people wrote about a seat's life; another day that they write may end it."""
    scope = Scope(seat, neighbourhood, now, {})
    for planned, due in expiry_dates(seat):
        begins = due <= now and planned.name not in seat.watches
        if begins and (planned.only_if is None or planned.only_if(scope) is True):
            yield planned, Word(Signal.DANGER, now, planned.rule.severity, evidence=tuple(_written(seat, planned, now)))
    lasting = {planned.name for planned, due in expiry_dates(seat) if due <= now}
    for planned, _ in seat.plan.expiries:
        if planned.name in seat.watches and planned.name not in lasting:
            yield planned, Word(Signal.CLEAR, now)


def expiry_dates(seat: Seat) -> Iterator[tuple[PlannedRule, Instant]]:
    for planned, expires in seat.plan.expiries:
        last = _day(seat.device.attributes.get(expires.on))
        if last is None and expires.life is not None:
            first = _day(seat.device.attributes.get(expires.since))
            last = None if first is None else first + expires.life
        if last is not None:
            yield planned, max(last - expires.before, seat.enrolled)


def _day(written: Attribute | None) -> Instant | None:
    """The first instant of a day, in UTC: in China eight in the morning. What is no day is unknown."""
    try:
        return (date.fromisoformat(str(written)).toordinal() - _EPOCH) * DAY
    except ValueError:
        return None


def _written(seat: Seat, planned: PlannedRule, now: Instant) -> Iterator[Evidence]:
    expires = planned.rule.expires
    for name in (expires.on, expires.since) if expires is not None else ():
        if name in seat.device.attributes:
            yield Evidence(name, seat.device.attributes[name], at=now)

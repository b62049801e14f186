"""Findings of rules with `latch`: an all-clear does not end them, a named person does (ISA-18.2: latched, reset)."""

from __future__ import annotations

import msgspec

from domain import Finding, Instant
from rules.absence import lasts
from rules.core import TOLD_OF, Signal, Word
from rules.groups import Group, is_together
from rules.plan import PlannedRule
from rules.reevaluation import is_still_true
from rules.seat import Seat
from rules.timers import Timed


class Latching(Timed):
    """Watches that wait for a person."""

    def reset(self, device_id: str, rule: str, now: Instant) -> list[Finding]:
        """A named person resets a latched rule of a device, or of a group (`building/b3`): its finding ends. While it
        is still dangerous the finding stands, and ends with the next all-clear, as if the rule had no latch."""
        told: list[Finding] = []
        seat = self._seat(device_id)
        watch = None if seat is None else seat.watches.get(rule)
        if seat is None or watch is None or watch.phase not in TOLD_OF or not seat.plan.by_name[rule].rule.latch:
            return told
        planned = seat.plan.by_name[rule]
        if self._is_still_true(seat, planned, now):
            self._keep(seat, planned, msgspec.structs.replace(watch, unlatched=True))
            return told
        self._say(seat, planned, Word(Signal.RESET, now), now, told)
        if planned.condition is None and not isinstance(seat, Group):
            self._promise_absence(seat)
        return told

    def latched(self, rule: str) -> list[str]:
        """The devices and groups of which this rule holds a finding that only a person ends."""
        known = [*self.seats.values(), *self.groups.seats.values()]
        held = ((seat, seat.watches.get(rule)) for seat in known)
        return [
            seat.device.id
            for seat, watch in held
            if watch is not None
            and watch.phase in TOLD_OF
            and not watch.unlatched
            and seat.plan.by_name[rule].rule.latch
        ]

    def _is_still_true(self, seat: Seat, planned: PlannedRule, now: Instant) -> bool:
        """What only happened is over; what is gathered, awaited or measured may go on."""
        if isinstance(seat, Group):
            return is_together(planned, seat.members.values())
        if planned.condition is None:
            return lasts(seat, planned, self.outages, now)
        return not planned.rule.happens and is_still_true(seat, planned, self._near, now)

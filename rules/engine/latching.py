"""Findings of rules with `latch`: an all-clear does not end them, a named person does (ISA-18.2: latched, reset)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from domain import Finding, Instant
from rules.compiled.rule import PlannedRule
from rules.engine.absence import lasts
from rules.engine.due_timers import Timed
from rules.engine.findings import finding_id
from rules.engine.groups import is_together
from rules.engine.reevaluation import is_still_true
from rules.lifecycle.state_machine import Word
from rules.lifecycle.transitions import Signal
from rules.state.device import Seat
from rules.state.group import Group
from rules.state.inputs import Inputs


class Latched(Struct, frozen=True):
    """A finding that stands until a person resets it: its id, the rule, and the device or group."""

    finding: str
    rule: str
    device: str


class Latching(Timed):
    """Watches that wait for a person."""

    def reset(self, device_id: str, rule: str, now: Instant) -> list[Finding]:
        """Ends what this rule found of a device, or of a group (`building/b3`), whether it is over or not."""
        told: list[Finding] = []
        seat = self._seat(device_id)
        planned = None if seat is None else seat.plan.by_name.get(rule)
        if seat is not None and planned is not None and rule in seat.watches:
            self._say(seat, planned, Word(Signal.RESET, now), now, told)
            if planned.condition is None and not isinstance(seat, Group):
                self._promise_absence(seat)
        return told

    def release(self, device_id: str, rule: str, now: Instant) -> list[Finding]:
        """A named person resets a latched rule: what is over ends. What is still dangerous stands, and ends with the
        next all-clear, as if the rule had no latch."""
        if device_id not in self.latched(rule, [device_id]):
            return []
        seat = self._seat(device_id)
        assert seat is not None
        planned = seat.plan.by_name[rule]
        if not self._is_still_true(seat, planned, now):
            return self.reset(device_id, rule, now)
        held = {} if seat.context is None else seat.context.inputs
        inputs = held.get(rule) or Inputs({}, now)
        inputs.unlatched = True
        seat.keep_inputs(rule, inputs)
        return []

    def latched(self, rule: str, among: Iterable[str] | None = None) -> list[str]:
        """The devices and groups, of these or of all, of which this rule holds a finding that only a person ends."""
        names = [*self.seats, *self.groups.seats] if among is None else among
        return [name for name in names if (seat := self._seat(name)) is not None and _is_latched(seat, rule)]

    def latched_findings(self) -> list[Latched]:
        """Every finding that only a person ends."""
        if not any(rule.latch for book in self.books for rule in book.rules):
            return []
        return [
            Latched(finding_id(name, watch.version, watch.subject, watch.begin), name, seat.device.id)
            for seat in [*self.seats.values(), *self.groups.seats.values()]
            for name, watch in seat.watches.items()
            if watch.subject is not None and _is_latched(seat, name)
        ]

    def _is_still_true(self, seat: Seat, planned: PlannedRule, now: Instant) -> bool:
        """What only happened is over; what is gathered, awaited or measured may go on."""
        if isinstance(seat, Group):
            return is_together(planned, seat.members.values())
        if planned.condition is None:
            return lasts(seat, planned, self.outages, now)
        return not planned.rule.happens and is_still_true(seat, planned, self._near, now)


def _is_latched(seat: Seat, rule: str) -> bool:
    return seat.stands(rule) and seat.plan.by_name[rule].rule.latch and not seat.is_unlatched(rule)

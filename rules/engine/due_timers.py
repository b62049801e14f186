"""What time does to watches: the wake-ups that are due, silence, the life of devices, and the edges at which hours
begin and end. It knows no clock: the host says how late it is.
"""

from __future__ import annotations

import msgspec

from domain import Finding, Instant
from rules.compiled.rule import PlannedRule
from rules.engine.absence import absences, is_missed, next_absence, overdue, speaks_alone
from rules.engine.expiry import expired
from rules.engine.groups import is_together
from rules.engine.processor import Watching
from rules.engine.reevaluation import Look, judged_again, pass_edge
from rules.lifecycle.state_machine import Patience, Watch, Word, matured
from rules.lifecycle.transitions import Signal
from rules.state.device import Seat
from rules.state.gateway import LOOK_EVERY_MS, Gateway
from rules.state.group import Group
from rules.state.timers import ABSENCE, CONTEXT, Wake, looked_at


class Timed(Watching):
    """Watches in time."""

    def tick(self, now: Instant, limit: int | None = None) -> list[Finding]:
        """Runs the wake-ups due by `now`, earliest first, at most `limit` of them."""
        told: list[Finding] = []
        self._run_due(now, told, limit)
        return told

    def next_wake(self) -> Instant | None:
        """When the next wake-up is due. It may turn out to be nothing: devices that spoke are looked at again."""
        return self._wakes.next

    def _run_due(self, until: Instant, told: list[Finding], limit: int | None = None) -> None:
        heap = self._wakes.heap
        while heap and heap[0][0] <= until and limit != 0:
            limit = None if limit is None else limit - 1
            wake = self._wakes.take()
            try:
                self._look(wake, told)
            except Exception as fault:  # noqa: BLE001 (kept, and raised where nobody keeps it)
                self._own_fault(f"{wake[2]} {wake[1]} due {wake[0]}", fault)

    def _own_fault(self, where: str, fault: Exception) -> None:
        """Our own mistake about one device must not deafen a service to the others; a trial must fail of it."""
        if self.faults is None:
            raise fault
        self.faults.append((where, fault))

    def _look(self, wake: Wake, told: list[Finding]) -> None:
        due, what, device_id = wake
        rank, rule = looked_at(what)
        seat = self._seat(device_id)
        if seat is not None and rule == ABSENCE:
            self._look_for_absence(seat, due, told)
        elif seat is not None and rule == CONTEXT:
            self._look_again(seat, rank, due, told)
        elif seat is not None and (watch := seat.watches.get(rule)) is not None and watch.wake_at == due:
            self._wake(seat, seat.plan.by_name[rule], watch, told)

    def _wake(self, seat: Seat, planned: PlannedRule, watch: Watch, told: list[Finding]) -> None:
        due, patience = watch.wake_at or 0, seat.patience(planned)
        word = matured(patience, watch)
        later = self._silent_at(seat, patience, due) if word is None else self.outages.heard_again(due)
        if later is not None:
            self._keep(seat, planned, msgspec.structs.replace(watch, wake_at=later))
            return
        self._say(seat, planned, word or Word(Signal.SILENT, due), due, told)

    def _silent_at(self, seat: Seat, patience: Patience, due: Instant) -> Instant | None:
        """When to look again whether a device in alarm fell silent; None when it has."""
        deadline = self.outages.deadline(seat.last_heard(None), patience.silence_ms or 0)
        return deadline if deadline > due else self.outages.postponed(due)

    def _look_for_absence(self, seat: Seat, due: Instant, told: list[Finding]) -> None:
        if seat.absence_due != due:
            return
        seat.absence_due = self.outages.postponed(due)
        if seat.absence_due is not None:
            self._owe(seat.absence_due, 0, seat, ABSENCE)
            return
        gateway = seat.carries
        if gateway is not None and gateway.is_shut:
            self._look_through(seat, gateway, due, told)
        for planned, word in [*absences(seat, self.outages, self._near, due), *expired(seat, self._near, due)]:
            self._say(seat, planned, word, due, told)
        for planned in overdue(seat, self.outages, due):
            self._hold_back(seat, planned, due, due)
        if gateway is not None and not gateway.is_shut and is_missed(seat):
            deaf = speaks_alone(seat, due)
            gateway.shut(gateway.last_of_children(seat) if deaf else gateway.through(seat), due, deaf)
        self._promise_absence(seat, due)

    def _look_through(self, seat: Seat, gateway: Gateway[Seat], now: Instant, told: list[Finding]) -> None:
        """Whether something came through a gateway again. What is behind it gets as long to speak as it had left."""
        if not gateway.lives(seat):
            gateway.look_at = now + LOOK_EVERY_MS
            return
        gateway.opened(now)
        for planned, absent in seat.plan.absences:
            if absent.quantity is None and planned.name in seat.watches:
                self._say(seat, planned, Word(Signal.CLEAR, now), now, told)
        for child in gateway.children.values():
            self._promise_absence(child)

    def _promise_absence(self, seat: Seat, looked_at: Instant | None = None) -> None:
        due = next_absence(seat, self.outages, looked_at)
        if due is not None and due != seat.absence_due:
            self._owe(due, 0, seat, ABSENCE)
        seat.absence_due = due

    # -- edges of hours, and findings that others ask for --------------------------------------------------------

    def _look_again(self, seat: Seat, rank: int, due: Instant, told: list[Finding]) -> None:
        """Judges again the rules of one rank whose answer may have changed without a reading, and owes the next rank:
        at one instant what inhibits is judged first, of whichever device or group it is, holds included."""
        context = seat.context
        if context is None or context.due != due:
            return
        later = self.outages.heard_again(due)
        if later is not None:
            context.due = later
            self._owe(later, 0, seat, CONTEXT)
            return
        look = Look(context.at, due)
        for planned in seat.plan.reevaluated:
            if planned.rank == rank:
                self._judge_again(seat, planned, look, told)
        higher = seat.next_rank(rank)
        if higher is not None:
            self._owe(due, higher, seat, CONTEXT)
        elif seat.context is not None:
            seat.context.due = None
            self._expect(seat, due)
        if isinstance(seat, Group):
            self.groups.tidy(seat)

    def _judge_again(self, seat: Seat, planned: PlannedRule, look: Look, told: list[Finding]) -> None:
        if seat.context is None or planned.name not in seat.context.inputs:
            return
        if planned.condition is None and planned.name in seat.watches:
            pass_edge(seat, planned, self._near, look.at)  # a person reset it: that is kept until it ends
            return
        if planned.condition is None:
            self._begin_late(seat, planned, look, told)
            return
        try:
            word = judged_again(seat, planned, self._near, self.outages, look)
        except TypeError:
            self._cannot_judge(planned)
            return
        if word is not None:
            self._say(seat, planned, word, look.due, told)

    def _begin_late(self, seat: Seat, planned: PlannedRule, look: Look, told: list[Finding]) -> None:
        """What was held back of a group or of a silence, and may begin now."""
        pass_edge(seat, planned, self._near, look.at)
        if isinstance(seat, Group):
            word = self.groups.opinion(seat, planned, look.at, self._near, joins=True)
            if word is not None:
                self._say(seat, planned, word, look.due, told)
            if word is not None or not is_together(planned, seat.members.values()):
                seat.keep_inputs(planned.name, None)
            return
        seat.keep_inputs(planned.name, None)
        seat.absence_due = look.due
        self._look_for_absence(seat, look.due, told)

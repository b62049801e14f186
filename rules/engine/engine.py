"""The engine: readings and time in, findings out, for any number of devices. It knows no host, no clock and no store;
`now` is an argument, and all that it remembers can be written down (`snapshot`) and taken up again (`restore`).

Journal time decides when: due wake-ups run before a later reading and bear the instant they were due, so that a replay
of the journal tells the same findings. Whoever calls `tick(now)` promises that all received before `now` was fed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from domain import Device, Finding, Instant, Ledger, Quality, Reading, Value
from domain.self_tests import limit_of
from rules.compiled.ruleset import empty_plan, quiet
from rules.engine.conditions import Weighing
from rules.engine.context import Scope
from rules.engine.evaluation import Occasion
from rules.engine.expiry import expired
from rules.engine.ordering import in_event_order
from rules.engine.readings import believable, learn_usual, remember_past, with_memory
from rules.lifecycle.state_machine import QUIET_WATCH, Word
from rules.lifecycle.transitions import Signal
from rules.state.checkpoint import Snapshot, in_pieces
from rules.state.device import NO_WATCHES, Memory, Seat
from rules.state.gateway import GATEWAY_KIND
from rules.state.self_tests import UnderTest, told_itself, under_test, withheld
from rules.state.timers import TEST, Wake


class Engine(Weighing):
    """All rules, all devices."""

    # -- devices ------------------------------------------------------------------------------------------------

    def enrol(self, devices: Iterable[Device], now: Instant) -> list[Finding]:
        """New and changed devices. From now on their silence counts. A device of another kind starts afresh."""
        told: list[Finding] = []
        above: set[str] = set()
        for device in devices:
            seat = self.seats.get(device.id)
            if seat is not None and seat.plan.kind != device.kind:
                told += self.dismiss([device.id], now)
                seat = None
            if seat is None:
                seat = self._sit(device, now)
            seat.describe(device)
            if (gateway := self.gateways.hang(seat)) is not None:
                above.add(gateway)
            for planned, word in expired(seat, self._near, now) if seat.watches else ():
                self._say(seat, planned, word, now, told)
            self._promise_absence(seat)
            self._look_anew(seat, now)
        for name in sorted(above):
            self._assume(name, now)
        self._follow_community(now)
        return told

    def dismiss(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices taken out of the registry. What was told of their health ends; a danger nobody watches goes stale."""
        told: list[Finding] = []
        for device_id in device_ids:
            seat = self.seats.get(device_id)
            for name in sorted(seat.watches) if seat is not None else ():
                assert seat is not None
                planned = seat.plan.by_name[name]
                health = planned.rule.ledger is Ledger.HEALTH
                self._say(seat, planned, Word(Signal.RESET if health else Signal.SILENT, now), now, told)
            if seat is not None:
                del self.seats[device_id]
                self.gateways.leave(seat)
                if seat.carries is not None and seat.carries.children:
                    self._assume(device_id, now)
                for name, watch in sorted(seat.watches.items()):
                    self._pass_on(seat, seat.plan.by_name[name], watch, QUIET_WATCH, now, now, told)
        return told

    def outage(self, begin: Instant, end: Instant | None) -> None:
        """Nobody could be heard from `begin` to `end` (None: it still lasts): not silence of the devices."""
        self.outages.note(begin, end)

    def _assume(self, name: str, now: Instant) -> None:
        """A gateway that devices name is one, though it be not registered."""
        seat = self.seats.get(name) or self._sit(Device(name, GATEWAY_KIND), now, registered=False)
        seat.carries = self.gateways.of(name)
        if not seat.registered:
            seat.registered = seat.carries.assumed = True
        self._promise_absence(seat)

    def _sit(self, device: Device, now: Instant, registered: bool = True) -> Seat:
        plan = self.plans.get(device.kind) or empty_plan(device.kind)
        seat = self.seats[device.id] = Seat(device, plan, now, registered)
        return seat

    def _sit_down(self, reading: Reading, now: Instant) -> Seat:
        return self._sit(Device(reading.device, reading.kind), now, registered=False)

    # -- readings -----------------------------------------------------------------------------------------------

    def feed(
        self, readings: Sequence[Reading], now: Instant, heard_until: Instant | None = None, ahead: bool = False
    ) -> list[Finding]:
        """Judges what was heard. `now` bounds `received`: a frame stamped in the future must not move time.

        Wake-ups due before a reading's arrival run first, but none later than `heard_until`: an SOS that overtakes a
        backlog must not make the devices in the backlog look silent. `ahead`: these overtake a backlog, in which lies
        what the same devices said before.
        """
        told: list[Finding] = []
        seats, heap, asked = self.seats, self._wakes.heap, 0
        horizon = now if heard_until is None else heard_until
        for reading in in_event_order(readings):
            try:
                received = reading.received if reading.received <= now else now
                if heap and heap[0][0] < received and heap[0][0] <= horizon:
                    self._run_due(min(received - 1, horizon), told)
                seat = seats.get(reading.device) or self._sit_down(reading, received)
                plan = seat.plan
                # The fast path: nothing is open, doubtful or out of order, and mostly the reflexes stay quiet.
                if seat.watches is NO_WATCHES and not reading.doubts and reading.at >= seat.newest:
                    stayed_quiet = quiet(plan.reflexes, reading.values)
                    if stayed_quiet >= 0:
                        asked += stayed_quiet
                        if plan.plain or plan.kept.isdisjoint(reading.values):
                            seat.newest = reading.at
                            if received > seat.heard:
                                seat.heard = received
                            continue
                    self._ponder(seat, reading, received, told, ahead, stayed_quiet >= 0)
                else:
                    self._judge(seat, reading, received, told, ahead)
            except Exception as fault:  # noqa: BLE001 (kept, and raised where nobody keeps it)
                self._own_fault(f"{reading.device} at {reading.at}", fault)
        self.evaluations += asked
        return told

    def gone(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices whose platform says they are gone (last will, death of their gateway): missed after the grace."""
        told = self.tick(now - 1)
        gone = [seat for seat in map(self.seats.get, device_ids) if seat is not None and not seat.is_gone]
        for seat in gone:
            seat.leave(now)
            if seat.carries is not None:
                seat.carries.shut(now, now)
        for seat in gone:
            self._promise_absence(seat)
            if seat.gateway is None or not seat.gateway.is_shut:
                for planned, absent in seat.plan.absences:
                    if absent.quantity is None:
                        self._count(seat, planned, now, now, told)
        return told

    def life_signs(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices that proved alive without measuring anything (availability, a join): their own absence ends."""
        told = self.tick(now - 1)
        for seat in filter(None, map(self.seats.get, device_ids)):
            self._heard(seat, {}, seat.newest, now, told)
        return told

    def _ponder(
        self, seat: Seat, reading: Reading, now: Instant, told: list[Finding], ahead: bool, reflexes_quiet: bool
    ) -> None:
        """What must be remembered of a quiet device, and those of its rules that reflexes have not answered for."""
        if reading.is_test:
            return self._judge(seat, reading, now, told, ahead)
        at, values = reading.at, reading.values
        seat.hear(values, at, now)
        remember_past(seat, at, values)
        learn_usual(seat, self._near, at, values)
        scope = Scope(seat, self._near, at, with_memory(seat, at, values, False))
        minded = seat.minds(self._near)
        for planned, condition in minded.pensive if reflexes_quiet else minded.judged:
            if not condition.wanted.isdisjoint(values):
                self.evaluations += 1
                # Nearly all rules are quiet and stay so: the rest of the way is for the others.
                stirs = self._stirs(planned, condition, scope)
                if stirs:
                    self._weigh(seat, planned, scope, Occasion(at, now, False, False, ahead), told)
                if planned.keeps_inputs and (stirs or planned.asks_context):
                    self._note(seat, planned, scope, Occasion(at, now, False, False))

    def _judge(self, seat: Seat, reading: Reading, now: Instant, told: list[Finding], ahead: bool) -> None:
        """The whole way, for a reading that may change something."""
        at, values = reading.at, believable(reading)
        retained, late = bool(reading.doubts) and Quality.RETAINED in reading.doubts.values(), at < seat.newest
        if not retained:
            self._heard(seat, values, at, now, told)
        if reading.is_test and self._withholds(seat, values, at, now, retained):
            values = {}
        elif not retained:
            self._speaks_for_itself(seat, values, at)
            remember_past(seat, at, values)
            learn_usual(seat, self._near, at, values)
        self._judge_values(seat, values, Occasion(at, now, late, retained, ahead), told)

    # -- tests --------------------------------------------------------------------------------------------------

    def _withholds(self, seat: Seat, values: Mapping[str, Value], at: Instant, now: Instant, retained: bool) -> bool:
        """Keeps what a device says under test; False when it says so for too long: then it is meant."""
        limit_ms = limit_of(seat.device)
        run = under_test(seat.test, now, limit_ms)
        if run is None:
            return False
        run = withheld(run, seat.plan.dangers, values, at, retained)
        due = max(now, run.since + limit_ms) if run.said else None
        if due is not None and due != run.due:
            self._owe(due, 0, seat, TEST)
        seat.keep_test(replace(run, due=due))
        return True

    def _speaks_for_itself(self, seat: Seat, values: Mapping[str, Value], at: Instant) -> None:
        """A message that is no test: what it says of a danger is judged with it, and the rest is still to be told."""
        if seat.test is not None:
            seat.keep_test(told_itself(seat.test, seat.plan.dangers, values, at))

    def _look(self, wake: Wake, told: list[Finding]) -> None:
        due, what, device_id = wake
        if what != TEST:
            super()._look(wake, told)
        elif (seat := self.seats.get(device_id)) is not None and seat.test is not None and seat.test.due == due:
            self._end_test(seat, seat.test, due, told)

    def _end_test(self, seat: Seat, test: UnderTest, due: Instant, told: list[Finding]) -> None:
        """The limit has passed and nobody took the danger back. It is no sign of life."""
        later = self.outages.heard_again(due)
        if later is not None:
            seat.keep_test(replace(test, due=later))
            self._owe(later, 0, seat, TEST)
            return
        seat.keep_test(replace(test, said={}, due=None))
        values: dict[str, Value] = dict.fromkeys(test.said, True)
        at = max(seat.newest, *test.said.values())
        if not test.retained:
            remember_past(seat, at, values)
        self._judge_values(seat, values, Occasion(at, due, False, test.retained), told)

    def _heard(self, seat: Seat, values: Mapping[str, Value], at: Instant, now: Instant, told: list[Finding]) -> None:
        """The device is alive: its absences end. A retained message is no sign of life and never comes here."""
        seat.hear(values, at, now)
        for planned, absent in seat.plan.absences:
            if absent.quantity is not None and absent.quantity not in values:
                continue
            if planned.name not in seat.watches:
                if seat.holds_back(planned.name):
                    # Its silence is over, and counts anew: nothing else would look at the next one in time.
                    seat.keep_inputs(planned.name, None)
                    self._promise_absence(seat)
            elif absent.children is None or seat.carries is None or not seat.carries.deaf:
                # That a gateway lives itself says nothing of what is behind it.
                self._say(seat, planned, Word(Signal.CLEAR, now), now, told)
                self._promise_absence(seat)

    # -- being written down -------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Everything remembered, as bytes. Save it with the journal position it belongs to."""
        rest = Snapshot(self.outages, [], self.groups.written(), self.shadowed, self.written, self.gateways.written())
        return in_pieces(rest, "seats", len(self.seats), (seat.written() for seat in self.seats.values()))

    def restore(self, written: bytes) -> None:
        """Takes up a snapshot, before or after the devices are enrolled. Rules that are gone are forgotten."""
        snapshot = msgspec.msgpack.decode(written, type=Snapshot)
        self.outages, self.shadowed = snapshot.outages, snapshot.shadowed
        self.gateways.recall(snapshot.gateways)
        for memory in snapshot.seats:
            self._recall(memory)
        for group in self.groups.recall(snapshot.groups):
            self._take_up_wakes(group)

    def _take_up_wakes(self, seat: Seat) -> None:
        for wake in seat.owed():
            self._wakes.put(wake)
        self._listen(seat)

    def _recall(self, memory: Memory) -> None:
        seat = self.seats.get(memory.device)
        if seat is None:
            seat = self._sit(Device(memory.device, memory.kind), memory.enrolled, registered=False)
        if seat.plan.kind != memory.kind:
            return
        seat.recall(memory)
        seat.absence_due = None
        self._take_up_wakes(seat)
        if seat.registered:
            self._promise_absence(seat)

    def inspect(self, device_id: str) -> Seat | None:
        """What is remembered of a device, or of a group (`building/b3`), to be read only; of a group in which nothing
        was found an empty one. None for what is unknown."""
        return self._seat(device_id) or self.groups.unheard(device_id)

    def scope(self, seat: Seat, said: Reading | None = None) -> Scope:
        """What conditions see of it: by this reading, and by what was said shortly before."""
        recalled = {name: value for name, (_, value) in (seat.remembered or {}).items()}
        values = recalled if said is None else {**recalled, **believable(said)}
        return Scope(seat, self._near, seat.newest if said is None else said.at, values)

"""The engine: readings and time in, findings out, for any number of devices.

`now` is arrival (journal) time and an argument. Timers due before a later reading run first, at the instant they
were due, so that a replay of the journal gives the same findings. `tick(now)` presumes that all readings received
before `now` were fed. `snapshot` and `restore` are the checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from domain import Device, Finding, Instant, Ledger, Quality, Reading, Value
from domain.self_tests import limit_of
from rules.compiled.ruleset import empty_ruleset, run_value_tests
from rules.engine.conditions import ConditionProcessor
from rules.engine.context import EvaluationContext
from rules.engine.evaluation import Arrival
from rules.engine.expiry import expiry_events
from rules.engine.ordering import sort_by_event_time
from rules.engine.readings import update_baselines, update_histories, usable_values, with_last_values
from rules.lifecycle.state_machine import QUIET_STATE, RuleEvent
from rules.lifecycle.transitions import Signal
from rules.state.checkpoint import Snapshot, encode_incrementally
from rules.state.device import NO_RULE_STATES, DeviceState
from rules.state.device_snapshot import DeviceSnapshot
from rules.state.gateway import GATEWAY_KIND
from rules.state.self_tests import SelfTestRun, after_judged_message, current_run, with_withheld_dangers
from rules.state.timers import TEST, Timer


class Engine(ConditionProcessor):
    """All rules of all devices. Not thread-safe; times are milliseconds since 1970."""

    def register(self, devices: Iterable[Device], now: Instant) -> list[Finding]:
        """Registers new and changed devices; their absence counts from now on. Another kind starts anew."""
        out: list[Finding] = []
        above: set[str] = set()
        for device in devices:
            state = self.states.get(device.id)
            if state is not None and state.ruleset.kind != device.kind:
                out += self.unregister([device.id], now)
                state = None
            if state is None:
                state = self._create_state(device, now)
            state.update_device(device)
            if (gateway := self.gateways.attach(state)) is not None:
                above.add(gateway)
            for rule, event in expiry_events(state, self._community, now) if state.rule_states else ():
                self.apply(state, rule, event, now, out)
            self._schedule_absence(state)
            self._refresh_edges(state, now)
        for name in sorted(above):
            self._add_implied_gateway(name, now)
        self._on_community_change(now)
        return out

    def unregister(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices removed from the registry. Findings of the health ledger end; findings of danger go stale."""
        out: list[Finding] = []
        for device_id in device_ids:
            state = self.states.get(device_id)
            for name in sorted(state.rule_states) if state is not None else ():
                assert state is not None
                rule = state.ruleset.by_name[name]
                health = rule.rule.ledger is Ledger.HEALTH
                self.apply(state, rule, RuleEvent(Signal.RESET if health else Signal.WENT_SILENT, now), now, out)
            if state is not None:
                del self.states[device_id]
                self.gateways.detach(state)
                if state.own_gateway is not None and state.own_gateway.children:
                    self._add_implied_gateway(device_id, now)
                for name, rule_state in sorted(state.rule_states.items()):
                    self._update_groups(state, state.ruleset.by_name[name], rule_state, QUIET_STATE, now, now, out)
        return out

    def outage(self, begin: Instant, end: Instant | None) -> None:
        """Nothing could be received from `begin` to `end` (None: still open). This is not silence of the devices."""
        self.outages.record(begin, end)

    def _add_implied_gateway(self, name: str, now: Instant) -> None:
        """A gateway that devices name exists, also when it is not registered."""
        state = self.states.get(name) or self._create_state(Device(name, GATEWAY_KIND), now, registered=False)
        state.own_gateway = self.gateways.get_or_create(name)
        if not state.registered:
            state.registered = state.own_gateway.implied = True
        self._schedule_absence(state)

    def _create_state(self, device: Device, now: Instant, registered: bool = True) -> DeviceState:
        ruleset = self.rulesets.get(device.kind) or empty_ruleset(device.kind)
        state = self.states[device.id] = DeviceState(device, ruleset, now, registered)
        return state

    def _state_of_unknown(self, reading: Reading, now: Instant) -> DeviceState:
        return self._create_state(Device(reading.device, reading.kind), now, registered=False)

    # -- readings -----------------------------------------------------------------------------------------------

    def feed(
        self,
        readings: Sequence[Reading],
        now: Instant,
        watermark: Instant | None = None,
        ahead_of_backlog: bool = False,
    ) -> list[Finding]:
        """Evaluates readings and returns the findings. `now` bounds `received`: no frame moves time into the future.

        Timers due before a reading's arrival run first, but none later than `watermark`: an SOS that overtakes a
        backlog must not make the devices in the backlog look silent. `ahead_of_backlog`: these readings overtake
        earlier ones of the same devices.
        """
        out: list[Finding] = []
        states, heap, tested = self.states, self._timers.heap, 0
        horizon = now if watermark is None else watermark
        for reading in sort_by_event_time(readings):
            try:
                received = reading.received if reading.received <= now else now
                if heap and heap[0][0] < received and heap[0][0] <= horizon:
                    self._run_timers(min(received - 1, horizon), out)
                state = states.get(reading.device) or self._state_of_unknown(reading, received)
                ruleset = state.ruleset
                # The fast path: nothing is open, doubtful or out of order, and mostly no value test finds danger.
                if state.rule_states is NO_RULE_STATES and not reading.doubts and reading.at >= state.max_event_time:
                    passed = run_value_tests(ruleset.value_tests, reading.values)
                    if passed >= 0:
                        tested += passed
                        if ruleset.is_stateless or ruleset.tracked_quantities.isdisjoint(reading.values):
                            state.max_event_time = reading.at
                            if received > state.last_arrival:
                                state.last_arrival = received
                            continue
                    self._evaluate_context_rules(state, reading, received, out, ahead_of_backlog, passed >= 0)
                else:
                    self._evaluate_all(state, reading, received, out, ahead_of_backlog)
            except Exception as fault:  # noqa: BLE001 (recorded, or raised where no host records it)
                self._record_internal_error(f"{reading.device} at {reading.at}", fault)
        self.evaluations += tested
        return out

    def mark_offline(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices that their platform reports as offline (last will, death of their gateway): absent after the
        grace."""
        out = self.tick(now - 1)
        gone = [state for state in map(self.states.get, device_ids) if state is not None and not state.is_offline]
        for state in gone:
            state.mark_offline(now)
            if state.own_gateway is not None:
                state.own_gateway.mark_silent(now, now)
        for state in gone:
            self._schedule_absence(state)
            if state.parent_gateway is None or not state.parent_gateway.is_silent:
                for rule, absent in state.ruleset.absence_rules:
                    if absent.quantity is None:
                        self._record_start(state, rule, now, now, out)
        return out

    def record_alive(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices that proved alive without measuring anything (availability, a join): their own absence ends."""
        out = self.tick(now - 1)
        for state in filter(None, map(self.states.get, device_ids)):
            self._end_absences(state, {}, state.max_event_time, now, out)
        return out

    def _evaluate_context_rules(
        self,
        state: DeviceState,
        reading: Reading,
        now: Instant,
        out: list[Finding],
        ahead_of_backlog: bool,
        value_tests_passed: bool,
    ) -> None:
        """What must be remembered of a quiet device, and those of its rules that reflexes have not answered for."""
        if reading.is_test:
            return self._evaluate_all(state, reading, now, out, ahead_of_backlog)
        at, values = reading.at, reading.values
        state.record_arrival(values, at, now)
        update_histories(state, at, values)
        update_baselines(state, self._community, at, values)
        context = EvaluationContext(state, self._community, at, with_last_values(state, at, values, False))
        applicable = state.applicable(self._community)
        for rule, condition in applicable.context_rules if value_tests_passed else applicable.conditional_rules:
            if not condition.required_quantities.isdisjoint(values):
                self.evaluations += 1
                # Nearly all rules are quiet and stay so: the rest of the way is for the others.
                dangerous = self._may_be_dangerous(rule, condition, context)
                if dangerous:
                    self._apply_evaluation(state, rule, context, Arrival(at, now, False, False, ahead_of_backlog), out)
                if rule.keeps_inputs and (dangerous or rule.uses_context):
                    self._record_inputs(state, rule, context, Arrival(at, now, False, False))

    def _evaluate_all(
        self, state: DeviceState, reading: Reading, now: Instant, out: list[Finding], ahead_of_backlog: bool
    ) -> None:
        """The whole way, for a reading that may change something."""
        at, values = reading.at, usable_values(reading)
        retained, late = bool(reading.doubts) and Quality.RETAINED in reading.doubts.values(), at < state.max_event_time
        if not retained:
            self._end_absences(state, values, at, now, out)
        if reading.is_test and self._withholds(state, values, at, now, retained):
            values = {}
        elif not retained:
            self._speaks_for_itself(state, values, at)
            update_histories(state, at, values)
            update_baselines(state, self._community, at, values)
        self._evaluate_values(state, values, Arrival(at, now, late, retained, ahead_of_backlog), out)

    # -- tests --------------------------------------------------------------------------------------------------

    def _withholds(
        self, state: DeviceState, values: Mapping[str, Value], at: Instant, now: Instant, retained: bool
    ) -> bool:
        """Withholds what a device reports during a test; False when the flag has lasted too long to be a test."""
        limit_ms = limit_of(state.device)
        run = current_run(state.test, now, limit_ms)
        if run is None:
            return False
        run = with_withheld_dangers(run, state.ruleset.dangers, values, at, retained)
        due = max(now, run.since + limit_ms) if run.dangers else None
        if due is not None and due != run.due:
            self._schedule(due, 0, state, TEST)
        state.keep_test(replace(run, due=due))
        return True

    def _speaks_for_itself(self, state: DeviceState, values: Mapping[str, Value], at: Instant) -> None:
        """Clears what this message reports about a danger; the rest stays withheld."""
        if state.test is not None:
            state.keep_test(after_judged_message(state.test, state.ruleset.dangers, values, at))

    def _on_timer(self, wake: Timer, out: list[Finding]) -> None:
        due, what, device_id = wake
        if what != TEST:
            super()._on_timer(wake, out)
        elif (state := self.states.get(device_id)) is not None and state.test is not None and state.test.due == due:
            self._end_test(state, state.test, due, out)

    def _end_test(self, state: DeviceState, test: SelfTestRun, due: Instant, out: list[Finding]) -> None:
        """The limit of a test has passed and the danger was not cleared. This is not a sign of life."""
        later = self.outages.settle_time(due)
        if later is not None:
            state.keep_test(replace(test, due=later))
            self._schedule(later, 0, state, TEST)
            return
        state.keep_test(replace(test, dangers={}, due=None))
        values: dict[str, Value] = dict.fromkeys(test.dangers, True)
        at = max(state.max_event_time, *test.dangers.values())
        if not test.retained:
            update_histories(state, at, values)
        self._evaluate_values(state, values, Arrival(at, due, False, test.retained), out)

    def _end_absences(
        self, state: DeviceState, values: Mapping[str, Value], at: Instant, now: Instant, out: list[Finding]
    ) -> None:
        """The device is alive: its absences end. A retained message is no sign of life and never comes here."""
        state.record_arrival(values, at, now)
        for rule, absent in state.ruleset.absence_rules:
            if absent.quantity is not None and absent.quantity not in values:
                continue
            if rule.name not in state.rule_states:
                if state.is_held_back(rule.name):
                    # Its silence is over, and counts anew: nothing else would look at the next one in time.
                    state.keep_inputs(rule.name, None)
                    self._schedule_absence(state)
            elif absent.children is None or state.own_gateway is None or not state.own_gateway.only_itself_received:
                # A message of the gateway itself does not prove its devices.
                self.apply(state, rule, RuleEvent(Signal.CLEAR, now), now, out)
                self._schedule_absence(state)

    # -- checkpoint ---------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """The checkpoint as bytes. Store it with the journal position it belongs to."""
        rest = Snapshot(
            self.outages, [], self.groups.snapshot(), self.shadow_counts, self.rulebooks_dump, self.gateways.snapshot()
        )
        states = (state.snapshot() for state in self.states.values())
        return encode_incrementally(rest, "device_states", len(self.states), states)

    def restore(self, written: bytes) -> None:
        """Takes over a checkpoint, before or after devices are registered. State of removed rules is dropped."""
        snapshot = msgspec.msgpack.decode(written, type=Snapshot)
        self.outages, self.shadow_counts = snapshot.outages, snapshot.shadow_counts
        self.gateways.restore(snapshot.gateways)
        for saved in snapshot.device_states:
            self._restore_device(saved)
        for group in self.groups.restore(snapshot.groups):
            self._restore_timers(group)

    def _restore_timers(self, state: DeviceState) -> None:
        for wake in state.timers():
            self._timers.add(wake)
        self._register_reader(state)

    def _restore_device(self, snapshot: DeviceSnapshot) -> None:
        state = self.states.get(snapshot.device)
        if state is None:
            state = self._create_state(Device(snapshot.device, snapshot.kind), snapshot.known_since, registered=False)
        if state.ruleset.kind != snapshot.kind:
            return
        state.restore(snapshot)
        state.absence_timer = None
        self._restore_timers(state)
        if state.registered:
            self._schedule_absence(state)

    def inspect(self, device_id: str) -> DeviceState | None:
        """State of a device or of a group (`building/b3`), to be read only; an empty state of a group without findings.
        None for an unknown device."""
        return self._state(device_id) or self.groups.blank_state(device_id)

    def evaluation_context(self, state: DeviceState, reading: Reading | None = None) -> EvaluationContext:
        """The evaluation context of a device for this reading and its last values. For inspection only."""
        recalled = {name: value for name, (_, value) in (state.last_values or {}).items()}
        values = recalled if reading is None else {**recalled, **usable_values(reading)}
        return EvaluationContext(
            state, self._community, state.max_event_time if reading is None else reading.at, values
        )

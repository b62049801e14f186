"""The engine: readings and time in, findings out, for any number of devices.

`now` is arrival (journal) time and an argument. Timers due before a later reading run first, at the instant they
were due, so that a replay of the journal gives the same findings. `tick(now)` presumes that all readings received
before `now` were fed. `snapshot` and `restore` are the checkpoint.

An Engine is made of processors that share one EngineState, in order of dependency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from io import BytesIO

import msgspec

from domain import Device, Finding, Instant, Reading
from domain.kind import Kind
from domain.people import Community
from rules.compiled.ruleset import CompiledRuleset
from rules.engine.absence_processor import AbsenceProcessor
from rules.engine.community_index import DEFAULT_ZONE
from rules.engine.conditions import ConditionProcessor
from rules.engine.context import EvaluationContext
from rules.engine.due_timers import TimerProcessor
from rules.engine.engine_state import EnginePartition, EngineState
from rules.engine.gateways import GatewayIndex
from rules.engine.groups import GroupRegistry
from rules.engine.latching import LatchedFinding, LatchProcessor
from rules.engine.ordering import sort_by_event_time
from rules.engine.processor import RuleProcessor
from rules.engine.reading_processor import ReadingProcessor
from rules.engine.readings import record_quiet_reading, usable_values
from rules.engine.reevaluation_processor import ReevaluationProcessor
from rules.engine.reevaluation_schedule import ReevaluationSchedule
from rules.engine.registration import DeviceRegistration
from rules.engine.reload import RulebookMigration
from rules.engine.self_tests import SelfTestProcessor
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import dump_rulebooks
from rules.state.checkpoint import Snapshot, encode_in_steps, encode_whole
from rules.state.device import NO_RULE_STATES, DeviceState
from rules.state.device_snapshot import DeviceSnapshot
from rules.state.group import MemberChange


class Engine:
    """All rules of all devices. Not thread-safe; times are milliseconds since 1970."""

    def __init__(
        self,
        books: Sequence[Rulebook],
        kinds: Mapping[str, Kind],
        community: Community,
        *,
        emit_shadow: bool = False,
        zone: tzinfo = DEFAULT_ZONE,
    ) -> None:
        """`zone`: the time zone of devices without one. Raises ValueError when two rules share a name."""
        state = self.state = EngineState(books, kinds, community, zone, emit_shadow)
        self._schedule = ReevaluationSchedule(state)
        self._rules = RuleProcessor(state, self._schedule)
        self._absences = AbsenceProcessor(state, self._rules, self._schedule)
        self._registration = DeviceRegistration(state, self._rules, self._schedule, self._absences)
        conditions = ConditionProcessor(state, self._rules, self._schedule)
        self_tests = SelfTestProcessor(state, conditions)
        self._readings = ReadingProcessor(state, conditions, self._absences, self_tests)
        reevaluations = ReevaluationProcessor(state, self._rules, self._schedule, self._absences)
        self._timers = TimerProcessor(state, self._rules, self._absences, reevaluations, self_tests)
        self._latches = LatchProcessor(state, self._rules, self._absences)
        self.migration = RulebookMigration(state, self._rules, self._schedule)
        self._rulebooks_dump: bytes | None = None
        self._partition: EnginePartition | None = None

    # -- registry and rulebooks -----------------------------------------------------------------------------------

    @property
    def books(self) -> tuple[Rulebook, ...]:
        """The rulebooks in use."""
        return self.state.books

    @property
    def rulesets(self) -> dict[str, CompiledRuleset]:
        """The compiled rules, by kind of device."""
        return self.state.rulesets

    @property
    def states(self) -> dict[str, DeviceState]:
        """The states of devices, by id; to be read only."""
        return self.state.devices

    @property
    def groups(self) -> GroupRegistry:
        """The groups in which findings gather; to be read only."""
        return self.state.groups

    @property
    def gateways(self) -> GatewayIndex:
        """The gateways; to be read only."""
        return self.state.gateways

    @property
    def community(self) -> Community:
        """The registry; assign a new version when it changes."""
        return self.state.community.community

    @community.setter
    def community(self, community: Community) -> None:
        self.state.set_community(community)

    def register(self, devices: Iterable[Device], now: Instant) -> list[Finding]:
        """Registers new and changed devices; their absence counts from now on. Another kind starts anew."""
        out: list[Finding] = []
        self._registration.register(devices, now, out)
        return out

    def unregister(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices removed from the registry. Findings of the health ledger end; findings of danger go stale."""
        out: list[Finding] = []
        self._registration.unregister(device_ids, now, out)
        return out

    def reload(self, books: Sequence[Rulebook], now: Instant, kinds: Mapping[str, Kind] | None = None) -> list[Finding]:
        """Uses these rulebooks, and kinds if given, from now on. Returns the findings that end or begin by it.

        Raises ValueError, and changes nothing, when two rules share a name. Findings keep their ids, so that a
        repetition after a crash emits nothing twice.
        """
        out = self.migration.reload(books, now, kinds)
        self._rulebooks_dump = None
        return out

    def outage(self, begin: Instant, end: Instant | None) -> None:
        """Nothing could be received from `begin` to `end` (None: still open). This is not silence of the devices."""
        self.state.outages.record(begin, end)

    # -- readings and time ----------------------------------------------------------------------------------------

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
        states, heap, community, tested = self.state.devices, self.state.timers.heap, self.state.community, 0
        horizon = now if watermark is None else watermark
        for reading in sort_by_event_time(readings):
            try:
                received = reading.received if reading.received <= now else now
                if heap and heap[0][0] < received and heap[0][0] <= horizon:
                    self._timers.run(min(received - 1, horizon), out)
                state = states.get(reading.device) or self._state_of_unknown(reading, received)
                # The fast path: nothing is open, doubtful or out of order, and mostly no rule can begin.
                if state.rule_states is NO_RULE_STATES and not reading.doubts and reading.at >= state.max_event_time:
                    values = reading.values
                    plan = state.applicable(community).plan_for(values)
                    if plan.is_quiet(values, state.last_values):
                        tested += plan.evaluations
                        record_quiet_reading(state, plan, community, reading.at, received, values)
                    else:
                        self._readings.evaluate_context_rules(state, reading, plan, received, out, ahead_of_backlog)
                else:
                    self._readings.evaluate_all(state, reading, received, out, ahead_of_backlog)
            except Exception as error:  # noqa: BLE001 (recorded, or raised where no host records it)
                self.state.record_internal_error(f"{reading.device} at {reading.at}", error)
        self.state.evaluations += tested
        return out

    def _state_of_unknown(self, reading: Reading, now: Instant) -> DeviceState:
        return self.state.create_device(Device(reading.device, reading.kind), now, registered=False)

    def tick(self, now: Instant, limit: int | None = None) -> list[Finding]:
        """Runs the timers due by `now`, earliest first, at most `limit` of them."""
        out: list[Finding] = []
        self._timers.run(now, out, limit)
        return out

    def next_timer(self) -> Instant | None:
        """When the next timer is due. It may be an outdated one."""
        return self.state.timers.next

    def mark_offline(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices that their platform reports as offline (last will, death of their gateway): absent after a grace."""
        out = self.tick(now - 1)
        self._absences.mark_offline(device_ids, now, out)
        return out

    def record_alive(self, device_ids: Iterable[str], now: Instant) -> list[Finding]:
        """Devices that proved alive without measuring anything (availability, a join): their own absence ends."""
        out = self.tick(now - 1)
        for state in filter(None, map(self.state.devices.get, device_ids)):
            self._absences.end(state, {}, state.max_event_time, now, out)
        return out

    # -- parts of the devices (hosts that keep the state of each key apart) ----------------------------------------

    def select(self, part: EnginePartition) -> None:
        """Evaluates this part of the devices from now on (`state.new_partition` makes one)."""
        self.state.select(part, self._partition)
        self._schedule.select(part.community, part.finding_readers)
        self._partition = part

    def apply_member_change(self, change: MemberChange) -> list[Finding]:
        """A finding that another engine evaluated began or ended: the rules of this one that gather it, after the
        timers due before it.
        """
        out = self.tick(change.now - 1)
        self._rules.apply_member_change(change, out)
        return out

    def partition_snapshot(self) -> bytes:
        """The current part as `restore` reads it, without rulebooks: its host knows by which it was evaluated."""
        state = self.state
        devices = [device.snapshot() for device in state.devices.values()]
        return msgspec.msgpack.encode(
            Snapshot(state.outages, devices, state.groups.snapshot(), gateways=state.gateways.snapshot())
        )

    # -- latched findings -----------------------------------------------------------------------------------------

    def reset(self, device_id: str, rule: str, now: Instant) -> list[Finding]:
        """Ends what this rule found of a device, or of a group (`building/b3`), whether it is over or not."""
        return self._latches.reset(device_id, rule, now)

    def release(self, device_id: str, rule: str, now: Instant, finding: str | None = None) -> list[Finding]:
        """A named person resets a latched rule: what is over ends; what is dangerous ends with its next all-clear.

        `finding`: nothing happens when another finding of the rule is latched by now.
        """
        return self._latches.release(device_id, rule, now, finding)

    def latched_devices(self, rule: str, among: Iterable[str] | None = None) -> list[str]:
        """The devices and groups, of these or of all, of which this rule holds a finding that only a person ends."""
        return self._latches.latched_devices(rule, among)

    def latched_findings(self) -> list[LatchedFinding]:
        """Every finding that only a person ends."""
        return self._latches.latched_findings()

    # -- inspection -----------------------------------------------------------------------------------------------

    def startable_rules(self, device_id: str, at: Instant) -> frozenset[str]:
        """The rules that may begin about a device at an instant: their `only_if` holds."""
        state = self.state.find(device_id)
        if state is None:
            return frozenset()
        rules = state.ruleset.by_name.values()
        return frozenset(rule.name for rule in rules if self._rules.may_start(state, rule, at))

    def inspect(self, device_id: str) -> DeviceState | None:
        """State of a device or of a group (`building/b3`, empty without findings), to be read only; None if unknown."""
        return self.state.find(device_id) or self.state.groups.blank_state(device_id)

    def evaluation_context(self, state: DeviceState, reading: Reading | None = None) -> EvaluationContext:
        """The evaluation context of a device for this reading and its last values. For inspection only."""
        last_values = {name: value for name, (_, value) in (state.last_values or {}).items()}
        values = last_values if reading is None else {**last_values, **usable_values(reading)}
        at = state.max_event_time if reading is None else reading.at
        return EvaluationContext(state, self.state.community, at, values)

    # -- checkpoint -----------------------------------------------------------------------------------------------

    @property
    def rulebooks_dump(self) -> bytes:
        """The rulebooks as a snapshot holds them."""
        if self._rulebooks_dump is None:
            self._rulebooks_dump = dump_rulebooks(self.state.books)
        return self._rulebooks_dump

    def snapshot(self) -> bytes:
        """The checkpoint as bytes. Store it with the journal position it belongs to."""
        return encode_whole(self.snapshot_in_steps)

    def snapshot_in_steps(self, out: BytesIO) -> Iterator[None]:
        """Writes what `snapshot` returns, suspended after every some devices; nothing may change until the end."""
        state = self.state
        rest = Snapshot(
            state.outages, [], state.groups.snapshot(), state.shadow_counts, self.rulebooks_dump,
            state.gateways.snapshot(),
        )  # fmt: skip
        devices = (device.snapshot() for device in state.devices.values())
        return encode_in_steps(rest, "device_states", len(state.devices), devices, out)

    def restore(self, written: bytes) -> None:
        """Takes over a checkpoint, before or after devices are registered. State of removed rules is dropped."""
        snapshot = msgspec.msgpack.decode(written, type=Snapshot)
        self.state.outages, self.state.shadow_counts = snapshot.outages, snapshot.shadow_counts
        self.state.gateways.restore(snapshot.gateways)
        for saved in snapshot.device_states:
            self._restore_device(saved)
        for group in self.state.groups.restore(snapshot.groups):
            self._restore_timers(group)

    def _restore_timers(self, state: DeviceState) -> None:
        for timer in state.timers():
            self.state.timers.add(timer)
        self._schedule.register_reader(state)

    def _restore_device(self, snapshot: DeviceSnapshot) -> None:
        state = self.state.devices.get(snapshot.device)
        if state is None:
            device = Device(snapshot.device, snapshot.kind)
            state = self.state.create_device(device, snapshot.known_since, registered=False)
        if state.ruleset.kind != snapshot.kind:
            return
        state.restore(snapshot)
        state.absence_timer = None
        self._restore_timers(state)
        if state.registered:
            self._absences.schedule(state)

"""EngineState: everything an engine keeps: rulesets, states of devices and groups, gateways, timers, outages, counters.

The processors of the engine share one EngineState and keep nothing themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from domain import Device, Instant
from domain.kind import Kind
from domain.people import Community
from rules.compiled.rule import CompiledRule
from rules.compiled.ruleset import compile_rulebooks, empty_ruleset
from rules.engine.community_index import CommunityIndex
from rules.engine.gateways import GatewayIndex
from rules.engine.groups import GroupRegistry
from rules.rulebook.model import Rulebook
from rules.state.device import DeviceState
from rules.state.group import GroupState, MemberChange
from rules.state.outages import Outages
from rules.state.timers import TimerQueue


class EnginePartition:
    """The state of a part of the devices, evaluated apart from all others. `Engine.select` makes it the current one."""

    __slots__ = ("community", "devices", "finding_readers", "gateways", "groups", "outages", "timers")

    def __init__(self, community: CommunityIndex) -> None:
        self.community = community
        self.devices: dict[str, DeviceState] = {}
        self.groups: dict[str, GroupState] = {}
        self.outages, self.gateways, self.timers = Outages(), GatewayIndex(), TimerQueue()
        self.finding_readers: dict[tuple[str, str], set[str]] = {}


class EngineState:
    """State of one engine. `emit_shadow`: findings of rules in shadow are emitted too, not only counted."""

    def __init__(
        self,
        books: Sequence[Rulebook],
        kinds: Mapping[str, Kind],
        community: Community,
        zone: tzinfo,
        emit_shadow: bool,
    ) -> None:
        self.books, self.kinds = tuple(books), kinds
        self.rulesets = compile_rulebooks(books, kinds)
        self.devices: dict[str, DeviceState] = {}
        self.groups = GroupRegistry(books)
        self.outages, self.gateways = Outages(), GatewayIndex()
        self.timers = TimerQueue()
        self.emit_shadow = emit_shadow
        self.shadow_counts: dict[str, dict[str, int]] = {}
        """Findings of rules in shadow, counted by rule and phase; they are not emitted."""
        self.evaluations = 0
        self.type_errors: dict[str, int] = {}
        """Rules that could not be evaluated, by name: a value of a type their kind does not declare."""
        self.internal_errors: list[tuple[str, Exception]] | None = None
        """Internal errors by place, for a host that reports them and continues; None: they are raised."""
        self.member_changes: list[MemberChange] | None = None
        """Findings that began or ended, for a host whose groups are evaluated by another engine; None: not recorded."""
        self._zone = zone
        self.set_community(community)

    def set_community(self, community: Community) -> None:
        """Uses a new version of the registry."""
        self.community = CommunityIndex(community, self._zone, self.is_active)

    def new_partition(self, community: Community) -> EnginePartition:
        """A part without devices, in this community."""
        return EnginePartition(CommunityIndex(community, self._zone, self.is_active))

    def select(self, part: EnginePartition, previous: EnginePartition | None) -> None:
        """Makes a part the current one; what has become of the previous one is put back into it."""
        if previous is not None:
            previous.community, previous.outages = self.community, self.outages
        self.devices, self.groups.states = part.devices, part.groups
        self.outages, self.gateways, self.timers = part.outages, part.gateways, part.timers
        self.community = part.community

    def find(self, name: str) -> DeviceState | None:
        """State of a device or of a group (`building/b3`)."""
        return self.devices.get(name) or self.groups.states.get(name)

    def all(self) -> list[DeviceState]:
        """States of all devices and groups."""
        return [*self.devices.values(), *self.groups.states.values()]

    def create_device(self, device: Device, now: Instant, registered: bool = True) -> DeviceState:
        """Adds a device without findings."""
        ruleset = self.rulesets.get(device.kind) or empty_ruleset(device.kind)
        state = self.devices[device.id] = DeviceState(device, ruleset, now, registered)
        return state

    def is_active(self, state: DeviceState, rule: str) -> bool:
        """Whether a rule has an active finding of a device, or of a group that the device belongs to."""
        own = state.ruleset.by_name.get(rule)
        if own is not None:
            return state.is_active(rule) and not own.rule.shadow
        return self.groups.is_active(state.device, rule, self.community)

    def schedule_timer(self, due: Instant, rank: int, state: DeviceState, rule: str) -> None:
        """Schedules a timer, and drops outdated ones when there are too many."""
        self.timers.schedule(due, state.device.id, rule, rank)
        if self.timers.needs_compaction(len(self.devices)):
            self.rebuild_timers()

    def rebuild_timers(self) -> None:
        """Only the timers that a state waits for."""
        self.timers.rebuild(timer for state in self.all() for timer in state.timers())

    def count_type_error(self, rule: CompiledRule) -> None:
        """A value had a type that the condition cannot compare."""
        self.type_errors[rule.name] = self.type_errors.get(rule.name, 0) + 1

    def record_internal_error(self, where: str, error: Exception) -> None:
        """An error of ours about one device must not stop the evaluation of the others; in a trial it is raised."""
        if self.internal_errors is None:
            raise error
        self.internal_errors.append((where, error))

"""DeviceHost: the first stage. Evaluates the rules about devices, persons and households, one key at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final

import msgspec
from msgspec import Struct

from domain import Device, Finding, Instant
from domain.kind import Kind
from rules.engine.community_index import DEFAULT_ZONE
from rules.engine.engine_state import EnginePartition
from rules.hosts.keyed.events import GroupChange, GroupEvent, KeyedEvent, KeyedReadings, Presence, Registered
from rules.hosts.keyed.migration import EngineSettings, StateMigration, version_of
from rules.hosts.keyed.registry import RegistrySlice, registry_slice
from rules.hosts.keyed.stages import plan_stages
from rules.hosts.keyed.store import CACHED_KEYS, KeyStore, RecentlyUsed, Step
from rules.hosts.replay import ConnectionLost, ConnectionRestored, Outage, Reset, play
from rules.lifecycle.state_machine import ACTIVE_PHASES
from rules.rulebook.model import Rulebook
from rules.state.device import DeviceState
from rules.state.group import MemberChange
from rules.state.group_key import GroupKey

ORIGINS_MAX: Final = 64
"""Digests of the last messages of a key: the broker redelivers what a session had in flight, per device a few."""


Gathered = Mapping[str, tuple[str, ...]]
"""By rule the types of the groups that gather it (`StagePlan.gathered_in`)."""
HostEvent = KeyedReadings | Presence | Outage | ConnectionLost | ConnectionRestored | Reset


class StoredKey(Struct, array_like=True):
    """The state of a key as it is stored. `now`: arrival time of its last event."""

    now: Instant
    engine: bytes
    origins: list[int]
    version: str = ""
    """The rulebooks by which it was evaluated."""


class _LiveKey(Struct):
    """The state of a key, decoded."""

    part: EnginePartition
    origins: list[int]
    devices: tuple[Device, ...]


class _Membership(Struct, frozen=True):
    """An active finding, and the groups of the second stage that it belongs to."""

    device: Device
    begin: Instant
    groups: tuple[str, ...]
    registry: RegistrySlice

    def events(self, rule: str, now: Instant, joins: bool, groups: Collection[str]) -> Iterator[tuple[str, GroupEvent]]:
        """That these groups are joined, or left."""
        change = MemberChange(self.device, rule, self.begin, joins, at=now, now=now)
        yield from ((group, GroupChange(change, self.registry)) for group in sorted(groups))


_encode = msgspec.msgpack.Encoder().encode
_decode_stored = msgspec.msgpack.Decoder(StoredKey).decode
_decode_registry = msgspec.msgpack.Decoder(RegistrySlice).decode


class DeviceHost:
    """Runs one engine over many keys: the state of each comes from its `KeyStore` and goes back after each event."""

    def __init__(
        self,
        books: Sequence[Rulebook],
        kinds: Mapping[str, Kind],
        zone: tzinfo = DEFAULT_ZONE,
        cached_keys: int = CACHED_KEYS,
        emit_shadow: bool = False,
        former: Sequence[Sequence[Rulebook]] = (),
    ) -> None:
        """`former`: earlier rulebooks, by which states of a savepoint may have been evaluated."""
        self._plan, self._version = plan_stages(books), version_of(books)
        self._group_rules = {rule.name for book in books for rule in book.rules if rule.of in self._plan.group_types}
        settings = EngineSettings(kinds, zone, emit_shadow)
        self._engine = settings.engine(self._plan.first_stage)
        plans = {version_of(one): plan_stages(one) for one in former}
        first_stages = {version: plan.first_stage for version, plan in plans.items()}
        self._migration = StateMigration(self._plan.first_stage, first_stages, settings)
        self._gathered_ever = _union(plan.gathered_in for plan in (self._plan, *plans.values()))
        self._keys: RecentlyUsed[_LiveKey] = RecentlyUsed(cached_keys)

    def apply(self, key: str, event: KeyedEvent, store: KeyStore) -> Step:
        """Evaluates one event of a key, after the timers due before it."""
        live, findings, changes = self._select(key, event.now, store)
        if isinstance(event, KeyedReadings) and _is_repeated(live.origins, event):
            if not findings and not changes:
                return Step((), wake_at=self._engine.next_timer())
            return self._finish(live, event.now, findings, changes, store)
        if isinstance(event, Registered):
            began, moved = self._register(live, event, store)
            findings, changes = [*findings, *began], [*changes, *moved]
        else:
            findings = [*findings, *self._evaluate(event)]
        return self._finish(live, event.now, findings, [*changes, *self._forwarded(live, event)], store)

    def advance(self, key: str, now: Instant, store: KeyStore) -> Step:
        """Runs the timers of a key that are due by `now`."""
        live, findings, changes = self._select(key, now, store)
        return self._finish(live, now, [*findings, *self._engine.tick(now)], changes, store)

    def _evaluate(self, event: HostEvent) -> list[Finding]:
        engine = self._engine
        if isinstance(event, KeyedReadings):
            return engine.feed(event.readings, event.now)
        if isinstance(event, Presence):
            offline = engine.mark_offline(event.offline, event.now) if event.offline else []
            return [*offline, *(engine.record_alive(event.online, event.now) if event.online else ())]
        return list(play(engine, [event]))

    def _register(
        self, live: _LiveKey, event: Registered, store: KeyStore
    ) -> tuple[list[Finding], list[tuple[str, GroupEvent]]]:
        """Devices that are removed or moved leave their groups by the places that they had."""
        engine = self._engine
        findings = engine.tick(event.now - 1)
        remaining = {device.id for device in event.registry.devices}
        findings += engine.unregister([one.id for one in live.devices if one.id not in remaining], event.now)
        changes, before = self._take_changes(), self._memberships()
        engine.community = event.registry.as_community()
        live.devices, store.registry = event.registry.devices, _encode(event.registry)
        findings += engine.register(live.devices, event.now)
        return findings, [*changes, *_moves(before, self._memberships(), event.now)]

    def _memberships(self, gathered_in: Gathered | None = None) -> dict[tuple[str, str], _Membership]:
        """Active findings that groups of the second stage gather, by device and rule."""
        gathered_in = self._plan.gathered_in if gathered_in is None else gathered_in
        found: dict[tuple[str, str], _Membership] = {}
        for state in self._engine.state.all():
            for name in sorted(state.rule_states):
                types = gathered_in.get(name, ())
                if types and state.rule_states[name].phase in ACTIVE_PHASES and not _is_shadow(state, name):
                    groups = tuple(self._groups_of([state.device], types))
                    registry = registry_slice([state.device], self._engine.community)
                    begin = state.rule_states[name].begin
                    found[state.device.id, name] = _Membership(state.device, begin, groups, registry)
        return found

    def _take_changes(self, gathered_in: Gathered | None = None) -> list[tuple[str, GroupEvent]]:
        """Findings that began or ended since the last call, for the groups of the second stage."""
        gathered_in = self._plan.gathered_in if gathered_in is None else gathered_in
        state, events = self._engine.state, list[tuple[str, GroupEvent]]()
        for change in state.member_changes or ():
            groups = self._groups_of([change.device], gathered_in.get(change.rule, ()))
            registry = registry_slice([change.device], self._engine.community)
            events += [(group, GroupChange(change, registry)) for group in groups]
        state.member_changes = []
        return events

    def _forwarded(self, live: _LiveKey, event: KeyedEvent) -> Iterator[tuple[str, GroupEvent]]:
        """Outages, and resets of rules that gather, for the groups of the second stage that this key belongs to."""
        if isinstance(event, KeyedReadings | Registered | Presence):
            return
        if isinstance(event, Reset) and event.rule not in self._group_rules:
            return
        named = None if not isinstance(event, Reset) or event.device is None else GroupKey.parse(event.device)
        if named is not None:
            yield named.id, event
            return
        yield from ((group, event) for group in sorted(set(self._groups_of(live.devices, self._plan.group_types))))

    def _groups_of(self, devices: Iterable[Device], types: Iterable[str]) -> Iterator[str]:
        index = self._engine.state.community
        for of in types:
            for device in devices:
                if (group := index.group_of(device, of)) is not None:
                    yield group.id

    def _finish(
        self, live: _LiveKey, now: Instant, findings: list[Finding], events: list[tuple[str, GroupEvent]],
        store: KeyStore,
    ) -> Step:  # fmt: skip
        state = self._engine.state
        events += self._take_changes()
        errors = [f"{where}: {error!r}" for where, error in state.internal_errors or ()]
        state.internal_errors = []
        store.state = _encode(StoredKey(now, self._engine.partition_snapshot(), live.origins, self._version))
        return Step(findings, events, self._engine.next_timer(), errors)

    def _select(
        self, key: str, now: Instant, store: KeyStore
    ) -> tuple[_LiveKey, list[Finding], list[tuple[str, GroupEvent]]]:
        """Makes the state of a key the current one of the engine: from memory, else decoded from the store. With it
        what changed rulebooks ended or began of a state from before the change.
        """
        live = self._keys.get(key)
        if live is not None:
            self._engine.select(live.part)
            return live, [], []
        stored = None if store.state is None else _decode_stored(store.state)
        registry = RegistrySlice() if store.registry is None else _decode_registry(store.registry)
        part = self._engine.state.new_partition(registry.as_community())
        live = _LiveKey(part, [] if stored is None else stored.origins, registry.devices)
        self._keys.put(key, live)
        self._engine.select(part)
        if stored is None:
            return live, [], []
        self._engine.register(live.devices, stored.now)
        if not self._migration.applies_to(stored.version):
            self._engine.restore(stored.engine)
            return live, [], []
        migrated = self._migration.migrate(stored.engine, stored.version, registry, now)
        self._engine.restore(migrated.state)
        self._engine.state.member_changes = list(migrated.changes)
        changes = self._take_changes(self._gathered_ever)
        # Rules of the second stage may gather now what they did not, or be gone: every group hears of what is active.
        for (_, rule), one in self._memberships(self._gathered_ever).items():
            changes += one.events(rule, now, joins=True, groups=one.groups)
        return live, list(migrated.findings), changes


def _union(all_gathered: Iterable[Gathered]) -> Gathered:
    found: dict[str, dict[str, None]] = {}
    for gathered in all_gathered:
        for rule, types in gathered.items():
            found.setdefault(rule, {}).update(dict.fromkeys(types))
    return {rule: tuple(types) for rule, types in found.items()}


def _is_shadow(state: DeviceState, rule: str) -> bool:
    return state.ruleset.by_name[rule].rule.shadow


def _moves(
    before: Mapping[tuple[str, str], _Membership], after: Mapping[tuple[str, str], _Membership], now: Instant
) -> Iterator[tuple[str, GroupEvent]]:
    """A change of the registry: findings leave the groups that their devices were in, and join those of now. What
    stays is told again: its place may have another name. What began by the change itself is told elsewhere.
    """
    for key, old in before.items():
        new = after.get(key)
        yield from old.events(key[1], now, joins=False, groups=set(old.groups) - set(() if new is None else new.groups))
        if new is not None and (new.groups, new.registry) != (old.groups, old.registry):
            yield from new.events(key[1], now, joins=True, groups=new.groups)


def _is_repeated(origins: list[int], event: KeyedReadings) -> bool:
    """Whether the broker delivered this message before; its digest is remembered."""
    if not event.origin:
        return False
    known = event.origin in origins
    if not known:
        origins.append(event.origin)
        del origins[:-ORIGINS_MAX]
    return known and event.redelivered

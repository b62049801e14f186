"""GroupHost: the second stage. Evaluates the rules that gather findings in buildings, cells and lines, a key each.

Events come from many keys of the first stage, in any order. They wait in the state of the group until the watermark
has passed them, and are evaluated in order of time, so that a repetition gives the same findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import msgspec
from msgspec import Struct, structs

from domain import Finding, Instant
from domain.kind import Kind
from rules.engine.community_index import DEFAULT_ZONE
from rules.engine.engine_state import EnginePartition
from rules.hosts.keyed.events import GroupChange, GroupEvent
from rules.hosts.keyed.migration import EngineSettings, StateMigration, version_of
from rules.hosts.keyed.registry import RegistrySlice
from rules.hosts.keyed.store import CACHED_KEYS, KeyStore, RecentlyUsed, Step
from rules.hosts.replay import ConnectionLost, Outage, play
from rules.rulebook.model import Rulebook


class StoredGroup(Struct):
    """The state of a group as it is stored, with the events that the watermark has not passed."""

    engine: bytes = b""
    waiting: list[GroupEvent] = []
    version: str = ""
    """The rulebooks by which it was evaluated."""


class _LiveGroup(Struct):
    part: EnginePartition
    waiting: list[GroupEvent]
    registry: RegistrySlice


_encode = msgspec.msgpack.Encoder().encode
_decode_stored = msgspec.msgpack.Decoder(StoredGroup).decode
_decode_registry = msgspec.msgpack.Decoder(RegistrySlice).decode


class GroupHost:
    """Runs one engine over many groups."""

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
        settings, self._version = EngineSettings(kinds, zone, emit_shadow), version_of(books)
        self._engine = settings.engine(books)
        self._engine.state.member_changes = None
        self._migration = StateMigration(books, {version_of(one): one for one in former}, settings)
        self._groups: RecentlyUsed[_LiveGroup] = RecentlyUsed(cached_keys)

    def add(self, key: str, event: GroupEvent, store: KeyStore) -> Step:
        """Takes an event; it is evaluated when the watermark has passed its time: `advance` is to be called then."""
        live, findings = self._select(key, event.now, store)
        # An event of a first stage that started again comes twice.
        if event not in live.waiting:
            live.waiting.append(event)
        return self._finish(live, findings, store)

    def advance(self, key: str, now: Instant, store: KeyStore) -> Step:
        """Evaluates what the watermark has passed, and the timers that are due by `now`."""
        live, findings = self._select(key, now, store)
        due = sorted((event for event in live.waiting if event.now <= now), key=_order)
        live.waiting = [event for event in live.waiting if event.now > now]
        for event in due:
            findings += self._evaluate(live, event, store)
        return self._finish(live, findings + self._engine.tick(now), store)

    def _evaluate(self, live: _LiveGroup, event: GroupEvent, store: KeyStore) -> list[Finding]:
        if not isinstance(event, GroupChange):
            return list(play(self._engine, [event]))
        merged = live.registry.merged_with(event.registry)
        if merged != live.registry:
            live.registry, store.registry = merged, _encode(merged)
            self._engine.community = merged.as_community()
        return self._engine.apply_member_change(event.change)

    def _finish(self, live: _LiveGroup, findings: list[Finding], store: KeyStore) -> Step:
        engine = self._engine
        errors = [f"{where}: {error!r}" for where, error in engine.state.internal_errors or ()]
        engine.state.internal_errors = []
        store.state = _encode(StoredGroup(engine.partition_snapshot(), live.waiting, self._version))
        times = [event.now for event in live.waiting]
        timer = engine.next_timer()
        return Step(findings, (), min([*times, *(() if timer is None else (timer,))], default=None), errors)

    def _select(self, key: str, now: Instant, store: KeyStore) -> tuple[_LiveGroup, list[Finding]]:
        """Makes the state of a group the current one of the engine; with it what changed rulebooks ended or began of a
        state from before the change.
        """
        live = self._groups.get(key)
        if live is not None:
            self._engine.select(live.part)
            return live, []
        stored = StoredGroup() if store.state is None else _decode_stored(store.state)
        registry = RegistrySlice() if store.registry is None else _decode_registry(store.registry)
        live = _LiveGroup(self._engine.state.new_partition(registry.as_community()), stored.waiting, registry)
        self._groups.put(key, live)
        self._engine.select(live.part)
        if not stored.engine:
            return live, []
        if not self._migration.applies_to(stored.version):
            self._engine.restore(stored.engine)
            return live, []
        # Without devices: members are known by what the first stage said of them.
        places = structs.replace(registry, devices=())
        migrated = self._migration.migrate(stored.engine, stored.version, places, now)
        self._engine.restore(migrated.state)
        return live, list(migrated.findings)


def _order(event: GroupEvent) -> tuple[Instant, int, Instant, str, str]:
    """By time; at one instant changes come before an outage, and this before resets."""
    if isinstance(event, GroupChange):
        change = event.change
        return event.now, 0, change.at, change.device.id, change.rule
    return event.now, 1 if isinstance(event, ConnectionLost | Outage) else 2, event.now, "", ""

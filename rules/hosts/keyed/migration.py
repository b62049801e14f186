"""StateMigration: the state of a key that was stored under earlier rulebooks, as those of now continue with it.

A job that is restored from a savepoint under changed rulebooks reads the states of its keys one by one, when their
next event or timer comes. Each is migrated then as the one-machine engine migrates at a reload: findings of removed
rules end with a reason, active ones keep their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from hashlib import blake2b

from msgspec import Struct

from domain import Finding, Instant
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.keyed.registry import RegistrySlice
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import dump_rulebooks
from rules.state.group import MemberChange


def version_of(books: Iterable[Rulebook]) -> str:
    """A name of these rulebooks: stored with what they evaluated."""
    return blake2b(dump_rulebooks(books), digest_size=8).hexdigest()


class EngineSettings(Struct):
    """What the engine of a host is made with, beside its rulebooks."""

    kinds: Mapping[str, Kind]
    zone: tzinfo
    emit_shadow: bool

    def engine(self, books: Sequence[Rulebook]) -> Engine:
        """An engine without devices, which records what the second stage and the log are to know."""
        engine = Engine(books, self.kinds, community(), zone=self.zone, emit_shadow=self.emit_shadow)
        engine.state.member_changes, engine.state.internal_errors = [], []
        return engine


class Migrated(Struct):
    """A state as the rulebooks of now read it, and what the change ended or began."""

    state: bytes
    findings: Sequence[Finding] = ()
    changes: Sequence[MemberChange] = ()


class _Change:
    """From one former set of rulebooks to the present one: compiled once, used for one key after another."""

    def __init__(self, before: Sequence[Rulebook], after: Sequence[Rulebook], settings: EngineSettings) -> None:
        self._engine, self._after = settings.engine(before), after
        self._compiled = self._engine.migration.compile(after)

    def migrate(self, written: bytes, registry: RegistrySlice, now: Instant) -> Migrated:
        engine, state = self._engine, self._engine.state
        former = state.books, state.rulesets, state.groups
        engine.select(state.new_partition(registry.as_community()))
        try:
            engine.register(registry.devices, now)
            engine.restore(written)
            findings = engine.migration.reload(self._after, now, compiled=self._compiled)
            return Migrated(engine.partition_snapshot(), findings, state.member_changes or ())
        finally:
            state.member_changes = []
            state.books, state.rulesets, state.groups = former


class StateMigration:
    """From each of some former sets of rulebooks to the present one. A state of any other set is read as it is."""

    def __init__(
        self, books: Sequence[Rulebook], former: Mapping[str, Sequence[Rulebook]], settings: EngineSettings
    ) -> None:
        """`former`: by the name that was stored with the states (`version_of` of all rulebooks of the job)."""
        self._changes = {version: _Change(before, books, settings) for version, before in former.items()}

    def applies_to(self, version: str) -> bool:
        """Whether states of this version are to be migrated."""
        return version in self._changes

    def migrate(self, written: bytes, version: str, registry: RegistrySlice, now: Instant) -> Migrated:
        """`registry`: of the key; its devices are registered. `now`: the time of the event or timer at hand."""
        return self._changes[version].migrate(written, registry, now)

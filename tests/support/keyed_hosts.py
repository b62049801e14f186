"""KeyedHosts: both stages of the keyed hosts in one process, as a stream processor runs them: state in bytes, timers in
order of time. Every state is encoded and decoded again at every event when no key is kept decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain import Finding, Instant
from domain.kind import Kind
from rules.hosts.keyed.device_host import DeviceHost
from rules.hosts.keyed.events import (
    GroupEvent,
    KeyedEvent,
    decode_group_event,
    decode_keyed_event,
    encode_event,
    split_record,
)
from rules.hosts.keyed.group_host import GroupHost
from rules.hosts.keyed.store import Step
from rules.rulebook.model import Rulebook

GROUPS, DEVICES = "groups", "devices"


class MemoryStore:
    """The state of one key."""

    def __init__(self) -> None:
        self.registry: bytes | None = None
        self.state: bytes | None = None


class KeyedHosts:
    """Runs events in order of time."""

    def __init__(
        self, books: Iterable[Rulebook], kinds: dict[str, Kind], cached_keys: int = 1, emit_shadow: bool = True
    ) -> None:
        self._books, self._kinds, self._cached_keys = list(books), kinds, cached_keys
        self._former, self._emit_shadow = list[list[Rulebook]](), emit_shadow
        self.stores: dict[tuple[str, str], MemoryStore] = {}
        self.timers: dict[tuple[str, str], Instant | None] = {}
        self.findings: list[Finding] = []
        self.errors: list[str] = []
        self.restart()

    def restart(self, books: Iterable[Rulebook] | None = None) -> None:
        """What a recovery does: new processes, the state as it was stored. With `books` these are used from now on."""
        if books is not None:
            self._former, self._books = [self._books, *self._former], list(books)
        options: dict[str, Any] = {
            "cached_keys": self._cached_keys, "emit_shadow": self._emit_shadow, "former": self._former
        }  # fmt: skip
        self.devices = DeviceHost(self._books, self._kinds, **options)
        self.groups = GroupHost(self._books, self._kinds, **options)

    def play(self, events: Iterable[tuple[Instant, str, KeyedEvent]], until: Instant | None = None) -> None:
        """Each event after the timers due before it, of all keys; then the timers until the end."""
        for now, key, event in events:
            self.advance(now - 1)
            self.apply(key, event)
        if until is not None:
            self.advance(until)

    def apply(self, key: str, event: KeyedEvent) -> None:
        """One event of the first stage, as it comes out of a topic."""
        key, encoded = split_record(encode_event(key, event))
        self._take(DEVICES, key, self.devices.apply(key, decode_keyed_event(encoded), self._store(DEVICES, key)))

    def advance(self, until: Instant) -> None:
        """The watermark comes to `until`."""
        while due := [(at, *where) for where, at in self.timers.items() if at is not None and at <= until]:
            at, stage, key = min(due)
            host = self.groups if stage == GROUPS else self.devices
            self._take(stage, key, host.advance(key, at, self._store(stage, key)))

    def _store(self, stage: str, key: str) -> MemoryStore:
        return self.stores.setdefault((stage, key), MemoryStore())

    def _take(self, stage: str, key: str, step: Step) -> None:
        self.findings += step.findings
        self.errors += step.errors
        self.timers[stage, key] = step.wake_at
        for group, event in step.group_events:
            self._add(group, event)

    def _add(self, group: str, event: GroupEvent) -> None:
        group, encoded = split_record(encode_event(group, event))
        self._take(GROUPS, group, self.groups.add(group, decode_group_event(encoded), self._store(GROUPS, group)))

"""KeyedRegistry: the registry by the rules' keys, and which of them changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from domain import Device, Instant
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.engine import Engine
from rules.hosts.keyed.events import Registered
from rules.hosts.keyed.registry import RegistrySlice, registry_slice
from rules.hosts.keyed.stages import plan_stages, subject_keys
from rules.rulebook.model import Rulebook


class KeyedRegistry:
    """Devices by key. `update` takes a new version of the registry."""

    def __init__(self, books: Sequence[Rulebook], kinds: Mapping[str, Kind]) -> None:
        self._engine = Engine(plan_stages(books).first_stage, kinds, community())
        self._keys: dict[str, str] = {}
        self._slices: dict[str, RegistrySlice] = {}
        self.community: Community = community()

    def key_of(self, device: str) -> str:
        """The key of a device; that of an unregistered one is its id."""
        return self._keys.get(device, device)

    @property
    def keys(self) -> Sequence[str]:
        """Every key with devices."""
        return list(self._slices)

    def update(self, devices: Sequence[Device], whole: Community, now: Instant) -> Iterator[tuple[str, Registered]]:
        """Takes a new version; yields the events of the keys that changed, first those that devices have left."""
        self.community = whole
        self._keys = subject_keys(devices, self._engine, whole)
        members: dict[str, list[Device]] = {}
        for device in devices:
            members.setdefault(self._keys[device.id], []).append(device)
        before, self._slices = self._slices, {key: registry_slice(held, whole) for key, held in members.items()}
        for key in before:
            if key not in self._slices:
                yield key, Registered(now, RegistrySlice())
        for key, part in self._slices.items():
            if before.get(key) != part:
                yield key, Registered(now, part)

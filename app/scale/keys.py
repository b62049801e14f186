"""KeyedRegistry: the registry by the rules' keys, and which of them changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from domain import Device, Instant
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.hosts.keyed.events import Registered
from rules.hosts.keyed.registry import RegistrySlice, registry_slice
from rules.hosts.keyed.stages import plan_stages, subject_keys
from rules.rulebook.model import Rulebook
from rules.state.group_key import GroupKey


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


def keys_of_subjects(
    subjects: Iterable[str],
    books: Sequence[Rulebook],
    kinds: Mapping[str, Kind],
    devices: Sequence[Device],
    whole: Community,
) -> dict[str, str]:
    """The key by which the rules hold each of these devices and groups (`building/b3`).

    A group has the key of any device in it: its rules are evaluated there, or what is sent there is passed on.
    """
    keys = subject_keys(devices, Engine(plan_stages(books).first_stage, kinds, community()), whole)
    index, found = CommunityIndex(whole), dict[str, str]()
    for subject in subjects:
        group = GroupKey.parse(subject)
        members = [subject] if group is None else (one.id for one in devices if _is_in(one, group, index))
        member = next(iter(members), subject)
        found[subject] = keys.get(member, member)
    return found


def _is_in(device: Device, group: GroupKey, index: CommunityIndex) -> bool:
    found = index.group_of(device, group.type)
    return found is not None and found.id == group.id

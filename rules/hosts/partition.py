"""Partitions a community into devices that can be judged apart (connected components): devices whose findings gather in
one subject, or that read each other's findings, stay together.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain import Device
from rules.compiled.ruleset import CompiledRuleset
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.engine.groups import GroupRegistry
from rules.state.gateway import GATEWAY_ATTRIBUTE, GATEWAY_KIND


class DisjointSets:
    """Disjoint sets of names (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        """The representative of a set."""
        found = name
        while (above := self._parent.get(found, found)) != found:
            found = above
        self._parent[name] = found
        return found

    def names(self) -> set[str]:
        """Every name that was looked at."""
        return {*self._parent}

    def union(self, one: str, other: str) -> None:
        """These two belong together."""
        self._parent[self.find(one)] = self.find(other)


def partition(
    devices: Sequence[Device], engines: Sequence[Engine], community: CommunityIndex, count: int
) -> dict[str, int]:
    """For every device, and every gateway that one names, the part that judges it: `count` parts of about one size."""
    components, kinds = connected_components(devices, engines, community)
    members: dict[str, list[str]] = {}
    # By kind, so that each part has its share of the kinds that cost most.
    for name in sorted(kinds, key=kinds.__getitem__):
        members.setdefault(components.find(name), []).append(name)
    sizes = [0] * count
    found: dict[str, int] = {}
    for circle in sorted(members.values(), key=len, reverse=True):
        smallest = sizes.index(min(sizes))
        sizes[smallest] += len(circle)
        found |= dict.fromkeys(circle, smallest)
    return found


def connected_devices(devices: Sequence[Device], engine: Engine, community: CommunityIndex, name: str) -> list[str]:
    """The devices that must be replayed to judge this device, or this group (`building/b3`), by an engine's rules."""
    components, kinds = connected_components(devices, [engine], community)
    leader = components.find(name)
    return [one for one in kinds if components.find(one) == leader]


def connected_components(
    devices: Sequence[Device], engines: Sequence[Engine], community: CommunityIndex
) -> tuple[DisjointSets, dict[str, str]]:
    """The connected components; and the kind of every device and of every gateway that one names."""
    components = DisjointSets()
    kinds = {device.id: device.kind for device in devices}
    for device in devices:
        if (gateway := device.attributes.get(GATEWAY_ATTRIBUTE)) is not None:
            components.union(device.id, str(gateway))
            kinds.setdefault(str(gateway), GATEWAY_KIND)
    for engine in engines:
        tied = {kind for kind, ruleset in engine.rulesets.items() if _depends_on_others(ruleset, engine.groups)}
        for device in devices:
            if device.kind in tied:
                _connect(device, engine.groups, community, components)
    return components, kinds


def _depends_on_others(ruleset: CompiledRuleset, groups: GroupRegistry) -> bool:
    return any(rule.name in groups.dependents or rule.rule.referenced_rules for rule in ruleset.by_name.values())


def _connect(device: Device, groups: GroupRegistry, community: CommunityIndex, components: DisjointSets) -> None:
    """To every subject it belongs to, and these to the larger ones that gather in turn."""
    for of in groups.rulesets:
        group = community.group_of(device, of)
        if group is not None and components.find(group.id) != components.find(device.id):
            components.union(device.id, group.id)
            _connect(group, groups, community, components)

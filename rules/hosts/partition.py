"""Cuts a community into parts that can be judged apart: whose findings gather in one subject, or ask for each other's,
stay together. It knows no readings and judges nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain import Device
from rules.compiled.ruleset import Plan
from rules.engine.community_index import Neighbourhood
from rules.engine.groups import Groups
from rules.engine.processor import Watching
from rules.state.gateway import GATEWAY_ATTRIBUTE, GATEWAY_KIND


class Circles:
    """Who belongs together, by any name: two circles that meet become one."""

    def __init__(self) -> None:
        self._leader: dict[str, str] = {}

    def leader(self, name: str) -> str:
        """The name that stands for the whole circle."""
        found = name
        while (above := self._leader.get(found, found)) != found:
            found = above
        self._leader[name] = found
        return found

    def join(self, one: str, other: str) -> None:
        """These two belong together."""
        self._leader[self.leader(one)] = self.leader(other)


def parts(devices: Sequence[Device], engines: Sequence[Watching], near: Neighbourhood, count: int) -> dict[str, int]:
    """For every device, and every gateway that one names, the part that judges it: `count` parts of about one size."""
    circles, kinds = _circles(devices, engines, near)
    members: dict[str, list[str]] = {}
    # By kind, so that each part has its share of the kinds that cost most.
    for name in sorted(kinds, key=kinds.__getitem__):
        members.setdefault(circles.leader(name), []).append(name)
    sizes = [0] * count
    found: dict[str, int] = {}
    for circle in sorted(members.values(), key=len, reverse=True):
        smallest = sizes.index(min(sizes))
        sizes[smallest] += len(circle)
        found |= dict.fromkeys(circle, smallest)
    return found


def circle(devices: Sequence[Device], engine: Watching, near: Neighbourhood, name: str) -> list[str]:
    """Everybody who must be heard to judge this device, or this group (`building/b3`), by an engine's rules."""
    circles, kinds = _circles(devices, [engine], near)
    leader = circles.leader(name)
    return [one for one in kinds if circles.leader(one) == leader]


def _circles(
    devices: Sequence[Device], engines: Sequence[Watching], near: Neighbourhood
) -> tuple[Circles, dict[str, str]]:
    """Who belongs together; and the kind of every device, and of every gateway that one names."""
    circles = Circles()
    kinds = {device.id: device.kind for device in devices}
    for device in devices:
        if (gateway := device.attributes.get(GATEWAY_ATTRIBUTE)) is not None:
            circles.join(device.id, str(gateway))
            kinds.setdefault(str(gateway), GATEWAY_KIND)
    for engine in engines:
        tied = {kind for kind, plan in engine.plans.items() if _minds_others(plan, engine.groups)}
        for device in devices:
            if device.kind in tied:
                _tie(device, engine.groups, near, circles)
    return circles, kinds


def _minds_others(plan: Plan, groups: Groups) -> bool:
    return any(rule.name in groups.gatherers or rule.rule.speaks_of for rule in plan.by_name.values())


def _tie(device: Device, groups: Groups, near: Neighbourhood, circles: Circles) -> None:
    """To every subject it belongs to, and these to the larger ones that gather in turn."""
    for of in groups.plans:
        group = near.group_of(device, of)
        if group is not None and circles.leader(group.id) != circles.leader(device.id):
            circles.join(device.id, group.id)
            _tie(group, groups, near, circles)

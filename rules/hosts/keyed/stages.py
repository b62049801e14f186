"""Which rules are evaluated where: the first stage has one key for devices that must be evaluated together, the second
one key for each group (building, cell, line) whose findings no other rule reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from domain import Device
from domain.people import Community
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.hosts.partition import connected_components
from rules.rulebook.model import Rule, Rulebook
from rules.state.group_key import GroupKey


class StagePlan(Struct, frozen=True):
    """The rulebooks of the first stage, and by rule the types of the groups of the second stage that gather it."""

    first_stage: tuple[Rulebook, ...]
    gathered_in: Mapping[str, tuple[str, ...]]
    group_types: tuple[str, ...]


def plan_stages(books: Sequence[Rulebook]) -> StagePlan:
    """Divides the rules. Group types whose findings are read by rules of another subject stay in the first stage."""
    rules = [rule for book in books for rule in book.rules]
    second = {rule.of for rule in rules if rule.gather is not None}
    gatherers = {rule.name: rule.of for rule in rules if rule.gather is not None}
    for reader in rules:
        second -= set(_kept_together(reader, gatherers))
    gathered: dict[str, dict[str, None]] = {}
    for rule in rules:
        if rule.gather is not None and rule.of in second:
            for name in rule.gather.all_rules:
                gathered.setdefault(name, {})[rule.of] = None
    return StagePlan(
        tuple(
            book.model_copy(update={"rules": [one for one in book.rules if one.gather is None or one.of not in second]})
            for book in books
        ),
        {name: tuple(types) for name, types in gathered.items()},
        tuple(sorted(second)),
    )


def _kept_together(reader: Rule, gatherers: Mapping[str, str]) -> Iterator[str]:
    """The group types that must be evaluated with the devices because of what this rule reads."""
    chatter = reader.chatter.rules if reader.chatter is not None else ()
    own = None if reader.gather is None else reader.of
    for name in {*reader.referenced_rules, *chatter}:
        of = gatherers.get(name)
        if of is None or of == own:
            continue
        yield of
        if reader.gather is not None and name not in reader.gather.all_rules:
            yield reader.of  # it reads whether the finding is active, which only the first stage knows


def subject_keys(devices: Sequence[Device], engine: Engine, community: Community) -> dict[str, str]:
    """The key of each device, and of each gateway that one names: the same for devices that must be evaluated together.

    `engine` has the rulebooks of the first stage. A key is the first group of the component in order of names
    (`household/b1-1-101`), else its first gateway, else the device.
    """
    sets, kinds = connected_components(devices, [engine], CommunityIndex(community))
    best: dict[str, tuple[bool, bool, str]] = {}
    gateways = {str(device.attributes["gateway"]) for device in devices if "gateway" in device.attributes}
    for name in sets.names() | kinds.keys():
        rank = (GroupKey.parse(name) is None, name not in gateways, name)
        leader = sets.find(name)
        best[leader] = min(best.get(leader, rank), rank)
    return {name: best[sets.find(name)][2] for name in kinds}

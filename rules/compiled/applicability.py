"""Which rules may begin at all about a device: most ask for what people wrote of it, of its person and its place, and
of most nobody wrote it. It knows no readings; what was measured, the time and other findings may be anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from domain import Attribute as Written
from domain import Device
from rules.compiled.condition import Condition
from rules.compiled.rule import PlannedRule
from rules.language.analysis import may
from rules.language.compiler import YES
from rules.language.nodes import Node, attributes
from rules.language.parser import parse

WRITTEN: Final = frozenset({"device", "person", "place"})


class AttributeLookup(Protocol):
    """Who knows what people wrote."""

    def attribute(self, device: Device, owner: str, name: str) -> Written | None: ...


class Minded:
    """Those rules that may begin about devices of one kind of which the same is written. Shared by all of them."""

    __slots__ = ("by", "judged", "near", "pensive")

    def __init__(self, by: Mindful, near: AttributeLookup, rules: tuple[tuple[PlannedRule, Condition], ...]) -> None:
        self.by, self.near, self.judged = by, near, rules
        self.pensive = tuple((rule, condition) for rule, condition in rules if not condition.alone)


class Mindful:
    """The rules of one kind, sorted out by what is written."""

    def __init__(self, rules: Sequence[tuple[PlannedRule, Condition]]) -> None:
        self._rules = [(each, _conditions(each[0])) for each in rules]
        asked = [attribute for _, nodes in self._rules for node in nodes for attribute in attributes(node)]
        self._asked = tuple(dict.fromkeys(one for one in asked if one.owner in WRITTEN))
        self._known: dict[tuple[tuple[bool, bool], ...], Minded] = {}

    def of(self, device: Device, near: AttributeLookup) -> Minded:
        """The rules that may begin about this device."""
        written = [near.attribute(device, one.owner, one.name) for one in self._asked]
        key = tuple((value in YES, value is not None) for value in written)
        minded = self._known.get(key)
        if minded is None or minded.near is not near:
            known = dict(zip(self._asked, key, strict=True))
            rules = tuple(each for each, nodes in self._rules if all(may(node, known)[0] for node in nodes))
            minded = self._known[key] = Minded(self, near, rules)
        return minded


def _conditions(planned: PlannedRule) -> list[Node]:
    rule = planned.rule
    return [rule.question] if rule.only_if is None else [rule.question, parse(rule.only_if)]

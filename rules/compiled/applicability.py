"""Skips rules that cannot fire for a device.

Each condition is evaluated with only the attributes of device, person and place known (partial evaluation); a rule
that is false whatever is measured is left out. Results are shared by all devices with the same attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from domain import Attribute as Written
from domain import Device, Value
from rules.compiled.condition import CompiledCondition
from rules.compiled.reading_plan import PLANS_MAX, ReadingPlan
from rules.compiled.rule import CompiledRule
from rules.language.analysis import possible_results
from rules.language.compiler import TRUE_WORDS


class AttributeLookup(Protocol):
    """Source of the attributes that people entered."""

    def attribute(self, device: Device, owner: str, name: str) -> Written | None: ...


class ApplicableRules:
    """Those rules that may begin about devices of one kind of which the same is written. Shared by all of them."""

    __slots__ = ("_plans", "conditional_rules", "context_rules", "index", "lookup")

    def __init__(
        self,
        by: ApplicabilityIndex,
        community: AttributeLookup,
        rules: tuple[tuple[CompiledRule, CompiledCondition], ...],
    ) -> None:
        self.index, self.lookup, self.conditional_rules = by, community, rules
        self.context_rules = tuple((rule, condition) for rule, condition in rules if not condition.needs_one_value)
        self._plans: dict[tuple[str, ...], ReadingPlan] = {}

    def plan_for(self, values: Mapping[str, Value]) -> ReadingPlan:
        """How a reading with these quantities is evaluated while all rules of its device are quiet."""
        names = tuple(values)
        plan = self._plans.get(names)
        if plan is None:
            if len(self._plans) >= PLANS_MAX:
                self._plans.clear()
            plan = self._plans[names] = self.index.plan_reading(names, self.context_rules)
        return plan


class ApplicabilityIndex:
    """The rules of one kind, sorted out by what is written."""

    def __init__(
        self,
        rules: Sequence[tuple[CompiledRule, CompiledCondition]],
        plan_reading: Callable[[Sequence[str], Sequence[tuple[CompiledRule, CompiledCondition]]], ReadingPlan],
    ) -> None:
        self.plan_reading = plan_reading
        self._rules = [(each, each[0].begin_nodes) for each in rules]
        self._attributes = tuple(dict.fromkeys(one for each, _ in rules for one in each.written_attributes))
        self._cache: dict[tuple[tuple[bool, bool], ...], ApplicableRules] = {}

    def rules_for(self, device: Device, community: AttributeLookup) -> ApplicableRules:
        """The rules that may begin about this device."""
        written = [community.attribute(device, one.owner, one.name) for one in self._attributes]
        key = tuple((value in TRUE_WORDS, value is not None) for value in written)
        applicable = self._cache.get(key)
        if applicable is None or applicable.lookup is not community:
            known = dict(zip(self._attributes, key, strict=True))
            rules = tuple(
                each for each, nodes in self._rules if all(possible_results(node, known)[0] for node in nodes)
            )
            applicable = self._cache[key] = ApplicableRules(self, community, rules)
        return applicable

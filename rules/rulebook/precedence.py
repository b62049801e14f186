"""Evaluation order of rules (topological): of one reading and of one instant, a rule is evaluated after every rule
whose findings it gathers, counts or asks for, whatever the order of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import product

from rules.rulebook.model import Rule, Rulebook

Ranks = Mapping[str, int]
"""By the name of a rule: higher than every rule that it depends on."""


def ranks(books: Sequence[Rulebook]) -> Ranks:
    """A rank for every rule. Rules that wait for each other, which `check` refuses, have some order."""
    rules = {rule.name: rule for book in books for rule in book.rules}
    needs = {name: set(_needs(rule, rules.values())) for name, rule in rules.items()}
    _order_excluded_rules(rules.values(), needs)
    found: dict[str, int] = {}
    for name in rules:
        _rank(name, needs, found, set())
    return found


def _rank(name: str, needs: Mapping[str, Set[str]], found: dict[str, int], above: set[str]) -> int:
    if name not in found and name not in above:
        above.add(name)
        found[name] = max((1 + _rank(one, needs, found, above) for one in sorted(needs.get(name, ()))), default=0)
        above.discard(name)
    return found.get(name, -1)


def _needs(rule: Rule, rules: Iterable[Rule]) -> frozenset[str]:
    """The rules it depends on. A chatter rule comes after the rules it counts, but not after those that read its
    findings.
    """
    if rule.chatter is None:
        return rule.referenced_rules
    counted = rule.chatter.rules or [
        one.name for one in rules if not one.is_momentary and rule.name not in one.referenced_rules
    ]
    return rule.referenced_rules.union(counted) - {rule.name}


def _order_excluded_rules(rules: Iterable[Rule], needs: Mapping[str, set[str]]) -> None:
    """A group is evaluated when a part begins: rules in `without` come before the parts, unless they depend on them."""
    for rule in rules:
        parts, without = (rule.gather.rules, rule.gather.without) if rule.gather is not None else ((), ())
        for bar, part in product(without, sorted(parts)):
            if part in needs and part not in _transitive_needs(bar, needs):
                needs[part].add(bar)


def _transitive_needs(name: str, needs: Mapping[str, Set[str]]) -> set[str]:
    """The rule, and every rule that it depends on, however far."""
    found, open_names = {name}, [name]
    while open_names:
        more = needs.get(open_names.pop(), set()) - found
        found |= more
        open_names += more
    return found

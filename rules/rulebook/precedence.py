"""Which rule reads whose findings, and the order that follows: of one reading, and of one instant, a rule is judged
after every rule whose findings it gathers, counts or asks for, in whatever order files name them (topological order).
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
    _put_bars_first(rules.values(), needs)
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
    """A rule that counts how often others begin comes after them, but not after those that ask for its findings."""
    if rule.chatter is None:
        return rule.speaks_of
    counted = rule.chatter.rules or [one.name for one in rules if not one.happens and rule.name not in one.speaks_of]
    return rule.speaks_of.union(counted) - {rule.name}


def _put_bars_first(rules: Iterable[Rule], needs: Mapping[str, set[str]]) -> None:
    """A group is told when a part of it begins: what it must be `without` is judged before, unless that asks for the
    part."""
    for rule in rules:
        parts, without = (rule.gather.rules, rule.gather.without) if rule.gather is not None else ((), ())
        for bar, part in product(without, sorted(parts)):
            if part in needs and part not in _needed_by(bar, needs):
                needs[part].add(bar)


def _needed_by(name: str, needs: Mapping[str, Set[str]]) -> set[str]:
    """The rule, and every rule that it depends on, however far."""
    found, open_names = {name}, [name]
    while open_names:
        more = needs.get(open_names.pop(), set()) - found
        found |= more
        open_names += more
    return found

"""Which rule reads whose findings, and the order that follows: of one reading, and of one instant, a rule is judged
after every rule whose findings it gathers, counts or asks for, in whatever order files name them (topological order).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rules.rulebook import Rule, Rulebook

Ranks = Mapping[str, int]
"""By the name of a rule: higher than every rule that it depends on."""


def ranks(books: Sequence[Rulebook]) -> Ranks:
    """A rank for every rule. Rules that wait for each other, which `check` refuses, have some order."""
    rules = {rule.name: rule for book in books for rule in book.rules}
    needs = {name: sorted(_needs(rule, rules.values())) for name, rule in rules.items()}
    found: dict[str, int] = {}
    for name in rules:
        _rank(name, needs, found, set())
    return found


def _rank(name: str, needs: Mapping[str, Iterable[str]], found: dict[str, int], above: set[str]) -> int:
    if name not in found and name not in above:
        above.add(name)
        found[name] = max((1 + _rank(one, needs, found, above) for one in needs.get(name, ())), default=0)
        above.discard(name)
    return found.get(name, -1)


def _needs(rule: Rule, rules: Iterable[Rule]) -> frozenset[str]:
    """A rule that counts how often others begin comes after them, but not after those that ask for its findings."""
    if rule.chatter is None:
        return rule.speaks_of
    counted = rule.chatter.rules or [one.name for one in rules if not one.happens and rule.name not in one.speaks_of]
    return rule.speaks_of.union(counted) - {rule.name}

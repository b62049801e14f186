"""How two sets of rulebooks differ, by the names of their rules."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rules.rulebook.model import Rulebook


class RulebookDiff(Struct, frozen=True):
    """How two sets of books differ, by the names of their rules."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unversioned: tuple[str, ...] = ()
    """Changed without a new version: findings of before and after cannot be told apart."""

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed)


def diff_rulebooks(before: Iterable[Rulebook], after: Iterable[Rulebook]) -> RulebookDiff:
    """What a change of books changes; a raised version alone is a change too, because every finding names it."""
    old = {rule.name: (rule, book.hazard, book.version) for book in before for rule in book.rules}
    new = {rule.name: (rule, book.hazard, book.version) for book in after for rule in book.rules}
    changed = tuple(name for name, written in new.items() if name in old and old[name] != written)
    same = tuple(name for name in changed if old[name][2] == new[name][2])
    return RulebookDiff(tuple(n for n in new if n not in old), tuple(n for n in old if n not in new), changed, same)

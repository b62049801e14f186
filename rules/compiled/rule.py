"""One rule compiled for one kind of device."""

from __future__ import annotations

from typing import Final

from domain.kind import Kind
from rules.compiled.condition import Condition
from rules.language.analysis import asks_context, in_any_context
from rules.language.compiler import meaning
from rules.language.nodes import Node, attributes, findings_asked
from rules.language.parser import parse
from rules.language.time_edges import time_atoms
from rules.lifecycle.state_machine import Patience
from rules.rulebook.model import Absent, Rule, Rulebook

STALE_AFTER: Final = Absent()
"""When a device in alarm counts as silent: three reporting periods and ten minutes."""


class PlannedRule:
    """One rule for one kind. `rank`: it is judged after the rules of lower rank (rules/rulebook/precedence.py)."""

    def __init__(self, rule: Rule, book: Rulebook, kind: Kind, rank: int = 0) -> None:
        self.rule, self.name, self.kind, self.rank = rule, rule.name, kind.kind, rank
        self.hazard, self.version = book.hazard, str(book.version)
        units = {name: quantity.unit for name, quantity in kind.quantities.items()}
        self.absent = rule.absent
        self.gather = rule.gather
        asked = rule.when is not None or rule.event is not None
        self.condition = Condition(rule, units) if asked else None
        self.only_if = None if rule.only_if is None else meaning(parse(rule.only_if))
        self._patience: dict[tuple[int, bool], Patience] = {}
        self._read_context(kind)

    def _read_context(self, kind: Kind) -> None:
        """Whether time or another finding alone may change its answer, and by which of its values."""
        written, lasts = _written(self.rule), not self.rule.happens
        self.reads = frozenset[str]().union(*map(findings_asked, written))
        self.time_atoms = tuple(dict.fromkeys(atom for node in written for atom in time_atoms(node)))
        self.asks_sun = any(one.owner == "sun" for atom in self.time_atoms for one in attributes(atom))
        self.is_reevaluated = lasts and bool(self.reads or self.time_atoms)
        """It is judged again when time or another finding may have changed its answer. What only happened is not."""
        self.keeps_inputs = lasts and self.condition is not None and (self.is_reevaluated or self.rule.latch)
        happening = {name for name, quantity in kind.quantities.items() if quantity.event}
        self.lasting = tuple(name for name in self.quantities if name not in happening)
        """Quantities whose last value says something of now: the key of the last press does not."""
        self.asks_context = self.condition is not None and asks_context(self.rule.question)
        self.possible = [meaning(in_any_context(node)) for node in self._to_begin()] if self.is_reevaluated else []
        """What must be true for it to begin without another reading."""

    def _to_begin(self) -> list[Node]:
        question = [] if self.condition is None else [self.rule.question]
        return question if self.rule.only_if is None else [*question, parse(self.rule.only_if)]

    def patience(self, report_every_ms: int, unlatched: bool = False) -> Patience:
        """How long it waits, for a device with this reporting plan; whether a person undid its latch."""
        known = self._patience.get((report_every_ms, unlatched))
        if known is None:
            rule, event = self.rule, self.rule.happens
            silence = STALE_AFTER.patience_ms(report_every_ms) if rule.when is not None else None
            latch = rule.latch and not unlatched
            known = Patience(rule.hold, rule.release, rule.if_silent == "fire", latch, silence, event)
            self._patience[report_every_ms, unlatched] = known
        return known

    @property
    def quantities(self) -> tuple[str, ...]:
        """What it needs from a reading."""
        if self.condition is not None:
            return self.condition.quantities
        return (self.absent.quantity,) if self.absent is not None and self.absent.quantity else ()


def _written(rule: Rule) -> list[Node]:
    """What may change its answer beside the device: all but what belongs to an event."""
    texts = [rule.when, rule.clear, rule.only_if, *(grade.when for grade in rule.grades)]
    return [parse(text) for text in texts if text is not None]

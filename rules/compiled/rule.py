"""CompiledRule: one rule compiled for one kind of device, with its timing and what it reads."""

from __future__ import annotations

from typing import Final

from domain.kind import Kind
from rules.compiled.condition import CompiledCondition
from rules.language.analysis import depends_on_context, with_context_assumed
from rules.language.compiler import compile_expression
from rules.language.nodes import Node, attributes, referenced_findings, windows
from rules.language.parser import parse
from rules.language.time_edges import STATIC_OWNERS, time_conditions
from rules.lifecycle.state_machine import RuleTiming
from rules.rulebook.model import Absent, Rule, Rulebook
from rules.windows.moving import moving_windows

DEFAULT_STALENESS: Final = Absent()
"""When a device in alarm counts as silent: three reporting periods and ten minutes."""


class CompiledRule:
    """One rule for one kind. `rank`: it is judged after the rules of lower rank (rules/rulebook/precedence.py)."""

    def __init__(self, rule: Rule, book: Rulebook, kind: Kind, rank: int = 0) -> None:
        self.rule, self.name, self.kind, self.rank = rule, rule.name, kind.kind, rank
        self.hazard, self.version = book.hazard, str(book.version)
        units = {name: quantity.unit for name, quantity in kind.quantities.items()}
        self.absent = rule.absent
        self.gather = rule.gather
        asked = rule.when is not None or rule.event is not None
        self.condition = CompiledCondition(rule, units) if asked else None
        self.only_if = None if rule.only_if is None else compile_expression(parse(rule.only_if))
        self._timings: dict[tuple[int, bool], RuleTiming] = {}
        self._read_context(kind)

    def _read_context(self, kind: Kind) -> None:
        """Whether time or another finding alone may change its answer, and by which of its values."""
        written, lasts = _lasting_conditions(self.rule), not self.rule.is_momentary
        self.read_findings = frozenset[str]().union(*map(referenced_findings, written))
        self.time_conditions = tuple(dict.fromkeys(atom for node in written for atom in time_conditions(node)))
        self.uses_sun = any(one.owner == "sun" for atom in self.time_conditions for one in attributes(atom))
        happening = {name for name, quantity in kind.quantities.items() if quantity.event}
        states = {name for name, quantity in kind.quantities.items() if quantity.type == "bool"} - happening
        asked = [] if self.condition is None or not lasts else windows(self.rule.condition_tree)
        self.moving_windows = moving_windows(asked, states)
        """Windows that change with time while the device has nothing to report."""
        self.begin_nodes = self._start_nodes()
        """The conditions that must be true for it to begin."""
        self.written_attributes = tuple(
            dict.fromkeys(one for node in self.begin_nodes for one in attributes(node) if one.owner in STATIC_OWNERS)
        )
        """What is written down in the registry of a device, its person and its place, and read by these conditions."""
        self.is_reevaluated = lasts and bool(self.read_findings or self.time_conditions or self.moving_windows)
        """It is judged again when time or another finding may have changed its answer. What only happened is not."""
        self.keeps_inputs = lasts and self.condition is not None and (self.is_reevaluated or self.rule.latch)
        self.lasting_quantities = tuple(name for name in self.quantities if name not in happening)
        """Quantities whose last value still holds: the key of the last press does not."""
        self.keeps_quiet_inputs = self.condition is not None and (
            depends_on_context(self.rule.condition_tree) or bool(self.moving_windows)
        )
        """It may begin without another reading, also on values that are no danger yet."""
        self.start_conditions = (
            [compile_expression(with_context_assumed(node)) for node in self.begin_nodes] if self.is_reevaluated else []
        )
        """What must be true for it to begin without another reading."""

    def _start_nodes(self) -> list[Node]:
        question = [] if self.condition is None else [self.rule.condition_tree]
        return question if self.rule.only_if is None else [*question, parse(self.rule.only_if)]

    def timing(self, report_every_ms: int, unlatched: bool = False) -> RuleTiming:
        """How long it waits, for a device with this reporting plan; whether a person undid its latch."""
        known = self._timings.get((report_every_ms, unlatched))
        if known is None:
            rule, event = self.rule, self.rule.is_momentary
            silence = DEFAULT_STALENESS.allowed_silence_ms(report_every_ms) if rule.when is not None else None
            latch = rule.latch and not unlatched
            known = RuleTiming(rule.hold, rule.release, rule.if_silent == "fire", latch, silence, event)
            self._timings[report_every_ms, unlatched] = known
        return known

    @property
    def quantities(self) -> tuple[str, ...]:
        """What it needs from a reading."""
        if self.condition is not None:
            return self.condition.quantities
        return (self.absent.quantity,) if self.absent is not None and self.absent.quantity else ()


def _lasting_conditions(rule: Rule) -> list[Node]:
    """What may change its answer beside the device: all but what belongs to an event."""
    texts = [rule.when, rule.clear, rule.only_if, *(grade.when for grade in rule.grades)]
    return [parse(text) for text in texts if text is not None]

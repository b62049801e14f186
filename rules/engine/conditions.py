"""What the rules of one device say to values at one instant: each condition is asked, and its watch hears the answer.
It hears no reading and lets no time pass.
"""

from __future__ import annotations

from domain import Finding, Value
from rules.compiled.condition import Condition
from rules.compiled.rule import PlannedRule
from rules.engine.context import Scope
from rules.engine.evaluation import Occasion, words_of
from rules.engine.readings import with_memory
from rules.engine.reevaluation import note_inputs
from rules.engine.reload import Renewing
from rules.lifecycle.state_machine import QUIET_WATCH, Word
from rules.lifecycle.transitions import Signal
from rules.state.device import NO_WATCHES, Seat


class Weighing(Renewing):
    """Asks the rules of a device."""

    def _judge_values(self, seat: Seat, values: dict[str, Value], occasion: Occasion, told: list[Finding]) -> None:
        at, now = occasion.at, occasion.now
        scope = Scope(seat, self._near, at, with_memory(seat, at, values, occasion.late or occasion.retained))
        for planned, condition in seat.minds(self._near).judged if seat.watches is NO_WATCHES else seat.plan.judged:
            if not condition.wanted.isdisjoint(values):
                self._judge_rule(seat, planned, condition, scope, occasion, told)
            elif planned.name in seat.watches:
                self._say(seat, planned, Word(Signal.NO_WORD, at), now, told)

    def _judge_rule(
        self, seat: Seat, planned: PlannedRule, condition: Condition, scope: Scope, occasion: Occasion,
        told: list[Finding],
    ) -> None:  # fmt: skip
        self.evaluations += 1
        if planned.name in seat.watches or self._stirs(planned, condition, scope):
            self._weigh(seat, planned, scope, occasion, told)
        if planned.keeps_inputs:
            self._note(seat, planned, scope, occasion)

    def _note(self, seat: Seat, planned: PlannedRule, scope: Scope, occasion: Occasion) -> None:
        """Keeps what the rule was judged by, where time or another finding alone may change the answer."""
        note_inputs(seat, planned, self._near, scope.values, occasion)
        self._expect(seat, occasion.now)

    def _stirs(self, planned: PlannedRule, condition: Condition, scope: Scope) -> bool:
        """True when a quiet rule may see danger."""
        try:
            if condition.reflex is not None:
                value = scope.values.get(condition.reflex_quantity)
                if value is None or not condition.reflex(value):
                    return False
            return condition.answer(scope) is True
        except TypeError:
            self._cannot_judge(planned)
            return False

    def _weigh(self, seat: Seat, planned: PlannedRule, scope: Scope, occasion: Occasion, told: list[Finding]) -> None:
        watch = seat.watches.get(planned.name, QUIET_WATCH)
        try:
            words = words_of(planned, watch, scope, occasion)
        except TypeError:
            self._cannot_judge(planned)
            return
        if occasion.retained:
            words = self._first_retained(seat, planned, words)
        for word in words:
            self._say(seat, planned, word, occasion.now, told)

    def _first_retained(self, seat: Seat, planned: PlannedRule, words: list[Word]) -> list[Word]:
        """Of a retained message only danger counts, and once: its age is unknown, and it comes at every reconnect."""
        danger = words[0].signal is Signal.DANGER
        if not danger or planned.name in seat.watches or planned.name in seat.retained:
            return []
        seat.retain(planned.name)
        return words

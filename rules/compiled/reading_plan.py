"""ReadingPlan: what readings with the same quantities need from a quiet device, worked out once for all of them.

Nearly every reading changes nothing: each of its values lies where no rule can begin. A plan answers that with one
comparison a quantity, and names what the reading teaches nevertheless (last values, windows, trends).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Final

from msgspec import Struct

from domain import Instant, Value

ValueTest = Callable[[Value], object]
LastValues = Mapping[str, tuple[Instant, Value]]

PLANS_MAX: Final = 1_000
"""Combinations of quantities with a plan of their own; beyond it all are worked out again."""


class Guard(Struct, frozen=True):
    """A rule cannot begin unless `may_begin` is true of this quantity. It is not inside the open interval `quiet`."""

    quantity: str
    may_begin: ValueTest
    quiet: tuple[float, float] | None = None


class Guards:
    """Guards of several rules: one interval a quantity, and the tests that are no comparison with a number."""

    __slots__ = ("_ranges", "_tests", "count")

    def __init__(self, guards: Iterable[Guard]) -> None:
        guards = list(guards)
        self.count = len(guards)
        ranges: dict[str, tuple[float, float]] = {}
        for guard in guards:
            if guard.quiet is not None:
                lo, hi = ranges.get(guard.quantity, (-inf, inf))
                ranges[guard.quantity] = max(lo, guard.quiet[0]), min(hi, guard.quiet[1])
        self._ranges = tuple((name, lo, hi) for name, (lo, hi) in ranges.items())
        self._tests = tuple((guard.quantity, guard.may_begin) for guard in guards if guard.quiet is None)

    def exclude(self, values: Mapping[str, Value]) -> bool:
        """Whether none of the rules can begin by these values, which hold every quantity of the guards.

        Raises TypeError for a value of a type that cannot be compared.
        """
        for name, lo, hi in self._ranges:
            if not lo < values[name] < hi:  # type: ignore[operator]
                return False
        for name, may_begin in self._tests:  # noqa: SIM110 (a generator costs more than the loop, for every reading)
            if may_begin(values[name]):
                return False
        return True


class ReadingPlan:
    """How a reading with certain quantities is evaluated while every rule of its device is quiet.

    `value_tests` are the guards of rules that one value decides, `context_guards` those of the other rules that the
    reading concerns, None where one has none: then no reading is quiet. A rule whose guard asks for a quantity that is
    not in the reading can begin only by its last value. `remembered` and `trends`: quantities of the reading whose
    last values and slopes are kept. `is_stateless`: nothing of it is kept.
    """

    __slots__ = (
        "_guards", "_recalled", "evaluations", "has_histories", "is_stateless", "remembered", "trends", "value_tests",
    )  # fmt: skip

    def __init__(
        self, names: Iterable[str], value_tests: Iterable[Guard], context_guards: Sequence[Guard | None], *,
        is_stateless: bool, has_histories: bool, remembered: tuple[str, ...], trends: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.is_stateless, self.has_histories, self.remembered, self.trends = (
            is_stateless, has_histories, remembered, trends,
        )  # fmt: skip
        quantities, value_tests = frozenset(names), list(value_tests)
        context = [guard for guard in context_guards if guard is not None]
        is_guarded = len(context) == len(context_guards)
        here = [guard for guard in context if guard.quantity in quantities]
        self.value_tests = Guards(value_tests)
        self.evaluations = len(value_tests) + len(context_guards)
        """Rules that a quiet reading answers."""
        self._guards = Guards([*value_tests, *here]) if is_guarded else None
        self._recalled = frozenset(guard.quantity for guard in context) - quantities

    def is_quiet(self, values: Mapping[str, Value], last_values: LastValues | None) -> bool:
        """Whether no rule can begin by this reading."""
        guards = self._guards
        if guards is None or (last_values and not last_values.keys().isdisjoint(self._recalled)):
            return False
        try:
            return guards.exclude(values)
        except TypeError:
            return False

    def passes_value_tests(self, values: Mapping[str, Value]) -> bool:
        """Whether no rule that needs one value only can begin by this reading."""
        try:
            return self.value_tests.exclude(values)
        except TypeError:
            return False

"""The functions of the condition language, in one table: name, operand, unit and range of the result, labels in Chinese
and English. Parser, type check, units, windows and evidence read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Final
from typing import Literal as Choice

from msgspec import Struct

from domain.kind import LocalizedText

Form = Choice["plain", "learned", "window"]
"""`plain`: of values at one instant. `learned`: of what was seen for weeks. `window`: of a time, its last argument."""
Operand = Choice["any", "number", "measured", "counter"]
"""What it looks at: anything; numbers; numbers or yes and no; counters (`cumulative: true` in the kind)."""
Unit = Choice["same", "hourly", "times", "time", "days", "none"]
"""Unit of the result: that of its quantity, per hour, a plain count, a duration, days."""


class Function(Struct, frozen=True):
    """One function: how it is written, what it may look at, and what its result is."""

    name: str
    category: Form
    operand: Operand
    unit: Unit = "same"
    label: LocalizedText = LocalizedText(zh="", en="")
    in_range: bool = False
    """Its result lies where the quantity itself lies."""
    accepts_condition: bool = False
    """It may look at a comparison: `count(lel_pct > 10, 5m)`."""
    per_time: bool = False
    """Its result is read as so much in a time: `0.2 m³/12h`."""
    extra_argument: str = ""
    """An example of the argument between quantity and time: `quantile(x, 0.9, 1h)`."""
    aggregate: Callable[[Sequence[float]], float | None] | None = None
    """The result from the samples of the window, where their instants do not matter."""


def _deviation(values: Sequence[float]) -> float | None:
    """Population standard deviation, as stddev_over_time of PromQL; of one sample it is unknown."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return round(sqrt(sum((value - mean) ** 2 for value in values) / len(values)), 7)


_TABLE: Final = (
    Function("abs", "plain", "number"),
    Function("default", "plain", "any"),
    Function("known", "plain", "any", "none"),
    Function("distance_m", "plain", "number"),
    Function("usual", "learned", "measured", label=LocalizedText(zh="平时值", en="usual value")),
    Function("days_left", "learned", "number", "days", LocalizedText(zh="预计还能用", en="expected to last")),
    Function("increase", "window", "counter", label=LocalizedText(zh="增长", en="growth"), per_time=True),
    Function("rate", "window", "counter", "hourly", LocalizedText(zh="每小时增长", en="growth an hour")),
    Function("idle", "window", "counter", "time", LocalizedText(zh="最长不变", en="longest standstill")),
    # Rounded like a counter's growth: three times 0.1 is 0.3.
    Function(
        "sum", "window", "measured", label=LocalizedText(zh="合计", en="sum"), per_time=True, accepts_condition=True,
        aggregate=lambda values: round(sum(values), 7),
    ),
    Function(
        "min", "window", "measured", label=LocalizedText(zh="最低", en="lowest"), in_range=True,
        accepts_condition=True, aggregate=min,
    ),
    Function(
        "max", "window", "measured", label=LocalizedText(zh="最高", en="highest"), in_range=True,
        accepts_condition=True, aggregate=max,
    ),
    Function(
        "mean", "window", "measured", label=LocalizedText(zh="平均", en="mean"), in_range=True,
        accepts_condition=True, aggregate=lambda values: round(sum(values) / len(values), 7),
    ),
    Function(
        "count", "window", "measured", "times", LocalizedText(zh="次数", en="times"), per_time=True,
        accepts_condition=True, aggregate=len,
    ),
    Function(
        "last", "window", "measured", label=LocalizedText(zh="前值", en="former value"), in_range=True,
        accepts_condition=True, aggregate=lambda values: values[-1],
    ),
    Function(
        "quantile", "window", "number", label=LocalizedText(zh="分位值", en="quantile"), in_range=True,
        extra_argument="0.9",
    ),
    Function(
        "stddev", "window", "number", label=LocalizedText(zh="标准差", en="standard deviation"), aggregate=_deviation
    ),
    Function("predict", "window", "number", label=LocalizedText(zh="推算值", en="forecast"), extra_argument="2h"),
    Function("seen", "window", "measured", "time", LocalizedText(zh="有读数的时间", en="time with readings")),
)  # fmt: skip
FUNCTIONS: Final[Mapping[str, Function]] = {function.name: function for function in _TABLE}
BASELINE_FUNCTIONS: Final = frozenset(name for name, function in FUNCTIONS.items() if function.category == "learned")
COUNTER_FUNCTIONS: Final = frozenset(name for name, function in FUNCTIONS.items() if function.operand == "counter")
FULL_SAMPLE_FUNCTIONS: Final = frozenset(
    name for name, function in FUNCTIONS.items() if function.category == "window" and function.operand != "counter"
)
"""Windows that need every sample, not only the growth between them."""

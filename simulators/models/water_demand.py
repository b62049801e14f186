"""The water that an ordinary household draws, by hour of the day. Litres; deterministic by seed, household and day.

The use of a day is a random number of single uses at hours drawn from a daily pattern, scaled so that the counter at
every midnight is a function of the date alone: a run may begin at any day without adding up all days before it.

Sources: 100 to 140 l per resident and day in Sichuan (GB/T 50331, unverified), an elder 63 l (pysimdeum, Dutch
statistics); a flush about 10 l; about 6 % of people draw water at an hour of the night (domain facts B.4). The patterns
have the two peaks of residential demand; their figures, and those of single uses, are ours (unverified).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Final

from domain.holidays import is_workday

_WORKDAY: Final = (
    0.9, 0.5, 0.35, 0.35, 0.5, 1.6, 5.2, 8.4, 6.6, 4.2, 3.6, 4.2,
    5.0, 3.4, 2.6, 2.6, 3.0, 4.8, 8.2, 9.0, 8.8, 8.0, 5.6, 2.6,
)  # fmt: skip
_REST_DAY: Final = (
    1.3, 0.8, 0.45, 0.35, 0.4, 0.8, 2.4, 4.8, 7.2, 7.8, 7.0, 6.4,
    6.4, 5.0, 4.2, 4.0, 4.4, 5.4, 7.0, 7.4, 7.2, 6.8, 5.2, 3.3,
)  # fmt: skip
"""Shares of the hours of a day in per cent; they need not add up to 100."""
REST_DAY_FACTOR: Final = 1.15
"""More is drawn when people are at home: ours (unverified)."""
_LITRES_PER_PERSON: Final = 105.0
_LITRES_PER_HOUSEHOLD: Final = 35.0
_SPREAD: Final = 0.3
"""The use of a day lies within this share of its mean."""
_USES: Final = (7.0, 7.0, 7.0, 2.0, 3.0, 3.0, 5.0, 9.0, 12.0, 40.0)
"""Litres of single uses: flush, tap, dishes, shower."""
_ORIGIN: Final = date(2026, 1, 1)

Hours = tuple[float, ...]
"""Litres in each of the 24 hours of a day."""


def shares(*, rest_day: bool) -> Hours:
    """The share of every hour in the use of a day; they add up to 1."""
    pattern = _REST_DAY if rest_day else _WORKDAY
    total = sum(pattern)
    return tuple(share / total for share in pattern)


_SHARES: Final = {False: shares(rest_day=False), True: shares(rest_day=True)}
_CUMULATIVE: Final = {rest_day: tuple(accumulate(pattern)) for rest_day, pattern in _SHARES.items()}
_HOURS_OF_DAY: Final = range(24)


def mean_litres(persons: int, factor: float = 1.0) -> float:
    """The mean use of a workday. Nothing is drawn in an empty dwelling.

    >>> mean_litres(3), mean_litres(0)
    (350.0, 0.0)
    """
    return factor * (_LITRES_PER_HOUSEHOLD + _LITRES_PER_PERSON * persons) if persons else 0.0


def day_factor(day: date) -> float:
    """How much more than on a workday is drawn."""
    return 1.0 if is_workday(day) else REST_DAY_FACTOR


@lru_cache(maxsize=4096)
def days_weight(day: date) -> float:
    """The sum of the factors of the days before `day`, from 2026-01-01 on; earlier days count as workdays.

    >>> round(days_weight(date(2026, 1, 6)), 9), days_weight(date(2025, 12, 30))
    (5.45, -2.0)
    """
    days = (day - _ORIGIN).days
    return float(days) if days <= 0 else sum(day_factor(_ORIGIN + timedelta(days=n)) for n in range(days))


class Demand:
    """The demand of one household. `litres_before` and `hours` agree: one is the sum of the other."""

    def __init__(self, seed: int, household: str, persons: int) -> None:
        random = Random(f"{seed}/demand/{household}")
        self._name = f"{seed}/demand/{household}/"
        self._count = 8 + 7 * persons
        self.mean = mean_litres(persons, random.uniform(0.7, 1.35))

    def litres_before(self, day: date) -> float:
        """All that was drawn before the day, from 2026-01-01 on."""
        return self.mean * (days_weight(day) + _SPREAD * self._random(day).random())

    def hours(self, day: date) -> Hours:
        """What is drawn in each hour of the day."""
        if not self.mean:
            return (0.0,) * 24
        random = self._random(day)
        noise = random.random()
        total = self.mean * (day_factor(day) + _SPREAD * (self._random(day + timedelta(days=1)).random() - noise))
        return _spread(random, total, self._count, _CUMULATIVE[not is_workday(day)])

    def _random(self, day: date) -> Random:
        return Random(f"{self._name}{day.toordinal()}")


def _spread(random: Random, total: float, count: int, cumulative: Sequence[float]) -> Hours:
    """`total` as `count` single uses at random hours."""
    used = [0.0] * 24
    uses = random.choices(_USES, k=count)
    for hour, litres in zip(random.choices(_HOURS_OF_DAY, cum_weights=cumulative, k=count), uses, strict=True):
        used[hour] += litres
    scale = total / sum(uses)
    return tuple(litres * scale for litres in used)

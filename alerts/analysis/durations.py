"""Distribution of response times: number, mean, median and 90th percentile."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class DurationSummary(Struct, frozen=True):
    """Response times in ms. `mean_ms` is MTTA or MTTR; all but `count` are None where nothing was measured."""

    count: int = 0
    mean_ms: int | None = None
    median_ms: int | None = None
    p90_ms: int | None = None


NOTHING_MEASURED = DurationSummary()


class Share(Struct, frozen=True):
    """`count` of `total`."""

    count: int = 0
    total: int = 0

    @property
    def ratio(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.count / self.total if self.total else None


def summarize_durations(values_ms: Iterable[int]) -> DurationSummary:
    """Mean, median and 90th percentile (nearest rank) of these times.

    >>> summarize_durations([40_000, 20_000, 90_000])
    DurationSummary(count=3, mean_ms=50000, median_ms=40000, p90_ms=90000)
    """
    return summarize_sorted(sorted(values_ms))


def summarize_sorted(ordered: list[int]) -> DurationSummary:
    """The same of times in ascending order."""
    if not ordered:
        return NOTHING_MEASURED
    return DurationSummary(
        count=len(ordered),
        mean_ms=round(sum(ordered) / len(ordered)),
        median_ms=percentile(ordered, 50),
        p90_ms=percentile(ordered, 90),
    )


def percentile(ordered: list[int], percent: int) -> int:
    """The smallest value with at least `percent` % of the values at or below it (nearest rank).

    >>> percentile([1, 2, 3, 4], 50), percentile([1, 2, 3, 4], 90), percentile([7], 50)
    (2, 4, 7)
    """
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

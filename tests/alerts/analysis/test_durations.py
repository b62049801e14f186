"""Median and 90th percentile of response times."""

from __future__ import annotations

from statistics import mean

from hypothesis import given
from hypothesis import strategies as st

from alerts.analysis.durations import NOTHING_MEASURED, Share, percentile, summarize_durations


def test_without_a_response_there_is_nothing_to_average() -> None:
    assert summarize_durations([]) == NOTHING_MEASURED
    assert Share().ratio is None
    assert Share(1, 4).ratio == 0.25


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60), st.integers(1, 100))
def test_at_least_the_percentage_of_values_is_at_or_below_a_percentile_and_none_lower_would_do(
    values: list[int], percent: int
) -> None:
    found = percentile(sorted(values), percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)
    assert summarize_durations(values).mean_ms == round(mean(values))

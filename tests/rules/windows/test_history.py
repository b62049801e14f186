"""The sample history of a counter: growth with resets and reverse flow, standstill, unknown results."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain import HOUR, MINUTE
from rules.language.nodes import WindowCall, windows
from rules.language.parser import parse
from rules.windows.history import BUCKETS_PER_WINDOW, MAX_SAMPLES, SampleHistory

DAY_MS = 24 * HOUR


def history(*samples: tuple[int, float], keep_ms: int = 12 * HOUR) -> SampleHistory:
    samples_ = SampleHistory(keep_ms, [])
    for at, value in samples:
        samples_.add(at, value)
    return samples_


def gauge_history(*samples: tuple[int, float]) -> SampleHistory:
    samples_ = SampleHistory(12 * HOUR, [], exact=True)
    for at, value in samples:
        samples_.add(at, value)
    return samples_


def test_growth_is_unknown_until_the_samples_reach_back_far_enough() -> None:
    assert history((0, 5.0)).increase(0, HOUR) is None
    assert history((0, 5.0), (HOUR // 2, 6.0)).increase(HOUR // 2, HOUR) is None
    assert history((0, 312.407), (HOUR, 312.417)).increase(HOUR, HOUR) == 0.01


def test_a_reset_counts_from_zero_and_reverse_flow_is_not_counted() -> None:
    assert history((0, 300.0), (1, 0.2), (2, 0.3)).increase(2, 2) == 0.3
    assert history((0, 300.0), (1, 299.999), (2, 300.001)).increase(2, 2) == 0.002


def test_samples_are_placed_by_event_time_and_the_same_instant_replaces() -> None:
    samples_ = history((0, 1.0), (20, 3.0), (10, 2.0), (20, 4.0))
    assert samples_.samples == [(0, 1.0), (10, 2.0), (20, 4.0)]
    assert samples_.increase(10, 10) == 1.0


def test_only_samples_before_the_queried_instant_count() -> None:
    assert history((0, 1.0), (HOUR, 2.0), (2 * HOUR, 9.0)).increase(HOUR, HOUR) == 1.0


def test_samples_before_the_window_are_dropped_except_its_start() -> None:
    samples_ = history(*((hour * HOUR, float(hour)) for hour in range(48)))
    assert samples_.samples[0][0] == 35 * HOUR
    assert samples_.increase(47 * HOUR, 12 * HOUR) == 12.0


def test_a_fast_counter_is_thinned_and_still_counts_right() -> None:
    samples_ = history(*((second * 1000, second / 1000) for second in range(86_400)))
    assert len(samples_.samples) <= 2 * BUCKETS_PER_WINDOW + 2
    assert samples_.increase(86_399_000, 12 * HOUR) == samples_.samples[-1][1] - samples_.samples[0][1]


def test_a_counter_that_resets_all_the_time_stays_bounded() -> None:
    samples_ = history(*((second * 1000, float(second % 2)) for second in range(4000)))
    assert len(samples_.samples) <= MAX_SAMPLES


def test_the_longest_standstill_is_found() -> None:
    samples = [(0, 1.0), (2 * HOUR, 2.0), (3 * HOUR, 2.0), (4 * HOUR, 2.0), (5 * HOUR, 3.0)]
    more = [(hour * HOUR, float(hour)) for hour in range(6, 25)]
    assert history(*samples, *more, keep_ms=DAY_MS).idle(DAY_MS, DAY_MS) == 2 * HOUR


def test_a_standstill_without_samples_is_unknown() -> None:
    assert history((0, 1.0), (DAY_MS, 2.0), keep_ms=DAY_MS).idle(DAY_MS, DAY_MS) is None
    assert history((0, 1.0), keep_ms=DAY_MS).idle(0, DAY_MS) is None


@given(st.lists(st.integers(1, 30), min_size=2, max_size=60), st.randoms(use_true_random=False))
def test_growth_does_not_depend_on_the_order_of_arrival(steps: list[int], shuffle: object) -> None:
    samples = [(index * 10 * MINUTE, float(sum(steps[:index]))) for index in range(len(steps))]
    shuffled = list(samples)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    last = samples[-1][0]
    assert history(*shuffled).increase(last, HOUR) == history(*samples).increase(last, HOUR)


def query(samples_: SampleHistory, written: str, at: int) -> float | None:
    (window,) = windows(parse(written))
    return samples_.query(window, at)


def test_aggregates_over_a_window() -> None:
    samples_ = gauge_history((0, 100.0), (1 * HOUR, 3.0), (2 * HOUR, 1.0), (3 * HOUR, 2.0))
    expected_results = {"sum": 6.0, "min": 1.0, "max": 3.0, "mean": 2.0, "count": 3.0, "last": 2.0, "seen": 3.0 * HOUR}
    for function, answer in expected_results.items():
        assert query(samples_, f"{function}(a, 3h) > 0", 3 * HOUR) == answer, function
    assert query(samples_, "last(a, 3h) > 0", 2 * HOUR) == 1.0
    assert query(samples_, "quantile(a, 0.5, 3h) > 0", 3 * HOUR) == 2.0
    assert query(samples_, "quantile(a, 0.9, 3h) > 0", 3 * HOUR) == 2.8
    assert query(samples_, "quantile(a, 1, 3h) > 0", 3 * HOUR) == 3.0


def test_the_seen_time_is_limited_by_the_oldest_sample() -> None:
    assert query(gauge_history((0, 1.0)), "seen(a, 3h) > 0", 0) == 0.0
    assert query(gauge_history((0, 1.0), (HOUR, 1.0)), "seen(a, 3h) > 0", HOUR) == HOUR
    assert query(gauge_history((0, 1.0), (5 * HOUR, 1.0)), "seen(a, 3h) > 0", 5 * HOUR) == 3 * HOUR


def test_a_window_without_samples_is_unknown() -> None:
    assert query(gauge_history((0, 1.0)), "mean(a, 1h) > 0", HOUR) is None
    assert query(gauge_history((0, 1.0)), "rate(a, 1h) > 0", HOUR) is None


def test_a_rate_is_growth_per_hour_over_the_observed_time() -> None:
    assert query(history((0, 1.0), (2 * HOUR, 2.0), (3 * HOUR, 4.0)), "rate(a, 90m) > 0", 3 * HOUR) == 1.0


def test_a_counter_that_rolls_over_continues_and_an_exchanged_one_starts_again() -> None:
    assert history((0, 99_999.9), (1, 0.3)).increase(1, 1) == 0.4
    assert history((0, 9_990.0), (1, 500.0)).increase(1, 1) == 500.0
    assert history((0, 0.999), (1, 0.001)).increase(1, 1) == 0.001


def test_beyond_the_sample_limit_each_bucket_keeps_its_extremes() -> None:
    samples_ = SampleHistory(12 * HOUR, [], exact=True)
    for second in range(0, 43_200, 10):
        samples_.add(second * 1000, 99.0 if second == 20_000 else float(second % 70))
    assert len(samples_.samples) <= MAX_SAMPLES
    assert query(samples_, "max(a, 12h) > 0", 43_190_000) == 99.0
    assert query(samples_, "min(a, 12h) > 0", 43_190_000) == 0.0


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 9)), min_size=1, max_size=1500))
def test_a_repeated_sample_counts_once(samples: list[tuple[int, int]]) -> None:
    once, twice = SampleHistory(60 * MINUTE, [], exact=True), SampleHistory(60 * MINUTE, [], exact=True)
    for at, value in samples:
        once.add(at * 1000, value)
        twice.add(at * 1000, value)
        twice.add(at * 1000, value)
    assert once.samples == twice.samples


def test_a_corrected_sample_is_counted_again() -> None:
    samples_ = history((0, 1.0), (HOUR, 2.0), (2 * HOUR, 3.0))
    samples_.add(HOUR, 0.1)
    assert samples_.increase(2 * HOUR, 2 * HOUR) == 3.0
    samples_.add(HOUR, 1.0)
    assert samples_.increase(2 * HOUR, 2 * HOUR) == 2.0


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from([0, 0, 1, 2])), min_size=2, max_size=80), st.booleans())
def test_incremental_results_equal_recomputed_ones(samples: list[tuple[int, int]], exact: bool) -> None:
    samples_, total = SampleHistory(40 * MINUTE, [], exact), 0
    for at, more in samples:
        total += more
        samples_.add(at * MINUTE, float(total))
    recomputed = SampleHistory(40 * MINUTE, samples_.samples, exact)
    last = samples_.samples[-1][0]
    for length in (5, 20, 40):
        for function in ("increase", "idle", "rate"):
            window = WindowCall(function, "a", length * MINUTE)
            assert samples_.query(window, last) == recomputed.query(window, last)

"""The recent past of a counter: growth through resets and running back, standstill, and what cannot be known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain import HOUR, MINUTE
from rules.language.nodes import WindowCall, windows
from rules.language.parser import parse
from rules.windows.history import BUCKETS_PER_WINDOW, MAX_SAMPLES, SampleHistory

DAY_MS = 24 * HOUR


def history(*samples: tuple[int, float], keep_ms: int = 12 * HOUR) -> SampleHistory:
    past = SampleHistory(keep_ms, [])
    for at, value in samples:
        past.add(at, value)
    return past


def gauge(*samples: tuple[int, float]) -> SampleHistory:
    past = SampleHistory(12 * HOUR, [], exact=True)
    for at, value in samples:
        past.add(at, value)
    return past


def test_growth_is_unknown_until_the_samples_reach_back_far_enough() -> None:
    assert history((0, 5.0)).increase(0, HOUR) is None
    assert history((0, 5.0), (HOUR // 2, 6.0)).increase(HOUR // 2, HOUR) is None
    assert history((0, 312.407), (HOUR, 312.417)).increase(HOUR, HOUR) == 0.01


def test_a_reset_counts_from_zero_and_water_running_back_counts_nothing() -> None:
    assert history((0, 300.0), (1, 0.2), (2, 0.3)).increase(2, 2) == 0.3
    assert history((0, 300.0), (1, 299.999), (2, 300.001)).increase(2, 2) == 0.002


def test_samples_are_placed_by_event_time_and_the_same_instant_replaces() -> None:
    past = history((0, 1.0), (20, 3.0), (10, 2.0), (20, 4.0))
    assert past.samples == [(0, 1.0), (10, 2.0), (20, 4.0)]
    assert past.increase(10, 10) == 1.0


def test_only_what_is_before_the_asked_instant_counts() -> None:
    assert history((0, 1.0), (HOUR, 2.0), (2 * HOUR, 9.0)).increase(HOUR, HOUR) == 1.0


def test_the_past_before_the_window_is_forgotten_but_for_its_start() -> None:
    past = history(*((hour * HOUR, float(hour)) for hour in range(48)))
    assert past.samples[0][0] == 35 * HOUR
    assert past.increase(47 * HOUR, 12 * HOUR) == 12.0


def test_a_fast_counter_is_thinned_and_still_counts_right() -> None:
    past = history(*((second * 1000, second / 1000) for second in range(86_400)))
    assert len(past.samples) <= 2 * BUCKETS_PER_WINDOW + 2
    assert past.increase(86_399_000, 12 * HOUR) == past.samples[-1][1] - past.samples[0][1]


def test_a_counter_that_resets_all_the_time_stays_bounded() -> None:
    past = history(*((second * 1000, float(second % 2)) for second in range(4000)))
    assert len(past.samples) <= MAX_SAMPLES


def test_the_longest_standstill_is_found() -> None:
    samples = [(0, 1.0), (2 * HOUR, 2.0), (3 * HOUR, 2.0), (4 * HOUR, 2.0), (5 * HOUR, 3.0)]
    more = [(hour * HOUR, float(hour)) for hour in range(6, 25)]
    assert history(*samples, *more, keep_ms=DAY_MS).idle(DAY_MS, DAY_MS) == 2 * HOUR


def test_a_standstill_nobody_looked_at_is_unknown() -> None:
    assert history((0, 1.0), (DAY_MS, 2.0), keep_ms=DAY_MS).idle(DAY_MS, DAY_MS) is None
    assert history((0, 1.0), keep_ms=DAY_MS).idle(0, DAY_MS) is None


@given(st.lists(st.integers(1, 30), min_size=2, max_size=60), st.randoms(use_true_random=False))
def test_growth_does_not_depend_on_the_order_of_arrival(steps: list[int], shuffle: object) -> None:
    samples = [(index * 10 * MINUTE, float(sum(steps[:index]))) for index in range(len(steps))]
    shuffled = list(samples)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    last = samples[-1][0]
    assert history(*shuffled).increase(last, HOUR) == history(*samples).increase(last, HOUR)


def ask(past: SampleHistory, written: str, at: int) -> float | None:
    (window,) = windows(parse(written))
    return past.query(window, at)


def test_what_was_measured_in_a_time_is_summed_counted_and_compared() -> None:
    past = gauge((0, 100.0), (1 * HOUR, 3.0), (2 * HOUR, 1.0), (3 * HOUR, 2.0))
    questions = {"sum": 6.0, "min": 1.0, "max": 3.0, "mean": 2.0, "count": 3.0, "last": 2.0, "seen": 3.0 * HOUR}
    for function, answer in questions.items():
        assert ask(past, f"{function}(a, 3h) > 0", 3 * HOUR) == answer, function
    assert ask(past, "last(a, 3h) > 0", 2 * HOUR) == 1.0
    assert ask(past, "quantile(a, 0.5, 3h) > 0", 3 * HOUR) == 2.0
    assert ask(past, "quantile(a, 0.9, 3h) > 0", 3 * HOUR) == 2.8
    assert ask(past, "quantile(a, 1, 3h) > 0", 3 * HOUR) == 3.0


def test_the_time_seen_is_no_longer_than_the_readings_reach_back() -> None:
    assert ask(gauge((0, 1.0)), "seen(a, 3h) > 0", 0) == 0.0
    assert ask(gauge((0, 1.0), (HOUR, 1.0)), "seen(a, 3h) > 0", HOUR) == HOUR
    assert ask(gauge((0, 1.0), (5 * HOUR, 1.0)), "seen(a, 3h) > 0", 5 * HOUR) == 3 * HOUR


def test_nothing_measured_in_the_time_is_unknown() -> None:
    assert ask(gauge((0, 1.0)), "mean(a, 1h) > 0", HOUR) is None
    assert ask(gauge((0, 1.0)), "rate(a, 1h) > 0", HOUR) is None


def test_a_rate_is_growth_an_hour_over_the_time_really_seen() -> None:
    assert ask(history((0, 1.0), (2 * HOUR, 2.0), (3 * HOUR, 4.0)), "rate(a, 90m) > 0", 3 * HOUR) == 1.0


def test_a_counter_that_rolls_over_goes_on_and_an_exchanged_one_begins_anew() -> None:
    assert history((0, 99_999.9), (1, 0.3)).increase(1, 1) == 0.4
    assert history((0, 9_990.0), (1, 500.0)).increase(1, 1) == 500.0
    assert history((0, 0.999), (1, 0.001)).increase(1, 1) == 0.001


def test_beyond_its_limit_each_piece_of_time_keeps_its_extremes() -> None:
    past = SampleHistory(12 * HOUR, [], exact=True)
    for second in range(0, 43_200, 10):
        past.add(second * 1000, 99.0 if second == 20_000 else float(second % 70))
    assert len(past.samples) <= MAX_SAMPLES
    assert ask(past, "max(a, 12h) > 0", 43_190_000) == 99.0
    assert ask(past, "min(a, 12h) > 0", 43_190_000) == 0.0


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 9)), min_size=1, max_size=1500))
def test_what_is_said_twice_at_once_counts_once(said: list[tuple[int, int]]) -> None:
    once, twice = SampleHistory(60 * MINUTE, [], exact=True), SampleHistory(60 * MINUTE, [], exact=True)
    for at, value in said:
        once.add(at * 1000, value)
        twice.add(at * 1000, value)
        twice.add(at * 1000, value)
    assert once.samples == twice.samples


def test_a_correction_of_the_past_is_counted_anew() -> None:
    past = history((0, 1.0), (HOUR, 2.0), (2 * HOUR, 3.0))
    past.add(HOUR, 0.1)
    assert past.increase(2 * HOUR, 2 * HOUR) == 3.0
    past.add(HOUR, 1.0)
    assert past.increase(2 * HOUR, 2 * HOUR) == 2.0


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from([0, 0, 1, 2])), min_size=2, max_size=80), st.booleans())
def test_what_is_reckoned_at_once_is_what_is_reckoned_step_by_step(said: list[tuple[int, int]], exact: bool) -> None:
    past, total = SampleHistory(40 * MINUTE, [], exact), 0
    for at, more in said:
        total += more
        past.add(at * MINUTE, float(total))
    again = SampleHistory(40 * MINUTE, past.samples, exact)
    last = past.samples[-1][0]
    for length in (5, 20, 40):
        for function in ("increase", "idle", "rate"):
            window = WindowCall(function, "a", length * MINUTE)
            assert past.query(window, last) == again.query(window, last)

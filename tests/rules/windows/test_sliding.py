"""Sliding windows: the incremental result equals a search through all samples, in any order of arrival."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.language.nodes import WindowCall
from rules.windows.history import Sample, SampleHistory
from rules.windows.sliding import MIN_SAMPLES_PER_WINDOW, counter_increase
from tests.support.long_form import examples

KEEP_MS = 240
GAPS, DELAYS, LENGTHS = [1, 1, 1, 2, 3, 5, 19, 40], [0] * 40 + [3, 50], [KEEP_MS, 120, 60]
GROWTH, LEVELS = [0] * 9 + [1, 2, -1000], [0, 1, 2, 3, 4]
Steps = list[tuple[int, int, int, int]]


def step_lists(values: list[int]) -> st.SearchStrategy[Steps]:
    """Short and long lists: only long ones have incremental state."""
    step = st.tuples(*map(st.sampled_from, (GAPS, DELAYS, values, LENGTHS)))
    return st.one_of(st.lists(step, max_size=40), st.integers(0).map(lambda seed: long_step_list(values, Random(seed))))


def long_step_list(values: list[int], chance: Random) -> Steps:
    gaps, delays = chance.choice([GAPS, [1, 2, 3]]), chance.choice([[0], DELAYS])
    lengths = chance.choice([LENGTHS, [KEEP_MS]])
    values = chance.choice([values, [*values, *[values[0]] * 100]])
    return [
        (chance.choice(gaps), chance.choice(delays), chance.choice(values), chance.choice(lengths)) for _ in range(200)
    ]


def longest_standstill(samples: list[Sample], at: int, length_ms: int) -> float | None:
    """By definition: every standstill between two movements, clipped at the start of the window."""
    before = [sample for sample in samples if sample[0] <= at - length_ms][-1:]
    seen = before + [sample for sample in samples if at - length_ms < sample[0] <= at]
    if (
        not before
        or len(seen) < 2
        or max(b - a for (a, _), (b, _) in pairwise(seen)) > length_ms // MIN_SAMPLES_PER_WINDOW
    ):
        return None
    longest, since = 0, seen[0][0]
    for (a, value), (b, after) in pairwise(seen):
        since = since if counter_increase(value, after) == 0 else b
        longest = max(longest, b - since, a - since)
    return float(longest)


@settings(max_examples=examples(200, short=70), deadline=None)
@given(steps=step_lists(GROWTH))
def test_the_incremental_longest_standstill_equals_the_searched_one(steps: Steps) -> None:
    samples_, now, total = SampleHistory(KEEP_MS), 0, 0
    for gap, delay, more, length_ms in steps:
        now, total = now + gap, max(total + more, 0)
        samples_.add(now - delay, float(total))
        for at in (now, now - delay):
            found = samples_.query(WindowCall("idle", "a", length_ms), at)
            assert found == longest_standstill(samples_.samples, at, length_ms)


@settings(max_examples=examples(200, short=70), deadline=None)
@given(steps=step_lists(LEVELS))
def test_the_incremental_extremes_equal_the_searched_ones(steps: Steps) -> None:
    samples_, now = SampleHistory(KEEP_MS, exact=True), 0
    for gap, delay, value, length_ms in steps:
        now += gap
        samples_.add(now - delay, float(value))
        for at in (now, now - delay):
            seen = [held for when, held in samples_.samples if at - length_ms < when <= at]
            assert samples_.query(WindowCall("max", "a", length_ms), at) == max(seen, default=None)
            assert samples_.query(WindowCall("min", "a", length_ms), at) == min(seen, default=None)


def test_growth_after_a_reset_outside_the_window_counts_from_its_start() -> None:
    samples_ = SampleHistory(KEEP_MS)
    for at, value in ((0, 300.0), (10, 0.0), (20, 1.0), (30, 3.0), (40, 7.0)):
        samples_.add(at, value)
    assert samples_.increase(40, 40) == 7.0
    assert samples_.increase(40, 20) == 6.0

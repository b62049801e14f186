"""What is remembered of a moving window is what looking through all of it says, whatever came and in whatever order."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.language.nodes import WindowCall
from rules.windows.history import Sample, SampleHistory
from rules.windows.sliding import MIN_SAMPLES_PER_WINDOW, counter_increase

KEEP_MS = 240
GAPS, DELAYS, LENGTHS = [1, 1, 1, 2, 3, 5, 19, 40], [0] * 40 + [3, 50], [KEEP_MS, 120, 60]
GROWTH, LEVELS = [0] * 9 + [1, 2, -1000], [0, 1, 2, 3, 4]
Said = list[tuple[int, int, int, int]]


def stories(values: list[int]) -> st.SearchStrategy[Said]:
    """Short ones, and long ones: only these have something to remember."""
    step = st.tuples(*map(st.sampled_from, (GAPS, DELAYS, values, LENGTHS)))
    return st.one_of(st.lists(step, max_size=40), st.integers(0).map(lambda seed: long_story(values, Random(seed))))


def long_story(values: list[int], chance: Random) -> Said:
    gaps, delays = chance.choice([GAPS, [1, 2, 3]]), chance.choice([[0], DELAYS])
    lengths = chance.choice([LENGTHS, [KEEP_MS]])
    values = chance.choice([values, [*values, *[values[0]] * 100]])
    return [
        (chance.choice(gaps), chance.choice(delays), chance.choice(values), chance.choice(lengths)) for _ in range(200)
    ]


def longest_standstill(samples: list[Sample], at: int, length_ms: int) -> float | None:
    """The plain way: every standstill between two movements, clipped where the window begins."""
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


@settings(max_examples=200, deadline=None)
@given(said=stories(GROWTH))
def test_the_longest_standstill_is_the_same_looked_up_or_looked_through(said: Said) -> None:
    past, now, total = SampleHistory(KEEP_MS), 0, 0
    for gap, delay, more, length_ms in said:
        now, total = now + gap, max(total + more, 0)
        past.add(now - delay, float(total))
        for at in (now, now - delay):
            found = past.query(WindowCall("idle", "a", length_ms), at)
            assert found == longest_standstill(past.samples, at, length_ms)


@settings(max_examples=200, deadline=None)
@given(said=stories(LEVELS))
def test_the_extremes_are_the_same_looked_up_or_looked_through(said: Said) -> None:
    past, now = SampleHistory(KEEP_MS, exact=True), 0
    for gap, delay, value, length_ms in said:
        now += gap
        past.add(now - delay, float(value))
        for at in (now, now - delay):
            seen = [held for when, held in past.samples if at - length_ms < when <= at]
            assert past.query(WindowCall("max", "a", length_ms), at) == max(seen, default=None)
            assert past.query(WindowCall("min", "a", length_ms), at) == min(seen, default=None)


def test_growth_after_a_fall_that_has_left_the_window_is_counted_from_its_start() -> None:
    past = SampleHistory(KEEP_MS)
    for at, value in ((0, 300.0), (10, 0.0), (20, 1.0), (30, 3.0), (40, 7.0)):
        past.add(at, value)
    assert past.increase(40, 40) == 7.0
    assert past.increase(40, 20) == 6.0

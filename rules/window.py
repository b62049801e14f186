"""The recent past of one counter of one device, in event time: how much it grew, how long it stood still. It knows no
rules and no arrival time; what it cannot know it answers with None.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import Final

from msgspec import Struct

from domain import Instant

Sample = tuple[Instant, float]
FINENESS: Final = 128
"""A window is kept in about this many samples: memory a device is bounded, whatever its reporting rate."""
MOST_SAMPLES: Final = 4 * FINENESS
"""A counter that resets with every reading cannot be thinned; then the oldest go."""
SEEN_AT_LEAST: Final = 12
"""`idle` must have seen the counter this often in the window; a standstill nobody looked at is unknown."""
RESET_BELOW: Final = 0.5
"""A counter that falls below this part of itself was reset or exchanged; a smaller fall is water running back."""


class History(Struct):
    """Samples in event-time order, the newest `keep_ms` of them and one more before, so that the window has a start."""

    keep_ms: int
    samples: list[Sample]

    def add(self, at: Instant, value: float) -> None:
        """Places one sample; the same instant again replaces it."""
        samples = self.samples
        index = bisect_left(samples, (at,))
        if index < len(samples) and samples[index][0] == at:
            samples[index] = (at, value)
        elif index == len(samples):
            self._append(at, value)
        else:
            samples.insert(index, (at, value))
        self._forget()

    def _append(self, at: Instant, value: float) -> None:
        samples = self.samples
        # Thinning drops a sample between two close ones; a falling counter is never thinned: it may be a reset.
        close = len(samples) > 1 and at - samples[-2][0] < self.keep_ms // FINENESS
        if close and samples[-2][1] <= samples[-1][1] <= value:
            samples.pop()
        samples.append((at, value))

    def _forget(self) -> None:
        start = self.samples[-1][0] - self.keep_ms
        beyond = bisect_right(self.samples, start, key=_at) - 1
        excess = max(beyond, len(self.samples) - MOST_SAMPLES)
        if excess > 0:
            del self.samples[:excess]

    def since(self, at: Instant, length_ms: int) -> list[Sample] | None:
        """The samples that cover the `length_ms` before `at`; None when they do not reach back so far."""
        start = bisect_right(self.samples, at - length_ms, key=_at) - 1
        end = bisect_right(self.samples, at, key=_at)
        return self.samples[start:end] if 0 <= start < end - 1 else None

    def increase(self, at: Instant, length_ms: int) -> float | None:
        """How much the counter grew over at least the last `length_ms`; resets and running back are seen through."""
        samples = self.since(at, length_ms)
        if samples is None:
            return None
        # Rounded to a tenth of a millilitre: 312.417 - 312.407 must not be 0.009999999999990905 and below one flush.
        return round(sum(_grown(a[1], b[1]) for a, b in pairwise(samples)), 7)

    def idle(self, at: Instant, length_ms: int) -> float | None:
        """The longest standstill, in milliseconds, within the last `length_ms`."""
        samples = self.since(at, length_ms)
        if samples is None:
            return None
        longest, standing = 0, 0
        for (t0, v0), (t1, v1) in pairwise(samples):
            if t1 - t0 > length_ms // SEEN_AT_LEAST:
                return None
            standing = standing + t1 - t0 if _grown(v0, v1) == 0 else 0
            longest = max(longest, standing)
        return float(longest)


def _at(sample: Sample) -> Instant:
    return sample[0]


def _grown(before: float, after: float) -> float:
    if after >= before:
        return after - before
    return after if after < before * RESET_BELOW else 0.0

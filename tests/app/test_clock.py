"""Wall time that never goes back."""

from __future__ import annotations

import pytest

from app import clock


def test_a_clock_that_is_set_back_stands_still_until_it_is_reached_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([100, 40, 99, 101])
    monkeypatch.setattr(clock.time, "time_ns", lambda: next(seconds) * 1_000_000_000)
    now = clock.Clock()
    assert [now() for _ in range(4)] == [100_000, 100_000, 100_000, 101_000]

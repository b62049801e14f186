"""The short form of `python -m benchmarks.presses`: equal presses of buttons that send neither time nor counter."""

from __future__ import annotations

import pytest

from benchmarks.presses import run_with_kills


@pytest.mark.thorough
def test_after_kills_each_press_is_one_reading_though_all_presses_have_equal_bytes() -> None:
    assert (0, 0) == run_with_kills(kills=1, presses_per_kill=600, seed=5, log=False)

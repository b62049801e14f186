"""Random numbers by name."""

from __future__ import annotations

from simulators.faults.draws import draw, draws


def test_a_key_gives_the_same_numbers_whatever_was_drawn_before() -> None:
    first = draws(3, "seed", "gas-1", 17)
    assert draw("seed", "gas-2") != draw("seed", "gas-3")
    assert draws(3, "seed", "gas-1", 17) == first


def test_numbers_lie_in_the_unit_interval_and_fill_it() -> None:
    numbers = [number for index in range(2_000) for number in draws(2, index)]
    assert all(0 <= number < 1 for number in numbers)
    assert 0.48 < sum(numbers) / len(numbers) < 0.52

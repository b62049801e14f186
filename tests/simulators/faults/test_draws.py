"""Random numbers by name."""

from __future__ import annotations

from simulators.faults.draws import draw, draws, key_of, quick_draw


def test_a_key_gives_the_same_numbers_whatever_was_drawn_before() -> None:
    first = draws(3, "seed", "gas-1", 17)
    assert draw("seed", "gas-2") != draw("seed", "gas-3")
    assert draws(3, "seed", "gas-1", 17) == first


def test_numbers_lie_in_the_unit_interval_and_fill_it() -> None:
    numbers = [number for index in range(2_000) for number in draws(2, index)]
    assert all(0 <= number < 1 for number in numbers)
    assert 0.48 < sum(numbers) / len(numbers) < 0.52


def test_quick_draws_fill_the_interval_and_differ_by_key_and_number() -> None:
    key = key_of("5/duplicate")
    numbers = [quick_draw(key ^ key_of(f"gas-{device}"), at) for device in range(50) for at in range(100)]
    assert len(set(numbers)) == 5_000
    assert 0.48 < sum(numbers) / len(numbers) < 0.52
    assert 0.06 < sum(number < 0.08 for number in numbers) / len(numbers) < 0.1
    # The first number of SplitMix64 with the seed 0, so that another machine is known to draw the same.
    assert quick_draw(0, 1) == 0xE220A8397B1DCDAF / 2**64
    assert key_of("5/duplicate") == 6831783985575665524

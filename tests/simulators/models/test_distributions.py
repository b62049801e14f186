"""Random numbers that are the same on every machine."""

from __future__ import annotations

import doctest
from random import Random
from statistics import mean, pstdev

import pytest

import simulators.models.distributions
from simulators.models.distributions import about, hashed, key_of, share


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.distributions).failed == 0


def test_a_bell_has_its_mean_and_deviation_and_never_leaves_three_deviations() -> None:
    random = Random("bell")
    drawn = [about(random, 70.0, 4.0) for _ in range(4000)]
    assert mean(drawn) == pytest.approx(70.0, abs=0.3)
    assert pstdev(drawn) == pytest.approx(4.0, abs=0.2)
    assert all(58.0 <= value <= 82.0 for value in drawn)


def test_hashed_numbers_are_even_and_known_on_every_machine() -> None:
    assert (hashed(key_of("smoke-1"), 0), hashed(key_of("smoke-1"), 1)) == (3975926918, 706398087)
    shares = [share(key_of(f"device-{number}"), 7) for number in range(4000)]
    assert mean(shares) == pytest.approx(0.5, abs=0.02)
    assert sum(value < 0.1 for value in shares) == pytest.approx(400, abs=70)

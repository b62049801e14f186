"""Durations as people write them."""

from __future__ import annotations

import doctest

import domain.duration


def test_the_examples_of_durations_are_true() -> None:
    assert doctest.testmod(domain.duration).failed == 0

"""Functions that give the same last bit on every machine."""

from __future__ import annotations

import doctest
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simulators.models.portable
from simulators.models.portable import cube_root, decay


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.portable).failed == 0


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 50.0))
def test_decay_is_the_exponential_function(exponent: float) -> None:
    assert decay(exponent) == pytest.approx(math.exp(-exponent), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-12, 1e12))
def test_a_cube_root_cubed_is_the_number(value: float) -> None:
    assert cube_root(value) ** 3 == pytest.approx(value, rel=1e-12)


def test_the_last_bits_are_known() -> None:
    assert decay(0.3).hex() == "0x1.7b4c869c37bd6p-1"
    assert cube_root(100.0).hex() == "0x1.290fca9c761f8p+2"

"""The mass balance of a ventilated room."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simulators.models.mixing
from simulators.models.mixing import concentration_after

RATE = st.floats(1e-6, 1.0)


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.mixing).failed == 0


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 10.0), RATE, RATE)
def test_the_level_at_equilibrium_is_release_divided_by_ventilation(start: float, inflow: float, decay: float) -> None:
    assert concentration_after(start, inflow, decay, 100 / decay) == pytest.approx(inflow / decay, rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 10.0), RATE, st.floats(0.0, 0.1), st.floats(1.0, 600.0))
def test_two_steps_are_one_step(start: float, inflow: float, decay: float, seconds: float) -> None:
    halfway = concentration_after(start, inflow, decay, seconds / 2)
    once = concentration_after(start, inflow, decay, seconds)
    assert concentration_after(halfway, inflow, decay, seconds / 2) == pytest.approx(once, rel=1e-6, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 10.0), RATE, st.floats(1.0, 600.0))
def test_mass_is_conserved(start: float, inflow: float, seconds: float) -> None:
    """What came in is in the room, or was carried out: the air changes times the integral of the level."""
    decay, steps = 0.002, 400
    level, carried_out = start, 0.0
    for _ in range(steps):
        after = concentration_after(level, inflow, decay, seconds / steps)
        carried_out += decay * (level + after) / 2 * seconds / steps
        level = after
    assert level + carried_out == pytest.approx(start + inflow * seconds, rel=1e-3)

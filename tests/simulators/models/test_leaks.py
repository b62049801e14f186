"""The flow out of a hole grows with the square root of the pressure."""

import pytest

from simulators.models.leaks import area_of, emitter_coefficient, leak_litres_h


def test_four_times_the_head_is_twice_the_flow() -> None:
    assert leak_litres_h(2.0, 40.0) == pytest.approx(2.0 * leak_litres_h(2.0, 10.0))


def test_without_pressure_nothing_flows_and_no_suction_is_negative() -> None:
    assert (leak_litres_h(2.0, 0.0), leak_litres_h(2.0, -3.0)) == (0.0, 0.0)


def test_the_area_of_a_flow_is_the_inverse() -> None:
    assert leak_litres_h(area_of(30.0, 25.0), 25.0) == pytest.approx(30.0)
    assert emitter_coefficient(area_of(3600.0, 1.0)) == pytest.approx(0.001)

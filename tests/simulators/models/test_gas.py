"""Gas concentration in a room, and the gas detector."""

from __future__ import annotations

import doctest

import pytest

import simulators.models.gas
from simulators.models.gas import Detector, Room, detector_after, room_after


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.gas).failed == 0


def test_many_small_steps_and_one_large_one_end_at_the_same_level() -> None:
    small = Room(12.0)
    for _ in range(240):
        small = room_after(small, 1.0, 2.6, 5.0)
    assert small.lel_pct == pytest.approx(room_after(Room(12.0), 240.0, 2.6, 5.0).lel_pct)


def test_without_ventilation_the_concentration_only_rises() -> None:
    assert room_after(Room(12.0), 240.0, 2.6, 0.0).lel_pct == pytest.approx(28.9, abs=0.1)
    assert room_after(Room(1.0), 1e9, 2.6, 0.0).gas == 1.0


def test_a_detector_waits_its_delay_and_clears_lower_than_it_sets() -> None:
    detector = detector_after(Detector(), 9.0, 10.0)
    assert not detector.alarming
    assert not detector_after(detector, 7.0, 10.0).over_s
    alarming = detector_after(detector, 9.0, 10.0)
    assert alarming.alarming
    assert detector_after(alarming, 6.0, 10.0).alarming
    assert not detector_after(alarming, 4.0, 10.0).alarming

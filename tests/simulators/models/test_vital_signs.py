"""Vital signs of an elder at the wrist."""

from __future__ import annotations

import doctest
from math import cos, pi
from random import Random

import pytest

import simulators.models.vital_signs
from domain import DAY, HOUR
from simulators.models.daily_life import Activity
from simulators.models.vital_signs import Baseline, baseline_of, body_c, pulse_bpm, skin_c, wave, with_noise

WAKE = 6 * HOUR
USUAL = Baseline(70.0, 5.0, 97.0, 33.0, 36.5, 130.0, WAKE)


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.vital_signs).failed == 0


def test_the_wave_is_near_a_cosine_and_continuous() -> None:
    assert all(abs(wave(part / 100) + cos(2 * pi * part / 100)) < 0.06 for part in range(100))


def test_pulse_and_temperature_are_lowest_before_waking_and_half_a_day_later_highest() -> None:
    lowest = min(range(0, DAY, HOUR // 10), key=lambda at: pulse_bpm(USUAL, at, Activity.HOME))
    assert lowest == pytest.approx(WAKE - 2.4 * HOUR, abs=HOUR / 5)
    swing = pulse_bpm(USUAL, lowest + DAY // 2, Activity.HOME) - pulse_bpm(USUAL, lowest, Activity.HOME)
    assert swing == pytest.approx(10)
    assert body_c(USUAL, lowest + DAY // 2) - body_c(USUAL, lowest) == pytest.approx(0.5)


def test_walking_raises_the_pulse_and_sleep_warms_the_skin() -> None:
    assert pulse_bpm(USUAL, 12 * HOUR, Activity.OUT) > pulse_bpm(USUAL, 12 * HOUR, Activity.HOME) + 10
    assert skin_c(USUAL, Activity.SLEEP, 0.0) > skin_c(USUAL, Activity.HOME, 0.0) + 1.0
    assert skin_c(USUAL, Activity.OUT, -1.0) < skin_c(USUAL, Activity.HOME, -1.0) - 2.0


def test_noise_stays_within_what_is_ordinary() -> None:
    random = Random("noise")
    assert {round(with_noise(random, 97.0, 2.0, 94.0, 99.0)) for _ in range(400)} == {94, 95, 96, 97, 98, 99}
    assert 62.0 <= baseline_of(random, WAKE).pulse_bpm <= 78.0

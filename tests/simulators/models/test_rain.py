"""Storms and when they fall."""

from datetime import date, timedelta

import pytest

from simulators.models.rain import CLOUDBURSTS, STEP_MIN, STORMS, chicago, intensity_mm_min, rain_of


@pytest.mark.parametrize("years", [2.0, 5.0, 50.0])
def test_a_chicago_storm_has_the_amount_of_its_formula(years: float) -> None:
    total = sum(chicago(years, 120)) * STEP_MIN / 60.0
    assert total == pytest.approx(intensity_mm_min(years, 120.0) * 120.0, rel=0.02)


def test_its_peak_is_at_two_fifths_of_its_duration() -> None:
    storm = chicago(20.0, 120)
    assert storm.index(max(storm)) * STEP_MIN == 45


def test_ordinary_rain_is_never_a_cloudburst_and_falls_more_often_in_july_than_in_december() -> None:
    first = {month: date(2026, month, 1) for month in (7, 12)}
    rains = {
        month: [rain for n in range(31) for rain in rain_of(day + timedelta(n), 0, 1)] for month, day in first.items()
    }
    assert not {rain.storm for found in rains.values() for rain in found} & set(CLOUDBURSTS)
    assert len(rains[7]) > len(rains[12]) > 0


def test_a_rarer_cloudburst_brings_more() -> None:
    totals = [STORMS[name].total_mm for name in CLOUDBURSTS]
    assert totals == sorted(totals)
    assert totals[0] > 50.0

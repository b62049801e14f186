"""The counter of a household can be read at any day: it is the sum of the hours before."""

from datetime import date, timedelta

import pytest

from simulators.models.water_demand import Demand, day_factor, days_weight, mean_litres, shares


def test_the_counter_at_a_midnight_is_the_counter_at_the_one_before_and_the_hours_of_the_day() -> None:
    demand = Demand(7, "c1-1-1-101", 3)
    for number in range(40):
        day = date(2026, 9, 20) + timedelta(days=number)
        counted = demand.litres_before(day + timedelta(days=1)) - demand.litres_before(day)
        assert counted == pytest.approx(sum(demand.hours(day)))
        assert min(demand.hours(day)) >= 0.0


def test_an_empty_dwelling_draws_nothing() -> None:
    empty = Demand(1, "c1-1-1-101", 0)
    assert (sum(empty.hours(date(2026, 7, 1))), empty.litres_before(date(2026, 7, 1))) == (0.0, 0.0)


def test_a_rest_day_has_its_peak_later_and_more_use() -> None:
    assert shares(rest_day=True).index(max(shares(rest_day=True)[:12])) == 9
    assert shares(rest_day=False).index(max(shares(rest_day=False)[:12])) == 7
    assert day_factor(date(2026, 7, 4)) > day_factor(date(2026, 7, 6)) == 1.0


def test_days_before_the_origin_count_backwards() -> None:
    assert days_weight(date(2025, 12, 31)) == -1.0


def test_every_household_has_an_idle_hour_in_most_nights() -> None:
    """Else the leak flag of its meter would be set on an ordinary day."""
    demand = Demand(3, "c1-1-1-101", 5)
    assert all(min(demand.hours(date(2026, 7, 1) + timedelta(days=n))) < 2.5 for n in range(60))


def test_the_mean_use_is_per_person_and_per_household() -> None:
    assert mean_litres(4) - mean_litres(3) == 105.0

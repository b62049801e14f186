"""The water of a household on one day."""

from __future__ import annotations

from statistics import mean

from domain import DAY, HOUR, Instant
from simulators.events import Incident
from simulators.models.daily_life import Activity
from simulators.town.elder_plans import elder_plan, kind_of_day
from simulators.town.town import Household, Town
from simulators.town.water_use import water_use

DAY_ONE: Instant = 1_795_795_200_000
"""2026-11-28T00:00 in Shanghai."""
ELDER = Household("c1-1-101", ("elder-1",), (), floor=1, volume_m3=12.0, has_elder_alone=True)
FAMILY = Household("c1-1-102", ("a", "b", "c"), (), floor=1, volume_m3=14.0)
TOWN = Town("small", 7, "Asia/Shanghai", (), (), (), (), (), (ELDER, FAMILY))


def litres(household: Household, seed: int, *incidents: Incident) -> float:
    return sum(use.litres for use in water_use(TOWN, household, DAY_ONE, seed, incidents))


def test_uses_lie_in_order_within_the_day_and_depend_on_the_seed_only() -> None:
    for household in (ELDER, FAMILY):
        uses = water_use(TOWN, household, DAY_ONE, seed=1)
        assert uses == water_use(TOWN, household, DAY_ONE, seed=1)
        assert uses != water_use(TOWN, household, DAY_ONE + DAY, seed=1)
        assert [use.begin for use in uses] == sorted(use.begin for use in uses)
        assert all(DAY_ONE <= use.begin < use.end <= DAY_ONE + DAY + HOUR and use.litres > 0 for use in uses)
        assert uses[-1].begin < DAY_ONE + DAY


def test_an_elder_alone_uses_what_such_households_use() -> None:
    assert 55 < mean(litres(ELDER, seed) for seed in range(120)) < 150
    assert 250 < mean(litres(FAMILY, seed) for seed in range(60)) < 550


def test_a_visit_to_the_toilet_flushes_at_its_end() -> None:
    plan = elder_plan("elder-1", DAY_ONE, 3, kind_of_day(DAY_ONE, "Asia/Shanghai"))
    spans = [span for span in plan.spans if span.activity is Activity.TOILET]
    flushes = [use for use in water_use(TOWN, ELDER, DAY_ONE, 3) if 6.0 <= use.litres <= 9.0]
    assert {DAY_ONE + span.end - 60_000 for span in spans} <= {use.begin for use in flushes}


def test_an_elder_who_lies_on_the_floor_draws_no_water() -> None:
    begin = DAY_ONE + 9 * HOUR
    fall = Incident(
        "fall_hard/1", "fall_hard", "跌倒", "person", begin, DAY_ONE + DAY, (), begin + 60_000, people=("elder-1",)
    )
    uses = water_use(TOWN, ELDER, DAY_ONE, 1, [fall])
    assert uses
    assert all(use.begin < begin for use in uses)
    assert litres(FAMILY, 1, fall) == litres(FAMILY, 1)

"""Kept days and a fresh computation are compared value by value."""

from msgspec.structs import replace

from simulators.town.hydraulics.comparison import differences
from simulators.town.hydraulics.days import FORMAT, CompoundWater, LineLevels, MainBurst, TownDays

HOURS = (100,) * 48
WATER = CompoundWater("c1", ("c1-1",), (HOURS,), HOURS, HOURS, (MainBurst("c1-1", HOURS, (HOURS,)),))
LINE = LineLevels("l1", ("m1",), ((5,) * 24,), {"light": ((5, 6),)}, "m1", ((5, 6),))
DAYS = TownDays(FORMAT, "small", 1, "f", (WATER,), (LINE,))


def test_equal_days_and_rounding_are_no_difference() -> None:
    rounded = replace(WATER, supply_l=(101,) * 48)
    assert differences(DAYS, DAYS) == []
    assert differences(DAYS, replace(DAYS, water=(rounded,))) == []


def test_a_difference_is_named_by_where_it_stands() -> None:
    other = replace(LINE, storms_mm={"light": ((5, 60),)})
    assert differences(DAYS, replace(DAYS, sewers=(other,))) == [
        "days.sewers[0][3].light[0][1]: kept 6, computed 60",
    ]


def test_another_town_is_a_difference_and_long_lists_of_them_are_cut() -> None:
    assert differences(DAYS, replace(DAYS, fingerprint="g"))[0].startswith("days.fingerprint")
    assert len(differences(DAYS, replace(DAYS, water=(replace(WATER, supply_l=(500,) * 48),)))) == 20
    assert len(differences(DAYS, replace(DAYS, water=()))) == 1

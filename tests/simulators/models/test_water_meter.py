"""What a meter decides by itself."""

from simulators.models.water_meter import MeterType, meter_type

METER = MeterType(1, 2.5, 0, 3.6)


def test_a_running_cistern_sets_the_leak_flag_after_24_hours_without_an_idle_one() -> None:
    assert METER.has_leak([18.0] * 24)
    assert not METER.has_leak([18.0] * 23 + [0.4])


def test_limits_are_shares_of_the_permanent_flow() -> None:
    assert (METER.leak_l_h, METER.burst_l_h) == (2.5, 500.0)


def test_a_meter_with_pulses_of_ten_litres_shows_whole_steps() -> None:
    assert MeterType(10, 2.5, 0, 3.6).shown_m3(129.9) == 0.12
    assert METER.shown_m3(129.9) == 0.129


def test_meters_of_elders_count_single_litres() -> None:
    """A flush is less than one step of 10 l: a quarter of the other meters would not see it."""
    types = [meter_type(f"meter-{number}", 2.5, fine=False) for number in range(400)]
    assert 60 < sum(one.resolution_l == 10 for one in types) < 140
    assert all(meter_type(f"meter-{number}", 2.5, fine=True).resolution_l == 1 for number in range(50))

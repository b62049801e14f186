"""Gas in a foul manhole."""

import pytest

from domain import HOUR
from simulators.models.manhole_gas import ALARM_CH4_PCT, ALARM_H2S_PPM, GasBuildUp, ordinary_gas


@pytest.mark.parametrize("build_up", [GasBuildUp(3.0, 5.0, 0.3), GasBuildUp(0.4, 60.0, 0.4)])
def test_a_closed_well_reaches_a_set_point_when_it_is_said_to(build_up: GasBuildUp) -> None:
    crosses = build_up.crosses_after()
    assert crosses is not None
    ch4, h2s = build_up.after(crosses)
    assert 1.0 <= max(ch4 / ALARM_CH4_PCT, h2s / ALARM_H2S_PPM) < 1.05


def test_a_weak_source_never_does() -> None:
    assert GasBuildUp(1.0, 5.0, 0.3).crosses_after() is None
    assert GasBuildUp(1.26, 5.0, 0.05).crosses_after() is None


def test_a_sound_well_stays_far_below_and_has_less_after_rain_and_under_an_open_cover() -> None:
    dry = [ordinary_gas(0.9, 14, hour * HOUR, is_open_for_ms=None) for hour in range(24)]
    wet = [ordinary_gas(0.9, 0, hour * HOUR, is_open_for_ms=None) for hour in range(24)]
    opened = ordinary_gas(0.9, 14, 6 * HOUR, is_open_for_ms=HOUR)
    assert max(ch4 for ch4, _ in dry) < 0.3
    assert max(h2s for _, h2s in dry) < 5.0
    assert sum(ch4 for ch4, _ in wet) < sum(ch4 for ch4, _ in dry)
    assert opened[0] < 0.001

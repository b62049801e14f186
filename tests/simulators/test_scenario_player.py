"""The packaged leak as measurements and ground truth."""

from __future__ import annotations

from domain import SECOND
from simulators.events import GroundTruth, Measurement
from simulators.publisher import packaged_scenario
from simulators.scenario_player import play_scenario

START = 1_767_323_045_000


def test_the_leak_is_found_while_it_grows_and_ends_when_the_window_is_open() -> None:
    moments = list(play_scenario(packaged_scenario("kitchen_leak"), "gas-001", START))
    said = [(m.at - START, m.event) for m in moments if isinstance(m.event, Measurement)]
    levels = {at: float(fact.values["lel_pct"]) for at, fact in said}
    assert levels[0] < 2
    assert max(level for at, level in levels.items() if at <= 15 * SECOND) >= 30
    assert max(levels.values()) < 40
    bits = [(at, fact.values["alarm"], fact.urgent) for at, fact in said]
    changes = [(at, alarm) for (at, alarm, urgent), before in zip(bits[1:], bits, strict=False) if alarm != before[1]]
    assert [alarm for _, alarm in changes] == [True, False]
    assert 2 * SECOND <= changes[0][0] <= 6 * SECOND
    assert changes[1][0] < 90 * SECOND
    assert all(urgent for at, _, urgent in bits if at in dict(changes))
    assert said[-1][1].values == {"alarm": False, "lel_pct": 0.3, "co_ppm": 1, "fault": False, "valve_closed": False}


def test_ground_truth_is_separate_from_measurements() -> None:
    happened = [
        m.event.what
        for m in play_scenario(packaged_scenario("kitchen_leak"), "g", 0)
        if isinstance(m.event, GroundTruth)
    ]
    assert happened == ["软管脱落", "切断阀关闭", "开窗通风", "更换软管后复位"]


def test_events_come_in_order_of_time() -> None:
    times = [moment.at for moment in play_scenario(packaged_scenario("kitchen_leak"), "g", 0)]
    assert times == sorted(times)

"""The physics of a leak, the detector on the wall, and the score that plays them."""

from __future__ import annotations

import doctest

import pytest
from pydantic import ValidationError

import simulators.models.gas
from domain import SECOND
from simulators.models.gas import Detector, Room, detector_after, room_after
from simulators.publisher import packaged_scenario
from simulators.scenario import Scenario
from simulators.scenario_player import GroundTruth, play_scenario
from simulators.wire import Measurement

START = 1_767_323_045_000


def test_the_examples_in_the_physics_run() -> None:
    assert doctest.testmod(simulators.models.gas).failed == 0


def test_many_small_steps_and_one_large_one_end_at_the_same_level() -> None:
    small = Room(12.0)
    for _ in range(240):
        small = room_after(small, 1.0, 2.6, 5.0)
    assert small.lel_pct == pytest.approx(room_after(Room(12.0), 240.0, 2.6, 5.0).lel_pct)


def test_without_ventilation_gas_only_gathers() -> None:
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


def test_what_truly_happens_is_told_apart_from_what_devices_say() -> None:
    happened = [
        m.event.what
        for m in play_scenario(packaged_scenario("kitchen_leak"), "g", 0)
        if isinstance(m.event, GroundTruth)
    ]
    assert happened == ["软管脱落", "切断阀关闭", "开窗通风", "更换软管后复位"]


def test_moments_come_in_order() -> None:
    times = [moment.at for moment in play_scenario(packaged_scenario("kitchen_leak"), "g", 0)]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": [{"at": "5s", "what": "late"}]}, "the first begins at 0s"),
        ({"steps": [{"at": "0s", "what": "a"}, {"at": "9s", "what": "b"}, {"at": "8s", "what": "c"}]}, "in order"),
        ({"every": "10s"}, "lasts longer than"),
        ({"steps": []}, "at least 1"),
        ({"colour": "red"}, "not permitted"),
    ],
)
def test_a_score_that_cannot_be_played_is_refused(changed: dict[str, object], said: str) -> None:
    written = packaged_scenario("kitchen_leak").model_dump()
    for field in ("first_after", "every", "lasts"):
        written[field] = f"{written[field]}ms"
    written["device"] = {}
    written["steps"] = [{**step, "at": f"{step['at']}ms"} for step in written["steps"]]
    Scenario.model_validate(written)
    with pytest.raises(ValidationError, match=said):
        Scenario.model_validate(written | changed)

"""A danger said under test: told when the test is over and nobody took it back, also when no message ever follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import MINUTE, Device, Finding, FindingPhase, Quality, Reading
from domain.kind import Kind
from domain.people import community
from domain.self_tests import LIMIT
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0 = 1_795_269_600_000
GAS = Device("g", "gas_alarm", place="h")


def said(at: int, received: int | None = None, doubts: Quality | None = None, **values: Any) -> Reading:
    arrived = T0 + (at if received is None else received)
    return Reading("g", "gas_alarm", T0 + at, arrived, values, dict.fromkeys(values, doubts) if doubts else {})


@pytest.fixture
def engine(kinds: dict[str, Kind], books: dict[str, Rulebook]) -> Callable[..., Engine]:
    def build(device: Device = GAS) -> Engine:
        made = Engine([books["gas"]], kinds, community())
        made.register([device], T0 - 1)
        return made

    return build


def told(engine: Engine, *readings: Reading, until: int = 30 * MINUTE) -> list[Finding]:
    found = [one for reading in readings for one in engine.feed([reading], reading.received)]
    return [finding for finding in [*found, *engine.tick(T0 + until)] if finding.rule == "gas-alarm"]


def phases(found: list[Finding]) -> list[tuple[FindingPhase, int]]:
    return [(finding.phase, finding.now - T0) for finding in found]


def test_one_message_under_test_and_silence_is_told_when_the_test_is_over(engine: Callable[..., Engine]) -> None:
    ours = engine()
    assert [] == told(ours, said(0, alarm=True, test=True), until=LIMIT - 1)
    assert LIMIT + T0 == ours.next_timer()
    found = told(ours)

    assert [(FindingPhase.BEGAN, LIMIT)] == phases(found)
    assert (T0, LIMIT) == (found[0].begin, found[0].late_ms)


def test_a_restart_in_the_middle_of_the_test_loses_nothing_and_gives_no_more_time(
    engine: Callable[..., Engine],
) -> None:
    before, after = engine(), engine()
    assert [] == told(before, said(0, alarm=True, test=True), until=MINUTE)
    after.restore(before.snapshot())

    assert phases(told(before)) == phases(told(after)) == [(FindingPhase.BEGAN, LIMIT)]


@pytest.mark.parametrize(
    "later",
    [
        {"alarm": False},
        {"alarm": False, "test": False},
        {"alarm": False, "test": True},
        {"alarm": False, "lel_pct": 1},
    ],
)
def test_what_was_taken_back_is_told_to_nobody(engine: Callable[..., Engine], later: dict[str, Any]) -> None:
    assert [] == told(engine(), said(0, alarm=True, test=True), said(MINUTE, **later))


@pytest.mark.parametrize("later", [{"test": False}, {"battery_pct": 90}, {"lel_pct": 0, "test": True}])
def test_what_says_nothing_of_the_danger_takes_nothing_back(
    engine: Callable[..., Engine], later: dict[str, Any]
) -> None:
    found = told(engine(), said(0, alarm=True, test=True), said(MINUTE, **later))
    assert [(FindingPhase.BEGAN, LIMIT)] == phases(found)


def test_a_danger_without_the_flag_is_told_at_once_and_once(engine: Callable[..., Engine]) -> None:
    found = told(engine(), said(0, alarm=True, test=True), said(MINUTE, alarm=True))
    assert [(FindingPhase.BEGAN, MINUTE)] == phases(found)


def test_an_older_message_takes_nothing_back(engine: Callable[..., Engine]) -> None:
    found = told(engine(), said(MINUTE, alarm=True, test=True), said(0, received=2 * MINUTE, alarm=False))
    assert [(FindingPhase.BEGAN, MINUTE + LIMIT)] == phases(found)


def test_a_flag_that_nobody_takes_back_is_no_test_any_more(engine: Callable[..., Engine]) -> None:
    stuck = [said(minute * MINUTE, alarm=minute > 9, test=True) for minute in range(11)]
    assert [(FindingPhase.BEGAN, 10 * MINUTE)] == phases(told(engine(), *stuck, until=12 * MINUTE))


def test_a_new_test_has_its_own_time(engine: Callable[..., Engine]) -> None:
    twice = [said(0, test=True), said(MINUTE, test=False), said(2 * MINUTE, alarm=True, test=True)]
    assert [(FindingPhase.BEGAN, 2 * MINUTE + LIMIT)] == phases(told(engine(), *twice))


def test_what_is_new_during_the_test_is_told_with_it_at_its_end(engine: Callable[..., Engine]) -> None:
    during = [said(0, test=True), said(2 * MINUTE, alarm=True, test=True), said(2 * MINUTE + 1, test=True)]
    assert [(FindingPhase.BEGAN, LIMIT)] == phases(told(engine(), *during))


def test_a_device_has_a_limit_of_its_own(engine: Callable[..., Engine]) -> None:
    ours = engine(Device("g", "gas_alarm", attributes={"test_limit": "10m"}))
    assert [(FindingPhase.BEGAN, 10 * MINUTE)] == phases(told(ours, said(0, alarm=True, test=True)))


@pytest.mark.parametrize("written", ["soon", True])
def test_a_limit_nobody_can_read_is_the_usual_one(engine: Callable[..., Engine], written: Any) -> None:
    ours = engine(Device("g", "gas_alarm", attributes={"test_limit": written}))
    assert [(FindingPhase.BEGAN, LIMIT)] == phases(told(ours, said(0, alarm=True, test=True)))


def test_a_kept_message_under_test_is_told_once_and_labelled(engine: Callable[..., Engine]) -> None:
    kept = said(0, doubts=Quality.RETAINED, alarm=True, test=True)
    ours = engine()
    found = told(ours, kept)

    assert [(FindingPhase.BEGAN, LIMIT)] == phases(found)
    assert "retained" in [line.quantity for line in found[0].evidence]


def test_after_an_outage_of_our_own_the_brokers_backlog_may_take_it_back(engine: Callable[..., Engine]) -> None:
    for taken_back in (True, False):
        ours = engine()
        assert [] == told(ours, said(0, alarm=True, test=True), until=MINUTE)
        ours.outage(T0 + MINUTE, T0 + LIMIT + MINUTE)
        assert [] == told(ours, until=LIMIT + MINUTE)
        later = [said(2 * MINUTE, received=LIMIT + MINUTE + 1, alarm=False)] if taken_back else []
        assert ([] if taken_back else [FindingPhase.BEGAN]) == [phase for phase, _ in phases(told(ours, *later))]


def test_the_test_of_a_device_that_is_gone_ends_nobody_elses_sleep(engine: Callable[..., Engine]) -> None:
    ours = engine()
    assert [] == told(ours, said(0, alarm=True, test=True), until=MINUTE)
    ours.unregister(["g"], T0 + MINUTE)
    assert [] == told(ours)

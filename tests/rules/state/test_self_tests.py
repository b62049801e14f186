"""A danger reported during a self-test: emitted after the test unless it was cleared, also without another message."""

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


def reading_at(at: int, received: int | None = None, doubts: Quality | None = None, **values: Any) -> Reading:
    arrived = T0 + (at if received is None else received)
    return Reading("g", "gas_alarm", T0 + at, arrived, values, dict.fromkeys(values, doubts) if doubts else {})


@pytest.fixture
def engine(kinds: dict[str, Kind], books: dict[str, Rulebook]) -> Callable[..., Engine]:
    def build(device: Device = GAS) -> Engine:
        engine = Engine([books["gas"]], kinds, community())
        engine.register([device], T0 - 1)
        return engine

    return build


def alarm_findings(engine: Engine, *readings: Reading, until: int = 30 * MINUTE) -> list[Finding]:
    found = [finding for reading in readings for finding in engine.feed([reading], reading.received)]
    return [finding for finding in [*found, *engine.tick(T0 + until)] if finding.rule == "gas-alarm"]


def phases(found: list[Finding]) -> list[tuple[FindingPhase, int]]:
    return [(finding.phase, finding.now - T0) for finding in found]


def test_a_danger_during_a_test_followed_by_silence_is_reported_after_the_test(engine: Callable[..., Engine]) -> None:
    new_engine = engine()
    assert [] == alarm_findings(new_engine, reading_at(0, alarm=True, test=True), until=LIMIT - 1)
    assert LIMIT + T0 == new_engine.next_timer()
    found = alarm_findings(new_engine)

    assert [(FindingPhase.BEGAN, LIMIT)] == phases(found)
    assert (T0, LIMIT) == (found[0].begin, found[0].late_ms)


def test_a_restart_during_the_test_neither_loses_the_danger_nor_extends_the_test(
    engine: Callable[..., Engine],
) -> None:
    before, after = engine(), engine()
    assert [] == alarm_findings(before, reading_at(0, alarm=True, test=True), until=MINUTE)
    after.restore(before.snapshot())

    assert phases(alarm_findings(before)) == phases(alarm_findings(after)) == [(FindingPhase.BEGAN, LIMIT)]


@pytest.mark.parametrize(
    "later",
    [
        {"alarm": False},
        {"alarm": False, "test": False},
        {"alarm": False, "test": True},
        {"alarm": False, "lel_pct": 1},
    ],
)
def test_a_danger_cleared_during_the_test_is_not_reported(engine: Callable[..., Engine], later: dict[str, Any]) -> None:
    assert [] == alarm_findings(engine(), reading_at(0, alarm=True, test=True), reading_at(MINUTE, **later))


@pytest.mark.parametrize("later", [{"test": False}, {"battery_pct": 90}, {"lel_pct": 0, "test": True}])
def test_a_reading_without_the_danger_bit_does_not_clear_the_danger(
    engine: Callable[..., Engine], later: dict[str, Any]
) -> None:
    found = alarm_findings(engine(), reading_at(0, alarm=True, test=True), reading_at(MINUTE, **later))
    assert [(FindingPhase.BEGAN, LIMIT)] == phases(found)


def test_a_danger_without_the_test_flag_is_reported_at_once_and_once(engine: Callable[..., Engine]) -> None:
    found = alarm_findings(engine(), reading_at(0, alarm=True, test=True), reading_at(MINUTE, alarm=True))
    assert [(FindingPhase.BEGAN, MINUTE)] == phases(found)


def test_an_older_message_does_not_clear_the_danger(engine: Callable[..., Engine]) -> None:
    found = alarm_findings(
        engine(), reading_at(MINUTE, alarm=True, test=True), reading_at(0, received=2 * MINUTE, alarm=False)
    )
    assert [(FindingPhase.BEGAN, MINUTE + LIMIT)] == phases(found)


def test_a_test_flag_that_is_never_reset_expires(engine: Callable[..., Engine]) -> None:
    stuck = [reading_at(minute * MINUTE, alarm=minute > 9, test=True) for minute in range(11)]
    assert [(FindingPhase.BEGAN, 10 * MINUTE)] == phases(alarm_findings(engine(), *stuck, until=12 * MINUTE))


def test_a_new_test_has_its_own_limit(engine: Callable[..., Engine]) -> None:
    twice = [reading_at(0, test=True), reading_at(MINUTE, test=False), reading_at(2 * MINUTE, alarm=True, test=True)]
    assert [(FindingPhase.BEGAN, 2 * MINUTE + LIMIT)] == phases(alarm_findings(engine(), *twice))


def test_a_danger_that_begins_during_the_test_is_reported_at_its_end(engine: Callable[..., Engine]) -> None:
    during = [
        reading_at(0, test=True),
        reading_at(2 * MINUTE, alarm=True, test=True),
        reading_at(2 * MINUTE + 1, test=True),
    ]
    assert [(FindingPhase.BEGAN, LIMIT)] == phases(alarm_findings(engine(), *during))


def test_a_device_may_have_its_own_test_limit(engine: Callable[..., Engine]) -> None:
    new_engine = engine(Device("g", "gas_alarm", attributes={"test_limit": "10m"}))
    assert [(FindingPhase.BEGAN, 10 * MINUTE)] == phases(
        alarm_findings(new_engine, reading_at(0, alarm=True, test=True))
    )


@pytest.mark.parametrize("written", ["soon", True])
def test_an_unreadable_test_limit_falls_back_to_the_default(engine: Callable[..., Engine], written: Any) -> None:
    new_engine = engine(Device("g", "gas_alarm", attributes={"test_limit": written}))
    assert [(FindingPhase.BEGAN, LIMIT)] == phases(alarm_findings(new_engine, reading_at(0, alarm=True, test=True)))


def test_a_retained_danger_during_a_test_is_reported_once_with_a_label(engine: Callable[..., Engine]) -> None:
    retained = reading_at(0, doubts=Quality.RETAINED, alarm=True, test=True)
    new_engine = engine()
    found = alarm_findings(new_engine, retained)

    assert [(FindingPhase.BEGAN, LIMIT)] == phases(found)
    assert "retained" in [line.quantity for line in found[0].evidence]


def test_after_an_outage_the_backlog_of_the_broker_may_clear_the_danger(engine: Callable[..., Engine]) -> None:
    for cleared in (True, False):
        new_engine = engine()
        assert [] == alarm_findings(new_engine, reading_at(0, alarm=True, test=True), until=MINUTE)
        new_engine.outage(T0 + MINUTE, T0 + LIMIT + MINUTE)
        assert [] == alarm_findings(new_engine, until=LIMIT + MINUTE)
        later = [reading_at(2 * MINUTE, received=LIMIT + MINUTE + 1, alarm=False)] if cleared else []
        assert ([] if cleared else [FindingPhase.BEGAN]) == [
            phase for phase, _ in phases(alarm_findings(new_engine, *later))
        ]


def test_the_test_of_an_unregistered_device_has_no_timer(engine: Callable[..., Engine]) -> None:
    new_engine = engine()
    assert [] == alarm_findings(new_engine, reading_at(0, alarm=True, test=True), until=MINUTE)
    new_engine.unregister(["g"], T0 + MINUTE)
    assert [] == alarm_findings(new_engine)

"""Devices whose danger chatters are reported to maintenance once a day; calls for help never are."""

from __future__ import annotations

import pytest

from domain import HOUR, MINUTE, SECOND, Device, Ledger, Reading, Subject, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.state.timers import MAX_STALE_TIMERS
from tests.support.long_form import examples

T0 = 1_767_225_600_000
Books = dict[str, Rulebook]


@pytest.fixture
def engine(books: Books, kinds: dict[str, Kind]) -> Engine:
    engine = Engine(list(books.values()), kinds, community())
    engine.register([Device("gas-1", "gas_alarm"), Device("band-1", "wristband")], T0)
    return engine


def reading_at(at: int, device: str, kind: str, **values: Value) -> Reading:
    return Reading(device, kind, T0 + at * SECOND, T0 + at * SECOND, values)


def test_a_chattering_alarm_is_reported_once_as_danger_and_once_to_maintenance(engine: Engine, books: Books) -> None:
    findings = []
    for at in range(0, 300, 10):
        findings += engine.feed([reading_at(at, "gas-1", "gas_alarm", alarm=at % 20 == 0)], T0 + at * SECOND)
        restored = Engine(
            list(books.values()),
            {name: ruleset.kind_definition for name, ruleset in engine.rulesets.items()},
            community(),
        )
        restored.restore(engine.snapshot())
        restored.register([Device("gas-1", "gas_alarm")], T0)
        engine = restored
    assert [finding.rule for finding in findings] == ["gas-alarm", "device-chatter"]
    chatter = findings[1]
    assert (chatter.ledger, chatter.subject, chatter.at) == (
        Ledger.HEALTH,
        Subject("device", "gas-1"),
        T0 + 40 * SECOND,
    )
    assert [(line.quantity, line.value) for line in chatter.evidence] == [("燃气泄漏", 3)]


def test_a_lasting_or_repeated_alarm_is_no_chatter(engine: Engine) -> None:
    readings = [reading_at(at, "gas-1", "gas_alarm", alarm=at > 3) for at in range(9) for _ in (1, 2)]
    assert [finding.rule for finding in engine.feed(readings, readings[-1].received)] == ["gas-alarm"]


def test_repeated_presses_of_an_sos_button_are_no_chatter(engine: Engine) -> None:
    readings = [reading_at(at, "band-1", "wristband", sos=True) for at in range(9)]
    assert [finding.rule for finding in engine.feed(readings, readings[-1].received)] == ["band-sos"]


def test_all_clears_that_arrive_late_show_that_the_alarm_began_several_times(engine: Engine) -> None:
    now = T0 + 60 * SECOND
    alarms = [reading_at(at, "gas-1", "gas_alarm", alarm=True) for at in (0, 20, 40)]
    assert [finding.rule for finding in engine.feed(alarms, now)] == ["gas-alarm"]
    late = [reading_at(at, "gas-1", "gas_alarm", alarm=False) for at in (10, 30)]
    assert "device-chatter" in {finding.rule for finding in engine.feed(late, now)}


@pytest.mark.long_form
def test_a_device_that_chatters_for_hours_fills_no_memory_and_loses_no_timer(
    books: Books, kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["gas"], books["device"]], kinds, community())
    engine.register([Device("gas-2", "gas_alarm")], T0)
    received = [T0 + fifth * SECOND // 5 for fifth in range(examples(40_001, short=16_001))]
    flapping = [Reading("gas-1", "gas_alarm", at, at, {"alarm": turn % 2 == 0}) for turn, at in enumerate(received)]
    findings = engine.feed(flapping, received[-1])
    assert [finding.rule for finding in findings] == ["gas-alarm", "device-chatter"]
    assert len(engine.state.timers.heap) <= MAX_STALE_TIMERS + 10
    last = received[-1]
    findings = [(f.rule, f.device, f.now - last) for f in engine.tick(last + 20 * HOUR)]
    gone = 3 * HOUR + 10 * MINUTE
    assert findings == [("device-offline", "gas-2", T0 + gone - last), ("gas-alarm", "gas-1", gone)]

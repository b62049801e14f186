"""Summaries of devices: last message, battery forecast and conditions, as a list of devices shows them."""

from __future__ import annotations

import pytest

from domain import DAY, HOUR, MINUTE, Attribute, Device, Reading, Value
from domain.device_summary import DeviceCondition
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.tools.device_summary import summary, unwell_devices

T0 = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


@pytest.fixture
def engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    return Engine([books["gas"], books["device"]], kinds, community())


def gas(name: str = "g1", **attributes: Attribute) -> Device:
    return Device(name, "gas_alarm", attributes={"report_every": "1h", **attributes})


def report(engine: Engine, at: int, device: str = "g1", **values: Value) -> None:
    engine.feed([Reading(device, "gas_alarm", at, at, values)], at)


def conditions(engine: Engine, now: int) -> dict[str, set[str]]:
    return {name: {*one.conditions} for name, one in unwell_devices(engine.states, now).items()}


def test_a_device_that_reports_and_one_that_never_did(engine: Engine) -> None:
    engine.register([gas(), gas("g2")], T0)
    report(engine, T0 + HOUR, lel_pct=0, alarm=False)
    reported, silent = (summary(engine.states[name], T0 + HOUR) for name in ("g1", "g2"))
    assert (reported.last_message_at, reported.report_every_ms, reported.conditions) == (T0 + HOUR, HOUR, frozenset())
    assert (silent.last_message_at, silent.battery_pct, silent.battery_days_left) == (None, None, None)
    assert conditions(engine, T0 + HOUR) == {}
    engine.tick(T0 + 3 * HOUR + 10 * MINUTE)
    assert conditions(engine, T0 + 4 * HOUR) == {"g2": {DeviceCondition.OFFLINE}}


def test_an_alarm_a_tamper_and_an_expiry_are_different_conditions(engine: Engine) -> None:
    engine.register([gas(), gas("g2"), gas("g3", expires_on="2026-01-02"), gas("g4")], T0)
    report(engine, T0 + 1, alarm=True)
    report(engine, T0 + 1, "g2", tamper=True, alarm=False)
    engine.tick(T0 + 2 * MINUTE)
    report(engine, T0 + 2 * MINUTE, "g4", lel_pct=15)
    assert summary(engine.states["g4"], T0 + 2 * MINUTE).findings == ()  # above the limit, not yet for long enough
    assert conditions(engine, T0 + 2 * MINUTE) == {
        "g1": {DeviceCondition.ALARM},
        "g2": {DeviceCondition.FAULT},
        "g3": {DeviceCondition.EXPIRED},
    }
    assert "gas-alarm" in summary(engine.states["g1"], T0 + 2 * MINUTE).findings


def test_a_battery_has_its_forecast_after_two_weeks(engine: Engine) -> None:
    engine.register([gas()], T0)
    for day in range(0, 21):
        report(engine, T0 + day * DAY, battery_pct=79 - 2 * day, alarm=False)
    one = summary(engine.states["g1"], T0 + 20 * DAY)
    assert (one.battery_pct, one.battery_at, one.battery_days_left) == (39, T0 + 20 * DAY, 19.5)
    assert one.conditions == {DeviceCondition.LOW_BATTERY}


def test_a_device_under_test_and_one_that_was_until_lately(engine: Engine) -> None:
    engine.register([gas(test_limit="10m")], T0)
    report(engine, T0 + 1, test=True, alarm=True)
    assert conditions(engine, T0 + MINUTE) == {"g1": {DeviceCondition.TEST}}
    assert conditions(engine, T0 + HOUR) == {}


def test_devices_behind_a_silent_gateway_and_those_that_their_platform_calls_offline(engine: Engine) -> None:
    engine.register([Device("gw", "gateway"), gas(gateway="gw"), gas("g2")], T0)
    report(engine, T0 + 1)
    report(engine, T0 + 1, "g2")
    assert summary(engine.states["g1"], T0 + 2).gateway == "gw"
    engine.mark_offline(["gw", "g2"], T0 + 2)
    engine.tick(T0 + 5 * MINUTE)
    found = conditions(engine, T0 + 5 * MINUTE)
    assert (found["g1"], found["g2"]) == ({DeviceCondition.OFFLINE}, {DeviceCondition.OFFLINE})
    assert summary(engine.states["g1"], T0 + 5 * MINUTE).gateway_silent_since is not None
    report(engine, T0 + 6 * MINUTE, "g2")
    assert "g2" not in conditions(engine, T0 + 6 * MINUTE)


def test_a_device_that_is_not_registered_is_in_no_list(engine: Engine) -> None:
    report(engine, T0, alarm=True)
    assert conditions(engine, T0) == {}

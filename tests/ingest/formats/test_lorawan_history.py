"""Fields of published codecs that were misread once: spelling, order, nesting, units and words, each on its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.formats.lorawan_history import split_history
from ingest.frame import Frame
from ingest.results import IngestResult

NOW = 1795904000000
EUI = "a000000000000001"
Build = Callable[..., Decoder]


def decode_message(make: Build, kind: str | None, content: dict[str, Any], model: str | None = None) -> IngestResult:
    body = {"time": "2026-11-28T22:13:20+00:00", "fPort": 1, "fCnt": 3, "object": content}
    known = [Device("d", kind, model, identities=(Identity("chirpstack", EUI),))] if kind else []
    return make(*known).decode([Frame(f"application/x/device/{EUI}/event/up", json.dumps(body).encode(), NOW, "bulk")])


def read(make: Build, kind: str, content: dict[str, Any], model: str | None = None) -> dict[str, Any]:
    """The values, with details of refusals under `!`."""
    result = decode_message(make, kind, content, model)
    values = {name: value for reading in result.readings for name, value in reading.values.items()}
    return values | ({"!": [refusal.detail for refusal in result.refusals]} if result.refusals else {})


@pytest.mark.parametrize("model", ["TBWL100", "tbwl100", "TBWL-100", "tbwl_100", "browan tbwl100"])
def test_a_model_is_the_same_in_every_spelling(build_decoder: Build, model: str) -> None:
    assert {"leak": True} == read(build_decoder, "water_leak", {"status": 1}, model)


def test_a_number_whose_model_nobody_named_is_no_verdict_and_is_not_lost(build_decoder: Build) -> None:
    assert {"temp_c": 20} == read(build_decoder, "water_leak", {"status": 1, "temperature": 20}, "unheard-of")
    ear = build_decoder(Device("d", "water_leak", identities=(Identity("chirpstack", EUI),)))
    body = {"object": {"status": 1, "temperature": 20}}
    ear.decode([Frame(f"application/x/device/{EUI}/event/up", json.dumps(body).encode(), NOW, "bulk")])
    assert any("status" in key for key in ear.unmapped_fields)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ({"batteryVoltage": 3600}, {"battery_v": 3.6}),
        ({"battery_voltage": 3.6}, {"battery_v": 3.6}),
        ({"battery_voltage": 24}, {"battery_v": 24}),
        ({"battery_voltage": {"value": 3250, "unit": "mV"}}, {"battery_v": 3.25}),
        ({"vdd": 3549}, {"battery_v": 3.549}),
        ({"Supply_Voltage": 1500}, {"battery_v": 1.5}),
        ({"batteryLevel": 2.74}, {"battery_v": 2.74}),
        ({"batteryLevel": 57}, {"battery_pct": 57}),
        ({"battery_level": 3.6}, {"battery_v": 3.6}),
        ({"batteryLevel": "Low"}, {"battery_low": True}),
        ({"batteryLevel": "Medium"}, {"battery_low": False}),
        ({"batteryLevel": "CHARGING", "leak": 0}, {"leak": False}),
    ],
)
def test_a_battery_is_read_in_the_unit_that_its_number_can_only_have(
    build_decoder: Build, content: dict[str, Any], values: dict[str, Any]
) -> None:
    assert values == read(build_decoder, "water_leak", content)


def test_an_alarm_may_be_named_before_or_behind_what_it_is_about(build_decoder: Build) -> None:
    for content in ({"alarmFall": True, "alarmBattery": False}, {"fallAlarm": True, "batteryAlarm": False}):
        assert {"opened": True, "battery_low": False} == read(build_decoder, "manhole", content)
    assert {"flooded": True} == read(build_decoder, "manhole", {"alarmLevel": True})
    assert {"full": True} == read(build_decoder, "bin", {"alarmLevel": True})


def test_a_verdict_below_what_only_holds_others_is_the_device_s(build_decoder: Build) -> None:
    nested = [{"distance": 5, "distance_alarm": "threshold alarm"}, {"distance_exception": "blind spot"}]

    assert read(build_decoder, "manhole", {"event": nested})["flooded"] is True
    assert (
        read(build_decoder, "smoke_alarm", {"payload": [{"Smoke_Alarm": "Active"}, {"Smoke_Test": "No"}]})["alarm"]
        is True
    )
    assert {"leak": False} == read(build_decoder, "water_leak", {"leak": 0, "payload": "00"})


def test_what_is_true_of_one_of_two_contacts_is_true_of_the_device(build_decoder: Build) -> None:
    for content in (
        {"magnet_chn1": "opened", "magnet_chn2": "closed"},
        {"magnet_chn2": "opened", "magnet_chn1": "closed"},
    ):
        assert {"opened": True} == read(build_decoder, "door", content)
    assert {"opened": False} == read(build_decoder, "door", {"magnet_chn1": "closed", "magnet_chn2": "closed"})


def test_a_signal_below_another_thing_is_not_the_device_s(build_decoder: Build) -> None:
    stations = [{"mac": "00:00:00:00:00:01", "rssi": -61}]

    assert {"battery_pct": 90} == read(build_decoder, "wristband", {"battery": 90, "stations": stations})
    assert {"rssi_dbm": -61} == read(build_decoder, "wristband", {"rssi": -61})


@pytest.mark.parametrize(
    ("word", "alarm"),
    [
        ("Smoke Alarm non-activated", False),
        ("smoke alarm not activated", False),
        ("smoke not detected", False),
        ("Local smoke Alarm activated", True),
        ("Remote smoke Alarm activated", True),
        ("smoke alarm activated", True),
    ],
)
def test_a_denial_at_the_end_denies_what_stands_before_it(build_decoder: Build, word: str, alarm: bool) -> None:
    assert {"alarm": alarm} == read(build_decoder, "smoke_alarm", {"smokeAlarm": word})


def test_the_state_of_a_sensor_is_no_verdict_of_its_own(build_decoder: Build) -> None:
    assert {"fault": False} == read(build_decoder, "smoke_alarm", {"smokeSensorStatus": "Smoke sensor ok"})
    assert {"fault": True} == read(build_decoder, "smoke_alarm", {"smokeSensorStatus": "Smoke sensor fault"})


@pytest.mark.parametrize(("word", "leak"), [("ON", True), ("OFF", False), ("Success", None), ("Failure", None)])
def test_a_status_that_also_ends_answers_to_commands_is_the_verdict_of_a_leak_detector(
    build_decoder: Build, word: str, leak: bool | None
) -> None:
    assert ({} if leak is None else {"leak": leak}) == read(build_decoder, "water_leak", {"Status": word})


def test_a_volume_is_cubic_metres_only_where_somebody_says_so(build_decoder: Build) -> None:
    assert {"volume_m3": 103.72} == read(build_decoder, "water_meter", {"lastVolume": 103720}, "qalcosonic w1")
    assert {"volume_m3": 5.342} == read(build_decoder, "water_meter", {"total_volume": 5342, "total_volume_unit": "L"})
    for field in ("volume", "total_volume", "totalVolume"):
        [detail] = read(build_decoder, "water_meter", {field: 5342})["!"]
        assert "without a unit" in detail


def test_a_value_in_a_list_bears_its_unit(build_decoder: Build) -> None:
    def record(value: float, unit: str) -> dict[str, Any]:
        return {"values": [{"Type": "Volume", "Value": value, "Unit": unit, "Timestamp": "2026-11-28T22:00:00.000Z"}]}

    assert {"volume_m3": 7.5} == read(build_decoder, "water_meter", record(7.5, "m3"))
    assert {"volume_m3": 7.5} == read(build_decoder, "water_meter", record(7500, "L"))
    assert {"volume_m3": 7.5} == read(build_decoder, "water_meter", record(7.5, "NA"))


def test_lists_of_named_values_need_no_time_where_they_are_lists_in_a_list() -> None:
    records = [{"type": "Battery", "measurementValue": 100}, {"type": "SOS Mode", "measurementValue": 1}]

    assert [(None, {"Battery": 100, "SOS Mode": 1})] == split_history({"messages": [records]})
    assert [(None, {"messages": records})] == split_history({"messages": records})
    assert [("2026-01-01T00:00:00Z", {"open": True})] == split_history(
        {"values": [{"variable": "open", "value": True, "date": "2026-01-01T00:00:00Z"}]}
    )


@pytest.mark.parametrize(
    "content",
    [
        {"WaterLeak_1": "Leak", "WaterLeak_2": "NoLeak"},
        {"payload": [{"Type_of_message": "Smoke"}, {"Smoke_Alarm": "Active"}]},
        {"data": [{"variable": "smoke_alarm", "value": True}]},
    ],
)
def test_a_danger_of_a_stranger_is_told_in_whatever_shape(build_decoder: Build, content: dict[str, Any]) -> None:
    [refusal] = decode_message(build_decoder, None, content).refusals
    assert refusal.danger


@pytest.mark.parametrize("field", ["coAlarmHush", "IsAlertsConfirmed", "radioAlarms.dutyCycleExceeded"])
def test_what_is_about_an_alarm_is_none(build_decoder: Build, field: str) -> None:
    result = decode_message(build_decoder, "gas_alarm", {field: True, "co_ppm": 0})
    assert not any(refusal.danger for refusal in result.refusals)


def test_current_values_come_after_historic_ones() -> None:
    content = {
        "now": 1,
        "history": [{"time": 20, "a": 2}, {"time": 10, "a": 1}],
        "list": [1],
        "mixed": [{"time": 1}, 2],
    }

    assert split_history(content) == [
        (10, {"a": 1}),
        (20, {"a": 2}),
        (None, {"now": 1, "list": [1], "mixed": [{"time": 1}, 2]}),
    ]

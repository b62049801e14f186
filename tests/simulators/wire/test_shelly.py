"""Shelly's topics."""

from __future__ import annotations

from domain import Value
from simulators.events import Measurement
from simulators.wire import MessageHeader, shelly

GAS = "shellygas-10521CF29E18"


def topics(kind: str, identity: str, values: dict[str, Value]) -> dict[str, bytes]:
    messages = shelly.encode(Measurement("d", values), MessageHeader(identity, 0, 7, kind))
    return {message.topic.removeprefix(f"shellies/{identity}/"): message.payload for message in messages}


def test_a_gas_alarm_is_spread_over_the_topics_of_the_logged_device() -> None:
    assert topics("gas_alarm", GAS, {"alarm": False, "fault": False, "lel_pct": 2.0, "valve_closed": False}) == {
        "sensor/operation": b"normal",
        "sensor/gas": b"none",
        "sensor/concentration": b"1000",
        "valve/0/state": b"opened",
    }


def test_a_test_is_no_alarm() -> None:
    assert topics("gas_alarm", GAS, {"alarm": True, "test": True}) == {"sensor/gas": b"test"}
    assert topics("gas_alarm", GAS, {"alarm": True}) == {"sensor/gas": b"heavy"}


def test_a_press_is_an_event_with_a_counter() -> None:
    pressed = topics("sos_button", "shellybutton1-1052", {"sos": True, "battery_pct": 90})
    assert pressed == {"input_event/0": b'{"event":"S","event_cnt":7}', "sensor/battery": b"90"}
    assert topics("sos_button", "shellybutton1-1052", {"sos": False}) == {}


def test_a_kind_that_the_vendor_does_not_make_sends_nothing() -> None:
    assert topics("water_meter", "shelly-1", {"volume_m3": 3}) == {}


def test_a_device_has_a_last_will() -> None:
    (will,) = shelly.encode_online(GAS, online=False)
    assert (will.topic, will.payload, will.retain) == (f"shellies/{GAS}/online", b"false", True)

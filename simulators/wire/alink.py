"""Alibaba Cloud IoT (Alink JSON): properties posted with their time in ms, events of their own topic.

Source: the Alink protocol's documentation (device properties, events); identifiers of the standard thing models of
Alibaba's home platform (SmokeSensorState, GasSensorState, WaterSensorState, ContactState, MotionAlarmState,
EmergencyAlarm, BatteryPercentage, CurrentTemperature).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from simulators.events import Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.fields import BINARY, DeviceFormat, Field, by_fields, pick_format

_COMMON: Final = {"battery_pct": Field("BatteryPercentage", digits=0), "temp_c": Field("CurrentTemperature", digits=1)}
_FORMATS: Final[Mapping[str, DeviceFormat]] = {
    "gas_alarm": by_fields(_COMMON | {"alarm": Field("GasSensorState", words=BINARY)}),
    "smoke_alarm": by_fields(_COMMON | {"alarm": Field("SmokeSensorState", words=BINARY)}),
    "water_leak": by_fields(_COMMON | {"leak": Field("WaterSensorState", words=BINARY)}),
    "door": by_fields(_COMMON | {"opened": Field("ContactState", words=BINARY)}),
    "motion": by_fields(_COMMON | {"occupied": Field("MotionAlarmState", words=BINARY)}),
    "sos_button": by_fields(_COMMON | {"sos": Field("EmergencyAlarm", words=BINARY)}),
}
"""Of other kinds an operator models the product himself: with our names."""
_ID_LIMIT: Final = 2**31


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """A property post, and a `TamperAlarm` event when the device is being removed.

    `identity`: `productKey/deviceName`.
    """
    fields = pick_format(_FORMATS, header.model, header.kind)(measurement.values)
    params = {name: {"value": value, "time": header.at} for name, value in fields.items()}
    messages = [_message(header, "property", params)] if params else []
    if measurement.values.get("tamper") and "tamper" not in fields:
        messages.append(_message(header, "TamperAlarm", {"value": {}, "time": header.at}))
    return messages


def _message(header: MessageHeader, event: str, params: Mapping[str, object]) -> Message:
    body = {
        "id": str(header.seq % _ID_LIMIT),
        "version": "1.0",
        "sys": {"ack": 0},
        "params": params,
        "method": f"thing.event.{event}.post",
    }
    return Message(f"/sys/{header.identity}/thing/event/{event}/post", msgspec.json.encode(body))

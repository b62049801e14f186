"""Huawei Cloud IoTDA: properties of services with their event time, of a device or of a gateway's sub-devices.

Source: the platform's MQTT reference (properties/report, gateway/sub_devices/properties/report). Services of water
meters: Huawei's NB-IoT profile for water (WaterMeterBasic, WaterMeterAlarm, Battery), whose alarms have the names of
Metout's dictionary. No document that we found states the unit of `currentReading`; it is m³ here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from domain import Instant, Value
from simulators.events import Batch, Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.fields import BINARY, DeviceFormat, Field, by_fields
from simulators.wire.times import utc

_BATTERY: Final = by_fields(
    {"battery_pct": Field("batteryLevel", digits=0), "battery_v": Field("batteryVoltage", digits=3)}
)
_METER: Final[Mapping[str, DeviceFormat]] = {
    "WaterMeterBasic": by_fields(
        {"volume_m3": Field("currentReading", digits=3), "flow_m3h": Field("currentFlow", digits=3)}
    ),
    "WaterMeterAlarm": by_fields(
        {
            "backflow": Field("reverseFlow", words=BINARY),
            "leak": Field("leaking", words=BINARY),
            "burst": Field("highFlow", words=BINARY),
            "magnetic_tamper": Field("magneticInterference", words=BINARY),
            "tamper": Field("tampering", words=BINARY),
        }
    ),
    "Battery": _BATTERY,
}


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """A properties report; of a sub-device on the topic of its gateway."""
    return _report(header, _services(header.kind, measurement.values, header.at))


def encode_batch(batch: Batch, header: MessageHeader) -> list[Message]:
    """One report; every entry has services with its own event time."""
    clock_offset_ms = header.at - batch.entries[-1].at
    services = [
        service
        for entry in batch.entries
        for service in _services(header.kind, entry.values, entry.at + clock_offset_ms)
    ]
    return _report(header, services)


def _report(header: MessageHeader, services: list[dict[str, object]]) -> list[Message]:
    if header.gateway:
        topic = f"$oc/devices/{header.gateway}/sys/gateway/sub_devices/properties/report"
        body: dict[str, object] = {"devices": [{"device_id": header.identity, "services": services}]}
    else:
        topic, body = f"$oc/devices/{header.identity}/sys/properties/report", {"services": services}
    return [Message(topic, msgspec.json.encode(body))]


def _services(kind: str, values: Mapping[str, Value], at: Instant) -> list[dict[str, object]]:
    if kind == "water_meter":
        properties = {service: encode_service(values) for service, encode_service in _METER.items()}
    else:
        # The operator's own product model, with our names.
        properties = {"Basic": values}
    return [
        {"service_id": service, "properties": fields, "event_time": _event_time(at)}
        for service, fields in properties.items()
        if fields
    ]


def _event_time(at: Instant) -> str:
    return f"{utc(at):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"

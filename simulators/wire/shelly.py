"""Shelly devices of the first generation: one bare text per topic, so the state is spread over topics.

Source: Shelly's API reference of the first generation (Shelly Gas, Flood, Door/Window 2, Smoke, Button 1) and a real
device's log. `concentration` is ppm; the vendor states no base, so 100 %LEL of methane is 5 % by volume as in
GB 15322.2 here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain import Value
from simulators.events import Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.fields import DeviceFormat, Field, by_fields

PPM_PER_LEL_PCT: Final = 500.0
_BATTERY: Final = {"battery_pct": Field("sensor/battery", digits=0)}
_TEMPERATURE: Final = {"temp_c": Field("sensor/temperature", digits=1)}
_TRUE_FALSE: Final = ("true", "false")


def _gas(values: Mapping[str, Value]) -> Mapping[str, object]:
    topics: dict[str, object] = {}
    if "fault" in values:
        topics["sensor/operation"] = "fault" if values["fault"] else "normal"
    if "alarm" in values or values.get("test"):
        level = "heavy" if values.get("alarm") else "none"
        topics["sensor/gas"] = "test" if values.get("test") else level
    if "lel_pct" in values:
        topics["sensor/concentration"] = round(float(values["lel_pct"]) * PPM_PER_LEL_PCT)
    if "valve_closed" in values:
        topics["valve/0/state"] = "closed" if values["valve_closed"] else "opened"
    return topics


_FORMATS: Final[Mapping[str, DeviceFormat]] = {
    "gas_alarm": _gas,
    "smoke_alarm": by_fields(_BATTERY | _TEMPERATURE | {"alarm": Field("sensor/smoke", words=_TRUE_FALSE)}),
    "water_leak": by_fields(_BATTERY | _TEMPERATURE | {"leak": Field("sensor/flood", words=_TRUE_FALSE)}),
    "door": by_fields(_BATTERY | _TEMPERATURE | {"opened": Field("sensor/state", words=("open", "close"))}),
    "sos_button": by_fields(_BATTERY | {"sos": Field("input_event/0", words=("press",))}),
}


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """One message for each value that the device has. `identity`: `{model}-{id}`."""
    format_ = _FORMATS.get(header.kind)
    return list(_messages(format_(measurement.values), header)) if format_ is not None else []


def encode_online(identity: str, online: bool) -> list[Message]:
    """The retained birth and last will of a device."""
    return [Message(f"shellies/{identity}/online", b"true" if online else b"false", qos=1, retain=True)]


def _messages(topics: Mapping[str, object], header: MessageHeader) -> Iterator[Message]:
    for topic, value in topics.items():
        # A short press; the counter tells two presses apart.
        text = f'{{"event":"S","event_cnt":{header.seq}}}' if topic == "input_event/0" else str(value)
        yield Message(f"shellies/{header.identity}/{topic}", text.encode(), qos=0)

"""Zigbee2MQTT: a flat JSON state under the friendly name, without time and sequence number, in the converter's words.

Source: the device pages of Zigbee2MQTT (HEIMAN HS1CG-E, HS1SA-E, HS1EB; Aqara MCCGQ11LM, RTCGQ11LM, SJCGQ11LM) and
published states. `contact: true` means closed; a button's `action` is sent when it is pressed only; `voltage` is mV.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from simulators.events import Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.fields import DeviceFormat, Field, by_fields

_COMMON: Final = {
    "battery_pct": Field("battery", digits=0),
    "battery_low": Field("battery_low"),
    "battery_v": Field("voltage", scale=1000, digits=0),
    "temp_c": Field("temperature", digits=2),
    "tamper": Field("tamper"),
    "test": Field("test"),
}
_PROPERTIES: Final[Mapping[str, Mapping[str, Field]]] = {
    "gas_alarm": {"alarm": Field("gas")},
    "smoke_alarm": {"alarm": Field("smoke")},
    "door": {"opened": Field("contact", words=(False, True))},
    "motion": {"occupied": Field("occupancy")},
    "water_leak": {"leak": Field("water_leak")},
    "sos_button": {"sos": Field("action", words=("emergency",))},
}
_FORMATS: Final[Mapping[str, DeviceFormat]] = {
    kind: by_fields({**_COMMON, **fields}) for kind, fields in _PROPERTIES.items()
}
_OTHER: Final = by_fields(_COMMON | {name: field for fields in _PROPERTIES.values() for name, field in fields.items()})


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """The state as the converter publishes it; link quality is derived from the sequence number."""
    fields = _FORMATS.get(header.kind, _OTHER)(measurement.values)
    body = {**fields, "linkquality": 60 + header.seq % 120}
    return [Message(f"zigbee2mqtt/{header.identity}", msgspec.json.encode(body), qos=0)]


def encode_available(friendly_name: str, online: bool = True) -> list[Message]:
    """Retained availability of a device."""
    state = b'{"state":"online"}' if online else b'{"state":"offline"}'
    return [Message(f"zigbee2mqtt/{friendly_name}/availability", state, qos=1, retain=True)]


def encode_bridge_online() -> list[Message]:
    """Retained state of the bridge."""
    return [Message("zigbee2mqtt/bridge/state", b'{"state":"online"}', qos=1, retain=True)]

"""Tasmota's `tele/…` and `stat/…`: its own sensors, its Zigbee bridge, Bluetooth and 433 MHz.

`Time` is local without a zone. A Zigbee device is named by its short address, its friendly name or both: in the key,
in the topic or in its fields. An IAS zone status may be raw (`0500!00`, `ZoneStatus`); its bits become named fields.
"""

from __future__ import annotations

import re
from typing import Final

from domain import RefusalReason
from ingest.adapters.tasmota.names import DeviceNames, bluetooth_names, is_bluetooth, zigbee_names
from ingest.formats.ias_zone import name_zone_fields
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import (
    AdapterItem,
    AdapterOutput,
    DeviceEvent,
    DeviceEventKind,
    DiscoveredDevice,
    RawReading,
    Rejection,
)

PLATFORM = "tasmota"
VERSION = 1

JsonObject = dict[str, object]

SCALAR_LEAF: Final = re.compile(r"(?:POWER|SWITCH|BUTTON)\d*")
MEASURED_LEAF: Final = re.compile(r"SENSOR|STATE|RESULT|ZbReceived|BLE|STATUS(?:8|10|11)|(?:SWITCH|BUTTON)\d*T?")
DEVICE_RESULT: Final = re.compile(r"POWER\d*|(?:Switch|Button)\d*|ZbReceived|RfReceived|BLEDevices|TRIG")
"""Fields of command results that are a device's values and not about Tasmota itself."""

DESCRIPTION_FIELDS: Final = ("Device", "Name", "ModelId", "Manufacturer", "IEEEAddr")
ZB_STATE_DEVICE_CONNECTS: Final = 30


def decode(frame: Frame) -> AdapterOutput:
    """Decode `{tele|stat}/{topic}/{leaf}`; {topic} may contain slashes, and a Zigbee device may be its last level."""
    prefix, _, path = frame.topic.partition("/")
    device, _, leaf = path.rpartition("/")
    if not device or not leaf:
        return Rejection(RefusalReason.NO_CODEC, "topic is not tele/{topic}/{leaf} or stat/{topic}/{leaf}")
    if prefix == "cmnd":  # received where a site's filter covers a whole tree
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, device, f"a {leaf[:40]} command to the device")
    if leaf == "LWT":
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, device, _head(frame.payload), online)
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, device, "a retained state was cleared")
    if SCALAR_LEAF.fullmatch(leaf) and not frame.payload.lstrip().startswith(b"{"):
        return _scalar_reading(device, leaf, frame)
    if MEASURED_LEAF.fullmatch(leaf):
        return _json_readings(device, leaf, frame)
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, device, f"{leaf[:40]}: {_head(frame.payload)}")


def _scalar_reading(device: str, leaf: str, frame: Frame) -> AdapterOutput:
    """One value: `stat/{topic}/POWER1` holds ON, like POWER1 in its JSON form; `SWITCH1` is Switch1 there."""
    value = read_scalar(frame.payload)
    if isinstance(value, Rejection):
        return Rejection(value.reason, value.detail, device)
    name = leaf if leaf.startswith("POWER") else leaf.capitalize()
    return [RawReading(PLATFORM, device, None, {name: value}, None, None, frame.retain)]


def _json_readings(device: str, leaf: str, frame: Frame) -> AdapterOutput:
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, device)
    if not isinstance(body, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", device)
    fields = _unwrap(leaf, body)
    event = _bridge_event(device, fields) or _status_event(device, leaf, fields)
    return event or _readings(device, fields, frame)


def _unwrap(leaf: str, body: JsonObject) -> JsonObject:
    if leaf == "ZbReceived":
        return {leaf: body}
    inner = body.get("StatusSNS") or body.get("StatusSTS")
    return inner if isinstance(inner, dict) else body


def _bridge_event(device: str, fields: JsonObject) -> DeviceEvent | None:
    """What the Zigbee bridge reports about its devices without a new message of theirs: no reading."""
    state = fields.get("ZbState")
    if isinstance(state, dict) and state.get("Status") == ZB_STATE_DEVICE_CONNECTS:
        names = zigbee_names(device, str(state.get("ShortAddr", "")), state)
        return DeviceEvent(
            DeviceEventKind.JOIN, PLATFORM, names[0], "a Zigbee device connects", online=True, aliases=names[1]
        )
    bridge_field = next((name for name in fields if name.startswith("Zb") and name != "ZbReceived"), None)
    if bridge_field is None:
        return None
    discovered = tuple(_discovered_devices(device, fields[bridge_field]))
    kind = DeviceEventKind.DISCOVERY if discovered else DeviceEventKind.BRIDGE
    return DeviceEvent(kind, PLATFORM, None if discovered else device, bridge_field[:200], discovered=discovered)


def _discovered_devices(device: str, entries: object) -> list[DiscoveredDevice]:
    devices = list(entries.values()) if isinstance(entries, dict) else entries if isinstance(entries, list) else []
    return [_discovered_device(device, entry) for entry in devices if isinstance(entry, dict) and "Device" in entry]


def _discovered_device(device: str, fields: JsonObject) -> DiscoveredDevice:
    names = zigbee_names(device, str(fields["Device"]), fields)
    identities = tuple((PLATFORM, name) for name in (names[0], *names[1]))
    hints = tuple(name for name in name_zone_fields(fields) if name not in DESCRIPTION_FIELDS)
    return DiscoveredDevice(
        identities, hints, _text(fields, "Manufacturer"), _text(fields, "ModelId"), _text(fields, "Name")
    )


def _status_event(device: str, leaf: str, fields: JsonObject) -> DeviceEvent | None:
    """A message about Tasmota itself, or the reply to a command."""
    if leaf == "RESULT" and not any(DEVICE_RESULT.fullmatch(name) for name in fields):
        return DeviceEvent(
            DeviceEventKind.REPLY, PLATFORM, device, f"an answer: {', '.join(fields)}"[:200], online=True
        )
    if "BLEDevices" in fields:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, device, "Bluetooth devices around it", online=True)
    if leaf in {"STATE", "STATUS11"} and not any(name.startswith("POWER") for name in fields):
        return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, device, "its own state, nothing measured", online=True)
    return None


def _readings(device: str, fields: JsonObject, frame: Frame) -> AdapterOutput:
    at, readings, own_fields = fields.pop("Time", None), list[AdapterItem](), JsonObject()
    for name, value in fields.items():
        if name == "ZbReceived":
            readings += _zigbee_readings(device, value, at, frame)
        elif name == "RfReceived" and isinstance(value, dict) and value.get("Data"):
            readings.append(_reading(((str(value["Data"])), ()), {"Rf": True}, None, frame))
        elif isinstance(value, dict) and is_bluetooth(name, value):
            readings.append(_reading(bluetooth_names(name, value), _measured_fields(value), at, frame))
        else:
            own_fields[name] = value
    if any(not name.endswith("Unit") for name in own_fields):
        readings.append(_reading((device, ()), dict(flatten(own_fields)), at, frame))
    return readings or DeviceEvent(DeviceEventKind.LIFE, PLATFORM, device, "nothing measured", online=True)


def _zigbee_readings(device: str, received: object, at: object, frame: Frame) -> list[AdapterItem]:
    """One reading a device by key; without keys (SetOption119) one device, named by the last topic level."""
    if not isinstance(received, dict) or not received:
        return [Rejection(RefusalReason.BAD_PAYLOAD, "ZbReceived holds no device", device)]
    if not any(isinstance(value, dict) or key[:2] == "0x" for key, value in received.items()):
        received = {device.rpartition("/")[2]: received}
    return [_zigbee_reading(device, key, fields, at, frame) for key, fields in received.items()]


def _zigbee_reading(device: str, key: str, fields: object, at: object, frame: Frame) -> RawReading | Rejection:
    if not isinstance(fields, dict):
        return Rejection(
            RefusalReason.BAD_PAYLOAD, f"ZbReceived {key[:40]} is a {type(fields).__name__}, not an object", key
        )
    return _reading(zigbee_names(device, key, fields), _measured_fields(fields), at, frame, _text(fields, "ModelId"))


def _reading(names: DeviceNames, fields: JsonObject, at: object, frame: Frame, model: str | None = None) -> RawReading:
    return RawReading(PLATFORM, names[0], at, fields, None, model, frame.retain, names[1])


def _measured_fields(fields: JsonObject) -> JsonObject:
    return name_zone_fields({name: value for name, value in flatten(fields) if name not in DESCRIPTION_FIELDS})


def _text(fields: JsonObject, key: str) -> str | None:
    value = fields.get(key)
    return value if isinstance(value, str) and value else None


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")

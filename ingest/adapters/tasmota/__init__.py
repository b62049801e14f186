"""Tasmota's `tele/…` and `stat/…`: its own sensors, its Zigbee bridge, Bluetooth and 433 MHz. It knows no kind.

`Time` is local without a zone. A Zigbee device is named by its short address, its friendly name or both: in the key,
in the topic or inside. What an IAS zone raises may come raw (`0500!00`, `ZoneStatus`); its bits are named here.
"""

from __future__ import annotations

import re
from typing import Final

from domain import Reason
from ingest.adapters.tasmota.names import Names, bluetooth_names, is_bluetooth, zigbee_names
from ingest.formats.ias_zone import name_zone_fields
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "tasmota"
VERSION = 1

Said = dict[str, object]
Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection

BARE: Final = re.compile(r"(?:POWER|SWITCH|BUTTON)\d*")
MEASURED: Final = re.compile(r"SENSOR|STATE|RESULT|ZbReceived|BLE|STATUS(?:8|10|11)|(?:SWITCH|BUTTON)\d*T?")
LASTING: Final = re.compile(r"POWER\d*|(?:Switch|Button)\d*|ZbReceived|RfReceived|BLEDevices|TRIG")
"""What among the results of commands is said by a device and not by Tasmota about itself."""

ABOUT: Final = ("Device", "Name", "ModelId", "Manufacturer", "IEEEAddr")
DEVICE_CONNECTS: Final = 30


def decode(frame: Frame) -> Decoded:
    """`tele/{topic}/{leaf}`, `stat/{topic}/{leaf}`; {topic} may hold slashes, a Zigbee device may be its last level."""
    prefix, _, rest = frame.topic.partition("/")
    owner, _, leaf = rest.rpartition("/")
    if not owner or not leaf:
        return Rejection(Reason.NO_CODEC, "topic is not tele/{topic}/{leaf} or stat/{topic}/{leaf}")
    if prefix == "cmnd":  # heard where a site's filter takes a whole tree
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, owner, f"a {leaf[:40]} command to the device")
    if leaf == "LWT":
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, owner, _head(frame.payload), online)
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, owner, "a retained state was cleared")
    if BARE.fullmatch(leaf) and not frame.payload.lstrip().startswith(b"{"):
        return _bare(owner, leaf, frame)
    if MEASURED.fullmatch(leaf):
        return _json(owner, leaf, frame)
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, owner, f"{leaf[:40]}: {_head(frame.payload)}")


def _bare(owner: str, leaf: str, frame: Frame) -> Decoded:
    """`stat/{topic}/POWER1` holds ON, as its JSON twin does; `SWITCH1` is Switch1 there."""
    said = read_scalar(frame.payload)
    if isinstance(said, Rejection):
        return Rejection(said.reason, said.detail, owner)
    name = leaf if leaf.startswith("POWER") else leaf.capitalize()
    return [RawReading(PLATFORM, owner, None, {name: said}, None, None, frame.retain)]


def _json(owner: str, leaf: str, frame: Frame) -> Decoded:
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, owner)
    if not isinstance(body, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", owner)
    said = _unwrapped(leaf, body)
    about = _about(owner, said) or _aside(owner, leaf, said)
    return about or _drafts(owner, said, frame)


def _unwrapped(leaf: str, body: Said) -> Said:
    if leaf == "ZbReceived":
        return {leaf: body}
    inner = body.get("StatusSNS") or body.get("StatusSTS")
    return inner if isinstance(inner, dict) else body


def _about(owner: str, said: Said) -> DeviceEvent | None:
    """What the bridge says of its devices without having heard them now: their last state is no reading."""
    state = said.get("ZbState")
    if isinstance(state, dict) and state.get("Status") == DEVICE_CONNECTS:
        names = zigbee_names(owner, str(state.get("ShortAddr", "")), state)
        return DeviceEvent(
            DeviceEventKind.JOIN, PLATFORM, names[0], "a Zigbee device connects", online=True, aliases=names[1]
        )
    about = next((name for name in said if name.startswith("Zb") and name != "ZbReceived"), None)
    if about is None:
        return None
    proposals = tuple(_proposals(owner, said[about]))
    kind = DeviceEventKind.DISCOVERY if proposals else DeviceEventKind.BRIDGE
    return DeviceEvent(kind, PLATFORM, None if proposals else owner, about[:200], discovered=proposals)


def _proposals(owner: str, said: object) -> list[DiscoveredDevice]:
    inner = list(said.values()) if isinstance(said, dict) else said if isinstance(said, list) else []
    return [_proposal(owner, each) for each in inner if isinstance(each, dict) and "Device" in each]


def _proposal(owner: str, said: Said) -> DiscoveredDevice:
    names = zigbee_names(owner, str(said["Device"]), said)
    identities = tuple((PLATFORM, name) for name in (names[0], *names[1]))
    hints = tuple(name for name in name_zone_fields(said) if name not in ABOUT)
    return DiscoveredDevice(identities, hints, _text(said, "Manufacturer"), _text(said, "ModelId"), _text(said, "Name"))


def _aside(owner: str, leaf: str, said: Said) -> DeviceEvent | None:
    """A chip that says how it is, and the answer to a command."""
    if leaf == "RESULT" and not any(LASTING.fullmatch(name) for name in said):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, owner, f"an answer: {', '.join(said)}"[:200], online=True)
    if "BLEDevices" in said:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, owner, "Bluetooth devices around it", online=True)
    if leaf in {"STATE", "STATUS11"} and not any(name.startswith("POWER") for name in said):
        return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, owner, "its own state, nothing measured", online=True)
    return None


def _drafts(owner: str, said: Said, frame: Frame) -> Decoded:
    at, drafts, own = said.pop("Time", None), list[RawReading | Rejection](), Said()
    for name, value in said.items():
        if name == "ZbReceived":
            drafts += _zigbee(owner, value, at, frame)
        elif name == "RfReceived" and isinstance(value, dict) and value.get("Data"):
            drafts.append(_heard(((str(value["Data"])), ()), {"Rf": True}, None, frame))
        elif isinstance(value, dict) and is_bluetooth(name, value):
            drafts.append(_heard(bluetooth_names(name, value), _measured(value), at, frame))
        else:
            own[name] = value
    if any(not name.endswith("Unit") for name in own):
        drafts.append(_heard((owner, ()), dict(flatten(own)), at, frame))
    return drafts or DeviceEvent(DeviceEventKind.LIFE, PLATFORM, owner, "nothing measured", online=True)


def _zigbee(owner: str, received: object, at: object, frame: Frame) -> list[RawReading | Rejection]:
    """Devices by key; without keys (SetOption119) one device, named by the last level of the topic."""
    if not isinstance(received, dict) or not received:
        return [Rejection(Reason.BAD_PAYLOAD, "ZbReceived holds no device", owner)]
    if not any(isinstance(each, dict) or key[:2] == "0x" for key, each in received.items()):
        received = {owner.rpartition("/")[2]: received}
    return [_of_zigbee(owner, key, fields, at, frame) for key, fields in received.items()]


def _of_zigbee(owner: str, key: str, fields: object, at: object, frame: Frame) -> RawReading | Rejection:
    if not isinstance(fields, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"ZbReceived {key[:40]} is a {type(fields).__name__}, not an object", key)
    return _heard(zigbee_names(owner, key, fields), _measured(fields), at, frame, _text(fields, "ModelId"))


def _heard(names: Names, fields: Said, at: object, frame: Frame, model: str | None = None) -> RawReading:
    return RawReading(PLATFORM, names[0], at, fields, None, model, frame.retain, names[1])


def _measured(fields: Said) -> Said:
    return name_zone_fields({name: value for name, value in flatten(fields) if name not in ABOUT})


def _text(said: Said, key: str) -> str | None:
    value = said.get(key)
    return value if isinstance(value, str) and value else None


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")

"""Zigbee2MQTT's state, availability and bridge topics; a device name may contain slashes and spaces.

Messages have no time. `null` means never measured. A `false` may be an error of the converter (a gas alarm with zone
status 34 was shown as `gas: false`); it is taken as it is, and the frame stays in the journal to be decoded again.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import RefusalReason
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.frame import Frame
from ingest.results import AdapterOutput, DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "zigbee2mqtt"
VERSION = 3
COMMAND_LEVELS = frozenset({"set", "get"})
FINISHED_SELF_TEST = frozenset({"success", "failure", "others"})
"""Results of a finished self-test. The command `self_test: true` often stays in the state, and would mark every later
alarm as a test."""

JOIN_EVENTS = frozenset({"device_joined", "device_announce", "device_interview"})


def decode(frame: Frame) -> AdapterOutput:
    """Decode `zigbee2mqtt/{name}`, `…/availability`, `…/set`, `…/get`, `zigbee2mqtt/bridge/…`."""
    _, _, name = frame.topic.partition("/")
    if not name:
        return Rejection(RefusalReason.NO_CODEC, "topic is not zigbee2mqtt/{name}")
    if name == "bridge" or name.startswith("bridge/"):
        return _bridge_event(name.removeprefix("bridge").lstrip("/"), frame)
    owner, _, leaf = name.rpartition("/")
    if owner and leaf == "availability":
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, owner, _word(online), online)
    commanded = _command_target(name)
    if commanded is not None:
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, commanded, "a command to the device")
    return _state(name, frame)


def _command_target(name: str) -> str | None:
    """The device that a command is for, or None. An attribute may follow: `Kitchen/set/state`.

    >>> [_command_target(name) for name in ("3栋/402/set", "Kitchen/get/state", "Kitchen", "set")]
    ['3栋/402', 'Kitchen', None, None]
    """
    levels = name.split("/")
    index = next((index for index in (-1, -2) if levels[1:] and levels[index] in COMMAND_LEVELS), None)
    return "/".join(levels[:index]) or None if index is not None else None


def _state(name: str, frame: Frame) -> AdapterOutput:
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, name, "the retained state was cleared")
    fields = read_json(frame.payload)
    if not isinstance(fields, dict):
        return _attribute(name, fields, frame)
    device_info = fields.pop("device", None)
    device = device_info if isinstance(device_info, dict) else {}
    if fields.get("self_test_result") in FINISHED_SELF_TEST:
        fields.pop("self_test", None)
    candidates = (device.get(key) for key in ("ieeeAddr", "ieee_address", "friendlyName", "friendly_name"))
    aliases = tuple(dict.fromkeys(alias for alias in candidates if isinstance(alias, str) and alias != name))
    return [RawReading(PLATFORM, name, None, fields, None, _text(device, "model"), frame.retain, aliases)]


def _attribute(name: str, value: object, frame: Frame) -> AdapterOutput:
    """With `output: attribute` each field has a topic below the device's, with one value."""
    device, _, field = name.rpartition("/")
    if not device or frame.payload.lstrip()[:1] in (b"{", b"["):
        kind = value.detail if isinstance(value, Rejection) else f"a JSON {type(value).__name__} instead of an object"
        return Rejection(RefusalReason.BAD_PAYLOAD, f"{kind} (Zigbee2MQTT writes `output: json` by default)", name)
    value = read_scalar(frame.payload)
    if isinstance(value, Rejection):
        return Rejection(value.reason, value.detail, device)
    return [RawReading(PLATFORM, device, None, {field: value}, None, None, frame.retain)]


def _bridge_event(leaf: str, frame: Frame) -> AdapterOutput:
    if leaf == "state":
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.BRIDGE, PLATFORM, "bridge", f"bridge {_word(online)}", online)
    if leaf == "event":
        return _join_or_leave(read_json(frame.payload))
    if leaf == "devices":
        return _device_list(read_json(frame.payload))
    kind = DeviceEventKind.DISCOVERY if leaf in {"groups", "definitions"} else DeviceEventKind.BRIDGE
    return DeviceEvent(kind, PLATFORM, None, f"bridge/{leaf}"[:200])


def _device_list(devices: object) -> DeviceEvent:
    entries = [entry for entry in (devices if isinstance(devices, list) else []) if isinstance(entry, dict)]
    candidates = (_discovered_device(entry) for entry in entries if entry.get("type") != "Coordinator")
    discovered = tuple(device for device in candidates if device is not None)
    return DeviceEvent(
        DeviceEventKind.DISCOVERY, PLATFORM, None, f"bridge/devices: {len(discovered)} devices", discovered=discovered
    )


def _discovered_device(device: dict[str, object]) -> DiscoveredDevice | None:
    """A device as the bridge describes it. Its IEEE address stays the same when it is renamed."""
    names = [name for key in ("friendly_name", "ieee_address") if (name := _text(device, key))]
    definition_value = device.get("definition")
    definition = definition_value if isinstance(definition_value, dict) else {}
    model = _text(definition, "model") or _text(device, "model_id")
    hints = tuple(dict.fromkeys(_exposed_fields(definition.get("exposes"))))
    identities = tuple((PLATFORM, name) for name in dict.fromkeys(names))
    topics = tuple(f"zigbee2mqtt/{name}" for name in names[:1])
    vendor = _text(definition, "vendor") or _text(device, "manufacturer")
    return DiscoveredDevice(identities, hints, vendor, model, names[0], topics) if names else None


def _exposed_fields(exposes: object) -> Iterator[str]:
    """Property names of a definition, with those inside composites."""
    for expose in exposes if isinstance(exposes, list) else []:
        if isinstance(expose, dict):
            field = _text(expose, "property") or _text(expose, "name")
            yield from [field] if field and "features" not in expose else _exposed_fields(expose.get("features"))


def _join_or_leave(message: object) -> DeviceEvent:
    event = message if isinstance(message, dict) else {}
    word, data = event.get("type"), event.get("data")
    device = data if isinstance(data, dict) else {}
    discovered_device = _discovered_device(device)
    if discovered_device is None or not isinstance(word, str):
        return DeviceEvent(DeviceEventKind.BRIDGE, PLATFORM, None, f"bridge/event {word}"[:200])
    identity, aliases = discovered_device.identities[0][1], tuple(name for _, name in discovered_device.identities[1:])
    if word in JOIN_EVENTS:
        discovered = (discovered_device,) if discovered_device.hints else ()
        return DeviceEvent(
            DeviceEventKind.JOIN, PLATFORM, identity, word, online=True, aliases=aliases, discovered=discovered
        )
    online = False if word == "device_leave" else None
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, word[:200], online, aliases=aliases)


def _text(fields: dict[str, object], key: str) -> str | None:
    value = fields.get(key)
    return value if isinstance(value, str) and value else None


def _word(online: bool | None) -> str:
    return {True: "online", False: "offline", None: "says neither online nor offline"}[online]

"""Shelly devices: the first generation publishes one value a topic, `shellies/{model}-{id}/…`.

The second generation publishes below its `topic_prefix`, by default the device id: `{prefix}/events/rpc`,
`{prefix}/status/{component}`, `{prefix}/online`. Such a topic is read from its end.

A device's state is spread over topics, so each message is a reading of one quantity. Messages have no time. `gas: test`
is an alarm marked as a test. A concentration is in ppm of a gas that no message names.
"""

from __future__ import annotations

from typing import Final

from domain import RefusalReason
from ingest.adapters.shelly import rpc
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import AdapterOutput, DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "shelly"
VERSION = 2

ROOT: Final = "shellies"
PREFIXED_LEAVES: Final = frozenset({"online", "announce", "rpc", "command"})
"""Single levels behind a device's own prefix."""

COMMAND_LEAVES: Final = frozenset({"command", "set", "start_self_test", "mute", "unmute", "set_volume"})
"""Last levels of commands to the device."""

FULL_STATE_LEAVES: Final = frozenset({"status", "info"})
"""Last levels of full states as JSON."""


def decode(frame: Frame) -> AdapterOutput:
    """Decode `shellies/{announce|command}`, `shellies/{device}/{what}[/{which}[/state]]`, `{prefix}/events/rpc`, …"""
    levels = frame.topic.split("/")
    device_and_path = (levels[1], levels[2:]) if levels[0] == ROOT and len(levels) > 1 else _split_prefix(levels)
    if device_and_path is None or not all(levels):
        return Rejection(
            RefusalReason.NO_CODEC, "topic is not shellies/{model}-{id}/… or {prefix}/events/rpc, …/status/…"
        )
    device, path = device_and_path
    if not path:
        return _all_devices(device, frame)
    if path == ["online"]:
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, device, _head(frame.payload), online)
    if path == ["announce"]:
        return _announce(frame)
    if rpc.is_rpc_path(path) and frame.payload:
        return rpc.decode(device, path, frame)
    if path[-1] in COMMAND_LEAVES or path[0] == "command":
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, device, f"a {path[-1]} command to the device")
    return _state(device, path, frame)


def _split_prefix(levels: list[str]) -> tuple[str, list[str]] | None:
    """The device's own prefix and the path behind it.

    >>> _split_prefix("b3/kitchen/status/smoke:0".split("/")), _split_prefix(["shellyplus1-aa", "online"])
    (('b3/kitchen', ['status', 'smoke:0']), ('shellyplus1-aa', ['online']))
    """
    is_two_levels = levels[-2:] == ["events", "rpc"] or levels[-2:-1] in (["status"], ["command"])
    count = 2 if is_two_levels else 1 if levels[-1] in PREFIXED_LEAVES else 0
    return ("/".join(levels[:-count]), levels[-count:]) if 0 < count < len(levels) else None


def _all_devices(level: str, frame: Frame) -> AdapterOutput:
    if level == "announce":
        return _announce(frame)
    if level == "command":
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, None, "a command to all devices")
    return Rejection(RefusalReason.NO_CODEC, "topic names a device and nothing that it says", level)


def _announce(frame: Frame) -> AdapterOutput:
    announcement = read_json(frame.payload)
    device = announcement.get("id") if isinstance(announcement, dict) else None
    if not isinstance(announcement, dict) or not isinstance(device, str) or not device:
        return Rejection(RefusalReason.BAD_PAYLOAD, "an announcement without an id")
    model = _text(announcement.get("model"))
    discovered = DiscoveredDevice(
        ((PLATFORM, device),), (), "Shelly", model, _text(announcement.get("name")), (f"shellies/{device}/#",)
    )
    detail = f"announced itself: {model or 'no model'}, {announcement.get('fw_ver', 'no firmware version')}"[:200]
    return DeviceEvent(DeviceEventKind.DISCOVERY, PLATFORM, device, detail, online=True, discovered=(discovered,))


def _state(device: str, path: list[str], frame: Frame) -> AdapterOutput:
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, device, "a retained state was cleared")
    if path[0] == "input_event":
        return _button_event(device, frame)
    if path[-1] in FULL_STATE_LEAVES:
        return _full_state(device, frame)
    value = read_scalar(frame.payload)
    if isinstance(value, Rejection):
        return Rejection(value.reason, value.detail, device)
    return [_reading(device, _fields(_field_name(path), value), frame)]


def _field_name(path: list[str]) -> str:
    """`sensor/gas` is gas, `valve/0/state` is valve, `relay/0` is relay; the second relay is relay.1.

    >>> paths = ("sensor/gas", "valve/0/state", "relay/1", "relay/0/power", "temperature")
    >>> [_field_name(path.split("/")) for path in paths]
    ['gas', 'valve', 'relay.1', 'relay.power', 'temperature']
    """
    relevant = path[1:] if path[0] == "sensor" and len(path) > 1 else path
    relevant = relevant[:-1] if len(relevant) > 1 and relevant[-1] == "state" else relevant
    return ".".join(level for level in relevant if level != "0") or relevant[0]


def _fields(name: str, value: object) -> dict[str, object]:
    if name == "gas" and value == "test":
        return {"gas": value, "test": True}
    return {name: value}


def _button_event(device: str, frame: Frame) -> AdapterOutput:
    """A button counts its presses: equal messages with another count are two presses."""
    event = read_json(frame.payload)
    if not isinstance(event, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, "an input_event is not a JSON object", device)
    fields: dict[str, object] = {"event": event.get("event")}
    return [RawReading(PLATFORM, device, None, fields, event.get("event_cnt"), None, frame.retain)]


def _full_state(device: str, frame: Frame) -> AdapterOutput:
    state = read_json(frame.payload)
    if isinstance(state, Rejection):
        return Rejection(state.reason, state.detail, device)
    if not isinstance(state, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(state).__name__} instead of an object", device)
    return [_reading(device, dict(flatten(state)), frame)]


def _reading(device: str, fields: dict[str, object], frame: Frame) -> RawReading:
    if fields.get("gas_sensor.alarm_state") == "test":
        fields["test"] = True
    return RawReading(PLATFORM, device, None, fields, None, _model(device), frame.retain)


def _model(device: str) -> str | None:
    """The model at the beginning of the device id.

    >>> _model("shellygas-10521CF29E18"), _model("kitchen")
    ('shellygas', None)
    """
    model, dash, _ = device.rpartition("-")
    return model if dash else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")

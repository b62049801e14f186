"""Shelly devices: of the first generation one bare value a topic, `shellies/{model}-{id}/…`. It knows no kind.

Those of the second generation publish below their own `topic_prefix`, which is their id unless somebody changed it:
`{prefix}/events/rpc`, `{prefix}/status/{component}`, `{prefix}/online`. Such a topic is read from its end.

A device's state is spread over topics, so each message is a reading of one quantity. There is no time. `gas: test` is
an alarm that says it is a test. A concentration is in ppm of a gas that no message names.
"""

from __future__ import annotations

from typing import Final

from domain import Reason
from ingest.adapters.shelly import rpc
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "shelly"
VERSION = 2

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection

ROOT: Final = "shellies"
ALONE: Final = frozenset({"online", "announce", "rpc", "command"})
"""What stands alone behind a device's own prefix."""

ORDERS: Final = frozenset({"command", "set", "start_self_test", "mute", "unmute", "set_volume"})
"""What we or others tell the device, in the last level."""

STATES: Final = frozenset({"status", "info"})
"""Whole states as JSON."""


def decode(frame: Frame) -> Decoded:
    """`shellies/announce`, `shellies/command`, `shellies/{device}/{what}[/{which}[/state]]`, `{prefix}/events/rpc` …"""
    levels = frame.topic.split("/")
    parted = (levels[1], levels[2:]) if levels[0] == ROOT and len(levels) > 1 else _from_the_end(levels)
    if parted is None or not all(levels):
        return Rejection(Reason.NO_CODEC, "topic is not shellies/{model}-{id}/… or {prefix}/events/rpc, …/status/…")
    device, what = parted
    if not what:
        return _everybody(device, frame)
    if what == ["online"]:
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, device, _head(frame.payload), online)
    if what == ["announce"]:
        return _announce(frame)
    if rpc.speaks(what) and frame.payload:
        return rpc.decode(device, what, frame)
    if what[-1] in ORDERS or what[0] == "command":
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, device, f"a {what[-1]} command to the device")
    return _state(device, what, frame)


def _from_the_end(levels: list[str]) -> tuple[str, list[str]] | None:
    """The device's own prefix and what it says.

    >>> _from_the_end("b3/kitchen/status/smoke:0".split("/")), _from_the_end(["shellyplus1-aa", "online"])
    (('b3/kitchen', ['status', 'smoke:0']), ('shellyplus1-aa', ['online']))
    """
    whole = levels[-2:] == ["events", "rpc"] or levels[-2:-1] in (["status"], ["command"])
    count = 2 if whole else 1 if levels[-1] in ALONE else 0
    return ("/".join(levels[:-count]), levels[-count:]) if 0 < count < len(levels) else None


def _everybody(word: str, frame: Frame) -> Decoded:
    if word == "announce":
        return _announce(frame)
    if word == "command":
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, None, "a command to all devices")
    return Rejection(Reason.NO_CODEC, "topic names a device and nothing that it says", word)


def _announce(frame: Frame) -> Decoded:
    said = read_json(frame.payload)
    device = said.get("id") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(device, str) or not device:
        return Rejection(Reason.BAD_PAYLOAD, "an announcement without an id")
    model = _text(said.get("model"))
    proposal = DiscoveredDevice(
        ((PLATFORM, device),), (), "Shelly", model, _text(said.get("name")), (f"shellies/{device}/#",)
    )
    detail = f"announced itself: {model or 'no model'}, {said.get('fw_ver', 'no firmware version')}"[:200]
    return DeviceEvent(DeviceEventKind.DISCOVERY, PLATFORM, device, detail, online=True, discovered=(proposal,))


def _state(device: str, what: list[str], frame: Frame) -> Decoded:
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, device, "a retained state was cleared")
    if what[0] == "input_event":
        return _pressed(device, frame)
    if what[-1] in STATES:
        return _whole(device, frame)
    said = read_scalar(frame.payload)
    if isinstance(said, Rejection):
        return Rejection(said.reason, said.detail, device)
    return [_draft(device, _fields(_name(what), said), frame)]


def _name(what: list[str]) -> str:
    """`sensor/gas` is gas, `valve/0/state` is valve, `relay/0` is relay; a second one has its number.

    >>> [_name(path.split("/")) for path in ("sensor/gas", "valve/0/state", "relay/1", "relay/0/power", "temperature")]
    ['gas', 'valve', 'relay.1', 'relay.power', 'temperature']
    """
    path = what[1:] if what[0] == "sensor" and len(what) > 1 else what
    path = path[:-1] if len(path) > 1 and path[-1] == "state" else path
    return ".".join(level for level in path if level != "0") or path[0]


def _fields(name: str, said: object) -> dict[str, object]:
    if name == "gas" and said == "test":
        return {"gas": said, "test": True}
    return {name: said}


def _pressed(device: str, frame: Frame) -> Decoded:
    """A button counts its presses: equal messages with another count are two."""
    said = read_json(frame.payload)
    if not isinstance(said, dict):
        return Rejection(Reason.BAD_PAYLOAD, "an input_event is not a JSON object", device)
    fields: dict[str, object] = {"event": said.get("event")}
    return [RawReading(PLATFORM, device, None, fields, said.get("event_cnt"), None, frame.retain)]


def _whole(device: str, frame: Frame) -> Decoded:
    said = read_json(frame.payload)
    if isinstance(said, Rejection):
        return Rejection(said.reason, said.detail, device)
    if not isinstance(said, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(said).__name__} instead of an object", device)
    return [_draft(device, dict(flatten(said)), frame)]


def _draft(device: str, fields: dict[str, object], frame: Frame) -> RawReading:
    if fields.get("gas_sensor.alarm_state") == "test":
        fields["test"] = True
    return RawReading(PLATFORM, device, None, fields, None, _model(device), frame.retain)


def _model(device: str) -> str | None:
    """The model that the name begins with.

    >>> _model("shellygas-10521CF29E18"), _model("kitchen")
    ('shellygas', None)
    """
    model, dash, _ = device.rpartition("-")
    return model if dash else None


def _text(said: object) -> str | None:
    return said if isinstance(said, str) and said else None


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")

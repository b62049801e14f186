"""ESPHome's own topics, one bare value each: `{prefix}/{component}/{object}/state`.

The prefix is the node's name, or whatever its `topic_prefix` says, with slashes or none: so the topic is read from its
end. The object is what the node's author called it. There is no time, and no word of what a value means: the
description that goes to Home Assistant tells that.
"""

from __future__ import annotations

from typing import Final

from domain import Reason
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "esphome"
VERSION = 1

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection

COMPONENTS: Final = frozenset(
    {"alarm_control_panel", "binary_sensor", "button", "climate", "cover", "event", "fan", "light", "lock", "number"}
    | {"select", "sensor", "switch", "text", "text_sensor", "update", "valve", "date", "time", "datetime"}
)
UNKNOWN: Final = frozenset({"nan", "unknown", "unavailable", ""})
"""What a sensor says that has not measured yet."""


def decode(frame: Frame) -> Decoded:
    """`{prefix}/{component}/{object}/state`, `{prefix}/status`, `{prefix}/debug`, `.../command`."""
    levels = frame.topic.split("/")
    if len(levels) >= 2 and levels[-1] == "status":
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, "/".join(levels[:-1]), _head(frame.payload), online)
    if len(levels) >= 2 and levels[-1] == "debug":
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, "/".join(levels[:-1]), "its log, which measures nothing")
    if len(levels) < 4 or levels[-3] not in COMPONENTS:
        return Rejection(Reason.NO_CODEC, "topic is not {prefix}/{component}/{object}/state or {prefix}/status")
    owner, name, leaf = "/".join(levels[:-3]), levels[-2], levels[-1]
    if leaf == "state":
        return _state(owner, name, frame)
    kind = DeviceEventKind.REPLY if leaf == "command" else DeviceEventKind.STATUS
    return DeviceEvent(kind, PLATFORM, owner, f"{name[:40]}/{leaf[:40]}, which measures nothing")


def _state(owner: str, name: str, frame: Frame) -> Decoded:
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, owner, "a retained state was cleared")
    said = read_json(frame.payload) if frame.payload.lstrip().startswith(b"{") else read_scalar(frame.payload)
    if isinstance(said, Rejection):
        return Rejection(said.reason, said.detail, owner)
    if isinstance(said, str) and said.lower() in UNKNOWN:
        return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, owner, f"{name[:40]} is not measured yet", online=True)
    fields = dict(flatten(said, f"{name}.")) if isinstance(said, dict) else {name: said}
    return [RawReading(PLATFORM, owner, None, fields, None, None, frame.retain)]


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")

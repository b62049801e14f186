"""ESPHome's own topics, one value each: `{prefix}/{component}/{object}/state`.

The prefix is the node's name, or its `topic_prefix`, with or without slashes, so the topic is read from its end. The
object is named by the node's author. Messages have no time and do not tell what a value means: Home Assistant's
discovery message does.
"""

from __future__ import annotations

from typing import Final

from domain import RefusalReason
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import AdapterOutput, DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "esphome"
VERSION = 1

COMPONENTS: Final = frozenset(
    {"alarm_control_panel", "binary_sensor", "button", "climate", "cover", "event", "fan", "light", "lock", "number"}
    | {"select", "sensor", "switch", "text", "text_sensor", "update", "valve", "date", "time", "datetime"}
)
NOT_MEASURED: Final = frozenset({"nan", "unknown", "unavailable", ""})
"""States of a sensor that has not measured yet."""


def decode(frame: Frame) -> AdapterOutput:
    """Decode `{prefix}/{component}/{object}/state`, `{prefix}/status`, `{prefix}/debug`, `.../command`."""
    levels = frame.topic.split("/")
    if len(levels) >= 2 and levels[-1] == "status":
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, "/".join(levels[:-1]), _head(frame.payload), online)
    if len(levels) >= 2 and levels[-1] == "debug":
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, "/".join(levels[:-1]), "its log, which measures nothing")
    if len(levels) < 4 or levels[-3] not in COMPONENTS:
        return Rejection(RefusalReason.NO_CODEC, "topic is not {prefix}/{component}/{object}/state or {prefix}/status")
    node, name, leaf = "/".join(levels[:-3]), levels[-2], levels[-1]
    if leaf == "state":
        return _state(node, name, frame)
    kind = DeviceEventKind.REPLY if leaf == "command" else DeviceEventKind.STATUS
    return DeviceEvent(kind, PLATFORM, node, f"{name[:40]}/{leaf[:40]}, which measures nothing")


def _state(node: str, name: str, frame: Frame) -> AdapterOutput:
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, node, "a retained state was cleared")
    value = read_json(frame.payload) if frame.payload.lstrip().startswith(b"{") else read_scalar(frame.payload)
    if isinstance(value, Rejection):
        return Rejection(value.reason, value.detail, node)
    if isinstance(value, str) and value.lower() in NOT_MEASURED:
        return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, node, f"{name[:40]} is not measured yet", online=True)
    fields = dict(flatten(value, f"{name}.")) if isinstance(value, dict) else {name: value}
    return [RawReading(PLATFORM, node, None, fields, None, None, frame.retain)]


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")

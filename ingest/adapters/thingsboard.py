"""ThingsBoard's gateway API, and its device API on a broker that puts the device's name into the topic.

The gateway's topics have no device name: the names are keys of the body. Times are in ms and may be absent.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import RefusalReason
from ingest.formats.json_payload import read_json
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

PLATFORM = "thingsboard"
VERSION = 2

REPORTS = frozenset({"telemetry", "attributes"})
CONNECTIONS = {"connect": True, "disconnect": False}
NO_DEVICE_NAME = "v1/devices/me names nobody to a subscriber: the broker must rewrite `me`"


def decode(frame: Frame) -> AdapterOutput:
    """Decode `v1/gateway/{telemetry|attributes|connect|disconnect|rpc}`, `v1/devices/{name}/{telemetry|attributes}`."""
    _, _, path = frame.topic.partition("/")
    owner, _, leaf = path.partition("/")
    if owner == "gateway":
        return _gateway(leaf, frame)
    name, _, leaf = leaf.partition("/")
    if owner != "devices" or not name or not leaf:
        return Rejection(RefusalReason.NO_CODEC, "topic is not v1/gateway/… or v1/devices/{name}/…")
    if name == "me":
        return Rejection(RefusalReason.NO_CODEC, NO_DEVICE_NAME)
    if leaf in REPORTS:
        body = read_json(frame.payload)
        return list(_device_items(name, body, frame.retain))
    return _other_topic(name, leaf)


def _gateway(leaf: str, frame: Frame) -> AdapterOutput:
    body = read_json(frame.payload)
    if leaf not in REPORTS and leaf not in CONNECTIONS:
        name = body.get("device") if isinstance(body, dict) else None
        return _other_topic(name if isinstance(name, str) and name else None, leaf)
    if isinstance(body, Rejection):
        return body
    if not isinstance(body, dict) or not body:
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object by device name")
    if leaf in CONNECTIONS:
        return _connection(body, CONNECTIONS[leaf])
    return [item for name, values in body.items() for item in _device_items(name, values, frame.retain)]


def _other_topic(name: str | None, leaf: str) -> DeviceEvent | Rejection:
    if leaf.startswith(("rpc", "attributes/request", "attributes/response", "provision")):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, name, f"a command or a question: {leaf[:120]}")
    if leaf == "claim":
        return DeviceEvent(DeviceEventKind.DISCOVERY, PLATFORM, name, "a device may be claimed")
    return Rejection(RefusalReason.NO_CODEC, f"…/{leaf[:120]} is no report we read", name)


def _connection(body: dict[str, object], online: bool) -> DeviceEvent | Rejection:
    name = body.get("device")
    if not isinstance(name, str) or not name:
        return Rejection(RefusalReason.BAD_PAYLOAD, "a connection without `device`")
    device_type = body.get("type")
    device = DiscoveredDevice(((PLATFORM, name),), model=device_type if isinstance(device_type, str) else None)
    discovered = (device,) if online else ()
    word = "connected" if online else "disconnected"
    return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, name, word, online, discovered=discovered)


def _device_items(name: str, values: object, retained: bool) -> Iterator[AdapterItem]:
    """`{"temperature": 22.5}`, `{"ts": …, "values": {…}}`, or an array of these."""
    if not name:
        values = Rejection(RefusalReason.BAD_PAYLOAD, "values of a device without a name")
    if isinstance(values, Rejection):
        yield Rejection(values.reason, values.detail, name or None)
        return
    parts = values if isinstance(values, list) else [values]
    if not parts:
        yield Rejection(RefusalReason.BAD_PAYLOAD, "an empty array", name)
    for part in parts:
        yield _reading(name, part, retained)


def _reading(name: str, part: object, retained: bool) -> RawReading | Rejection:
    if not isinstance(part, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a {type(part).__name__} instead of values", name)
    at = part.get("ts") if "ts" in part else None
    values = part["values"] if isinstance(part.get("values"), dict) else part
    assert isinstance(values, dict)
    fields = dict(flatten({key: value for key, value in values.items() if values is not part or key != "ts"}))
    return RawReading(PLATFORM, name, at, fields, None, None, retained)

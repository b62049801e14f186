"""JetLinks' official protocol: properties, events, and a gateway's children.

The deviceId in the topic is the identity, behind a gateway that of the child. The time is in the message, for single
properties in `propertySourceTimes`; both may be absent.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import RefusalReason
from ingest.adapters.thing_models import field_meanings
from ingest.definitions import DefinitionUpdate
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import TimedField, event_fields, flatten, group_by_time
from ingest.frame import Frame
from ingest.results import AdapterOutput, DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "jetlinks"
VERSION = 1

Body = dict[str, object]

REPORT_PATHS = frozenset({"properties/report", "properties/read/reply", "properties/write/reply"})
AVAILABILITY = {"online": True, "connected": True, "offline": False, "disconnected": False, "disconnect": False}
COMMAND_PREFIXES = ("properties/", "function/", "firmware/", "config/", "broadcast/")
DERIVED_METADATA = "metadata/derived"
HOUSEKEEPING_LEVELS = frozenset({"metadata", "tags", "log", "time-sync", "shadow", "child-reply"})


def decode(frame: Frame) -> AdapterOutput:
    """Decode `/{product}/{device}/…`; `…/child/{child}/…` once for each gateway in between."""
    levels = frame.topic.split("/")
    if len(levels) < 4 or levels[0] or not (levels[1] and levels[2]):
        return Rejection(RefusalReason.NO_CODEC, "topic is not /{product}/{device}/…")
    product: str | None = levels[1]
    identity, levels_below = levels[2], levels[3:]
    while levels_below[0] == "child" and len(levels_below) > 2:
        product, identity, levels_below = None, levels_below[1], levels_below[2:]
    path = "/".join(levels_below)
    if not identity:
        return Rejection(RefusalReason.NO_CODEC, "a gateway's child without a deviceId")
    if path == DERIVED_METADATA:
        return _thing_model(identity, frame)
    if path in REPORT_PATHS or (levels_below[0] == "event" and len(levels_below) > 1):
        return _report(identity, product, path, frame)
    return _other_topic(identity, path)


def _thing_model(identity: str, frame: Frame) -> DeviceEvent | Rejection:
    """A device's own thing model: `metadata` is JSON in a text. With `all` it replaces earlier ones."""
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, identity)
    value = body.get("metadata") if isinstance(body, dict) else None
    metadata = read_json(value.encode()) if isinstance(value, str) else value
    if not isinstance(body, dict) or not isinstance(metadata, dict):
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, "a derived thing model without `metadata`")
    fields = field_meanings(metadata)
    update = DefinitionUpdate(frame.topic, (), PLATFORM, identity, fields, is_addition=body.get("all") is not True)
    return DeviceEvent(
        DeviceEventKind.DISCOVERY,
        PLATFORM,
        identity,
        f"its thing model: {len(fields)} fields",
        True,
        definitions=update,
    )


def _report(identity: str, product: str | None, path: str, frame: Frame) -> AdapterOutput:
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, identity)
    if not isinstance(body, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", identity)
    if path.startswith("event/"):
        fields = list(_event_values(path.removeprefix("event/"), body))
    elif path.endswith("/reply") and not isinstance(body.get("properties"), dict):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, identity, "an answer without properties")
    elif isinstance(body.get("properties"), dict):
        fields = list(_property_fields(body))
    else:
        return Rejection(RefusalReason.BAD_PAYLOAD, "a report without `properties`", identity)
    groups = group_by_time(fields) or [(None, {})]
    return [RawReading(PLATFORM, identity, at, group, None, product, frame.retain) for at, group in groups]


def _property_fields(body: Body) -> Iterator[TimedField]:
    properties, times = body["properties"], body.get("propertySourceTimes")
    own_times = times if isinstance(times, dict) else {}
    for name, value in properties.items() if isinstance(properties, dict) else ():
        at = own_times.get(name, body.get("timestamp"))
        if isinstance(value, dict) and "value" in value and set(value) <= {"value", "timestamp", "time"}:
            at, value = value.get("timestamp", value.get("time", at)), value["value"]
        yield from ((at, inner_name, inner_value) for inner_name, inner_value in flatten({name: value}))


def _event_values(event: str, body: Body) -> Iterator[TimedField]:
    data = body.get("data")
    for content in data if isinstance(data, list) and data else [data]:
        for name, value in event_fields(event, content).items():
            yield body.get("timestamp"), name, value


def _other_topic(identity: str, path: str) -> DeviceEvent | Rejection:
    if path in AVAILABILITY:
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, identity, path, AVAILABILITY[path])
    if path in ("register", "unregister"):
        device = DiscoveredDevice(((PLATFORM, identity),), is_withdrawn=path == "unregister")
        return DeviceEvent(
            DeviceEventKind.DISCOVERY, PLATFORM, identity, f"a gateway's child: {path}", discovered=(device,)
        )
    if path.startswith(COMMAND_PREFIXES):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, identity, f"a command, or its answer: {path[:120]}")
    if path.partition("/")[0] in HOUSEKEEPING_LEVELS:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, f"housekeeping: {path[:120]}")
    return Rejection(RefusalReason.NO_CODEC, f"…/{path[:120]} is no report we read", identity)

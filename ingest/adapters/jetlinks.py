"""JetLinks' official protocol: properties, events, and a gateway's children. It knows no product and no device.

The deviceId in the topic is the identity, behind a gateway the child's own. A time is in the message, or for single
properties in `propertySourceTimes`; both may be absent.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import Reason
from ingest.adapters.thing_models import field_meanings
from ingest.definitions import DefinitionUpdate
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import TimedField, event_fields, flatten, group_by_time
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "jetlinks"
VERSION = 1

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection
Body = dict[str, object]

REPORTS = frozenset({"properties/report", "properties/read/reply", "properties/write/reply"})
AVAILABILITY = {"online": True, "connected": True, "offline": False, "disconnected": False, "disconnect": False}
COMMANDS = ("properties/", "function/", "firmware/", "config/", "broadcast/")
DERIVED = "metadata/derived"
HOUSEKEEPING = frozenset({"metadata", "tags", "log", "time-sync", "shadow", "child-reply"})


def decode(frame: Frame) -> Decoded:
    """`/{product}/{device}/…`; `…/child/{child}/…` as often as gateways stand behind gateways."""
    levels = frame.topic.split("/")
    if len(levels) < 4 or levels[0] or not (levels[1] and levels[2]):
        return Rejection(Reason.NO_CODEC, "topic is not /{product}/{device}/…")
    product: str | None = levels[1]
    me, rest = levels[2], levels[3:]
    while rest[0] == "child" and len(rest) > 2:
        product, me, rest = None, rest[1], rest[2:]
    path = "/".join(rest)
    if not me:
        return Rejection(Reason.NO_CODEC, "a gateway's child without a deviceId")
    if path == DERIVED:
        return _model(me, frame)
    if path in REPORTS or (rest[0] == "event" and len(rest) > 1):
        return _told(me, product, path, frame)
    return _aside(me, path)


def _model(me: str, frame: Frame) -> DeviceEvent | Rejection:
    """A device tells its own thing model: `metadata` is JSON in a text; with `all` nothing said before holds."""
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, me)
    said = body.get("metadata") if isinstance(body, dict) else None
    metadata = read_json(said.encode()) if isinstance(said, str) else said
    if not isinstance(body, dict) or not isinstance(metadata, dict):
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, me, "a derived thing model without `metadata`")
    fields = field_meanings(metadata)
    defines = DefinitionUpdate(frame.topic, (), PLATFORM, me, fields, is_addition=body.get("all") is not True)
    return DeviceEvent(
        DeviceEventKind.DISCOVERY, PLATFORM, me, f"its thing model: {len(fields)} fields", True, definitions=defines
    )


def _told(me: str, product: str | None, path: str, frame: Frame) -> Decoded:
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, me)
    if not isinstance(body, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", me)
    if path.startswith("event/"):
        said = list(_event(path.removeprefix("event/"), body))
    elif path.endswith("/reply") and not isinstance(body.get("properties"), dict):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, me, "an answer without properties")
    elif isinstance(body.get("properties"), dict):
        said = list(_properties(body))
    else:
        return Rejection(Reason.BAD_PAYLOAD, "a report without `properties`", me)
    moments = group_by_time(said) or [(None, {})]
    return [RawReading(PLATFORM, me, at, fields, None, product, frame.retain) for at, fields in moments]


def _properties(body: Body) -> Iterator[TimedField]:
    properties, times = body["properties"], body.get("propertySourceTimes")
    own = times if isinstance(times, dict) else {}
    for name, said in properties.items() if isinstance(properties, dict) else ():
        at = own.get(name, body.get("timestamp"))
        if isinstance(said, dict) and "value" in said and set(said) <= {"value", "timestamp", "time"}:
            at, said = said.get("timestamp", said.get("time", at)), said["value"]
        yield from ((at, inner, value) for inner, value in flatten({name: said}))


def _event(event: str, body: Body) -> Iterator[TimedField]:
    data = body.get("data")
    for one in data if isinstance(data, list) and data else [data]:
        for name, value in event_fields(event, one).items():
            yield body.get("timestamp"), name, value


def _aside(me: str, path: str) -> DeviceEvent | Rejection:
    if path in AVAILABILITY:
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, me, path, AVAILABILITY[path])
    if path in ("register", "unregister"):
        proposal = DiscoveredDevice(((PLATFORM, me),), is_withdrawn=path == "unregister")
        return DeviceEvent(
            DeviceEventKind.DISCOVERY, PLATFORM, me, f"a gateway's child: {path}", discovered=(proposal,)
        )
    if path.startswith(COMMANDS):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, me, f"a command, or its answer: {path[:120]}")
    if path.partition("/")[0] in HOUSEKEEPING:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, me, f"housekeeping: {path[:120]}")
    return Rejection(Reason.NO_CODEC, f"…/{path[:120]} is no report we read", me)

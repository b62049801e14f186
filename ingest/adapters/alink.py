"""Alibaba's Alink topics and those of its clones (xlink, SagooIoT, JD). It knows no product and no device.

`productKey/deviceName` is the identity; clones say deviceKey. A property is bare or `{value, time}`; a time is in ms,
in clones also in s. The message's `id` is no counter of ours: published examples all say 123.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain import Reason
from ingest.adapters.thing_models import field_meanings
from ingest.definitions import DefinitionUpdate
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import TimedField, event_fields, flatten, group_by_time
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawPayload, RawReading, Rejection

PLATFORM = "alink"
VERSION = 2

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection
Drafts = Iterator[RawReading | Rejection]

BUNDLES = frozenset({"property/pack", "property/batch", "property/history"})
"""Several times, several events or several devices in one message."""

PARTS = frozenset({"properties", "events", "subDevices", "identity"})
DOWNLINKS = (
    "thing/service/",
    "thing/property/set",
    "thing/property/get",
    "thing/model/down_raw",
    "rrpc/",
    "broadcast/",
)
MODEL = "thing/dsltemplate/get_reply"
"""The answer to a device that asks for the thing model of its product."""
HOUSEKEEPING = ("thing/", "_thing/", "ota/", "deviceinfo/", "ext/")


def decode(frame: Frame) -> Decoded:
    """`/sys/{productKey}/{deviceName}/thing/event/{property|event id}/post`, bundles, raw bytes, answers."""
    levels = frame.topic.split("/", 4)
    if len(levels) != 5 or not (levels[2] and levels[3]):
        return Rejection(Reason.NO_CODEC, "topic is not /sys/{productKey}/{deviceName}/thing/…")
    me, path = f"{levels[2]}/{levels[3]}", levels[4]
    posted = _posted(path)
    if posted:
        return _post(me, posted, frame)
    if path == "thing/model/up_raw":
        return [RawReading(PLATFORM, me, None, {}, None, levels[2], frame.retain, raw=RawPayload(frame.payload))]
    if path == MODEL:
        return _model(me, frame)
    if path == "thing/list/found" or path.startswith(("thing/topo/", "thing/sub/")):
        return _sub_devices(me, path, frame)
    return _aside(me, path)


def _model(me: str, frame: Frame) -> DeviceEvent:
    body = read_json(frame.payload)
    said = body.get("data") if isinstance(body, dict) else None
    data = read_json(said.encode()) if isinstance(said, str) else said
    fields = field_meanings(data) if isinstance(data, dict) else ()
    detail = f"the thing model of its product: {len(fields)} fields"
    defines = DefinitionUpdate(frame.topic, (), PLATFORM, me.partition("/")[0], fields) if fields else None
    return DeviceEvent(DeviceEventKind.DISCOVERY, PLATFORM, me, detail, definitions=defines)


def _sub_devices(me: str, path: str, frame: Frame) -> DeviceEvent:
    """A gateway found, added or brought in its sub-devices: they may be claimed, unless it is an answer."""
    body = {} if path.endswith("_reply") else read_json(frame.payload)
    params = body.get("params") if isinstance(body, dict) else None
    listed = params.get("deviceList", params) if isinstance(params, dict) else params
    names = [_named(each) for each in (listed if isinstance(listed, list) else [listed])]
    proposals = tuple(
        DiscoveredDevice(((PLATFORM, name),), model=name.partition("/")[0], is_withdrawn=path.endswith("/delete"))
        for name in names
        if name
    )
    kind = DeviceEventKind.REPLY if path.endswith("_reply") else DeviceEventKind.DISCOVERY
    detail = f"a gateway speaks of its sub-devices: {path[:120]}"
    return DeviceEvent(
        kind, PLATFORM, me, detail, None if kind is DeviceEventKind.REPLY else True, discovered=proposals
    )


def _posted(path: str) -> str:
    """What is posted: `property`, `property/pack`, an event's identifier. Some clones leave out the word `event`.

    >>> [_posted(path) for path in ("thing/event/property/post", "thing/property/post", "thing/event/sos/post", "x")]
    ['property', 'property', 'sos', '']
    """
    begun, end, rest = path.rpartition("/post")
    if rest or not end or not begun.startswith(("thing/event", "thing/property")):
        return ""
    return begun.removeprefix("thing/").removeprefix("event/")


def _aside(me: str, path: str) -> DeviceEvent | Rejection:
    if path.endswith("_reply"):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, me, f"an answer: {path[:120]}")
    if path.startswith(DOWNLINKS):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, me, f"a command to the device: {path[:120]}")
    if path.startswith(HOUSEKEEPING) and not path.startswith("thing/event"):
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, me, f"housekeeping: {path[:120]}")
    return Rejection(Reason.NO_CODEC, f"…/{path[:120]} is no Alink topic we know", me)


def _post(me: str, event: str, frame: Frame) -> Decoded:
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, me)
    params = body.get("params", body.get("items")) if isinstance(body, dict) else None
    if not isinstance(params, dict | list):
        return Rejection(Reason.BAD_PAYLOAD, "not an Alink message: it has no `params`", me)
    drafts = list(_read(me, event, params, frame.retain))
    return drafts or Rejection(Reason.BAD_PAYLOAD, "its `params` bear neither properties nor events", me)


def _read(me: str, event: str, params: dict[str, object] | list[object], retained: bool) -> Drafts:
    if event in BUNDLES or (event == "property" and isinstance(params, list)):
        for part in params if isinstance(params, list) else [params]:
            yield from _bundle(me, part, retained)
    elif event == "property":
        yield from _drafts(me, _properties(params), retained)
    else:
        named = params.get("identifier") if event == "event" and isinstance(params, dict) else event
        yield from _drafts(me, _event(_bare(str(named or event)), params), retained)


def _bundle(me: str, part: object, retained: bool) -> Drafts:
    """A gateway's own properties and events, then those of its sub-devices; history says whose in each part."""
    if not isinstance(part, dict):
        yield Rejection(Reason.BAD_PAYLOAD, f"a {type(part).__name__} instead of properties and events", me)
        return
    owner = _named(part["identity"]) if "identity" in part else me
    if owner is None:
        yield Rejection(Reason.BAD_PAYLOAD, "an identity without productKey and deviceName", me)
        return
    yield from _drafts(owner, _bundled(part), retained)
    children = part.get("subDevices")
    for child in children if isinstance(children, list) else []:
        if isinstance(child, dict) and "identity" in child:
            yield from _bundle(me, child, retained)
        else:
            yield Rejection(Reason.BAD_PAYLOAD, "a sub-device without an identity", me)


def _bundled(part: Mapping[str, object]) -> Iterator[TimedField]:
    if isinstance(part.get("value"), dict):
        yield from _timed("", part)
    elif PARTS.isdisjoint(part):
        yield from _properties(part)
    for properties in _each(part.get("properties")):
        yield from _properties(properties)
    for events in _each(part.get("events")):
        for event, said in events.items():
            yield from _event(_bare(event), said)


def _properties(properties: object) -> Iterator[TimedField]:
    for each in _each(properties):
        for name, said in each.items():
            yield from _timed(_bare(name), said)


def _timed(name: str, said: object) -> Iterator[TimedField]:
    """`23.6`, `{"value": 23.6, "time": …}`, or a list of these."""
    if isinstance(said, list) and said and all(isinstance(one, dict) and _is_timed(one) for one in said):
        for one in said:
            yield from _timed(name, one)
        return
    at = None
    if isinstance(said, dict) and _is_timed(said):
        at, said = said.get("time"), said["value"]
    if isinstance(said, dict):
        yield from ((at, inner, value) for inner, value in flatten(said, f"{name}." if name else ""))
    else:
        yield at, name, said


def _is_timed(said: Mapping[str, object]) -> bool:
    return "value" in said and said.keys() <= {"value", "time"}


def _event(event: str, said: object) -> Iterator[TimedField]:
    for one in said if isinstance(said, list) else [said]:
        at, content = (one.get("time"), one["value"]) if isinstance(one, dict) and "value" in one else (None, one)
        yield from ((at, name, value) for name, value in event_fields(event, content).items())


def _each(said: object) -> list[dict[str, object]]:
    return [one for one in (said if isinstance(said, list) else [said]) if isinstance(one, dict)]


def _bare(name: str) -> str:
    """A property's own name, without the module that owns it (`module:property`)."""
    return name.rpartition(":")[2]


def _named(identity: object) -> str | None:
    if not isinstance(identity, dict):
        return None
    product, device = identity.get("productKey"), identity.get("deviceName", identity.get("deviceKey"))
    return f"{product}/{device}" if product and device else None


def _drafts(me: str, said: Iterator[TimedField], retained: bool) -> Drafts:
    product = me.partition("/")[0]
    for at, fields in group_by_time(said):
        yield RawReading(PLATFORM, me, at, fields, None, product, retained)

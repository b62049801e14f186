"""Alibaba's Alink topics and those of its clones (xlink, SagooIoT, JD).

`productKey/deviceName` is the identity; clones write deviceKey. A property is a value or `{value, time}`; a time is in
ms, in clones also in s. The message's `id` is not used as a sequence number: published examples all have 123.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain import RefusalReason
from ingest.adapters.thing_models import field_meanings
from ingest.definitions import DefinitionUpdate
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import TimedField, event_fields, flatten, group_by_time
from ingest.frame import Frame
from ingest.results import (
    AdapterItem,
    AdapterOutput,
    DeviceEvent,
    DeviceEventKind,
    DiscoveredDevice,
    RawPayload,
    RawReading,
    Rejection,
)

PLATFORM = "alink"
VERSION = 2

BUNDLES = frozenset({"property/pack", "property/batch", "property/history"})
"""Messages with several times, several events or several devices."""

BUNDLE_KEYS = frozenset({"properties", "events", "subDevices", "identity"})
DOWNLINK_PREFIXES = (
    "thing/service/",
    "thing/property/set",
    "thing/property/get",
    "thing/model/down_raw",
    "rrpc/",
    "broadcast/",
)
THING_MODEL_REPLY = "thing/dsltemplate/get_reply"
"""The reply to a device that requests the thing model of its product."""
HOUSEKEEPING_PREFIXES = ("thing/", "_thing/", "ota/", "deviceinfo/", "ext/")


def decode(frame: Frame) -> AdapterOutput:
    """Decode `/sys/{productKey}/{deviceName}/thing/event/{property|event id}/post`, bundles, raw bytes, replies."""
    levels = frame.topic.split("/", 4)
    if len(levels) != 5 or not (levels[2] and levels[3]):
        return Rejection(RefusalReason.NO_CODEC, "topic is not /sys/{productKey}/{deviceName}/thing/…")
    identity, path = f"{levels[2]}/{levels[3]}", levels[4]
    posted = _posted_name(path)
    if posted:
        return _read_post(identity, posted, frame)
    if path == "thing/model/up_raw":
        return [RawReading(PLATFORM, identity, None, {}, None, levels[2], frame.retain, raw=RawPayload(frame.payload))]
    if path == THING_MODEL_REPLY:
        return _thing_model(identity, frame)
    if path == "thing/list/found" or path.startswith(("thing/topo/", "thing/sub/")):
        return _sub_devices(identity, path, frame)
    return _other_topic(identity, path)


def _thing_model(identity: str, frame: Frame) -> DeviceEvent:
    body = read_json(frame.payload)
    value = body.get("data") if isinstance(body, dict) else None
    data = read_json(value.encode()) if isinstance(value, str) else value
    fields = field_meanings(data) if isinstance(data, dict) else ()
    detail = f"the thing model of its product: {len(fields)} fields"
    update = DefinitionUpdate(frame.topic, (), PLATFORM, identity.partition("/")[0], fields) if fields else None
    return DeviceEvent(DeviceEventKind.DISCOVERY, PLATFORM, identity, detail, definitions=update)


def _sub_devices(identity: str, path: str, frame: Frame) -> DeviceEvent:
    """A gateway found, added or connected its sub-devices: they can be claimed, unless the message is a reply."""
    body = {} if path.endswith("_reply") else read_json(frame.payload)
    params = body.get("params") if isinstance(body, dict) else None
    devices = params.get("deviceList", params) if isinstance(params, dict) else params
    identities = [_identity_of(device) for device in (devices if isinstance(devices, list) else [devices])]
    discovered = tuple(
        DiscoveredDevice(((PLATFORM, child),), model=child.partition("/")[0], is_withdrawn=path.endswith("/delete"))
        for child in identities
        if child
    )
    kind = DeviceEventKind.REPLY if path.endswith("_reply") else DeviceEventKind.DISCOVERY
    detail = f"a gateway speaks of its sub-devices: {path[:120]}"
    return DeviceEvent(
        kind, PLATFORM, identity, detail, None if kind is DeviceEventKind.REPLY else True, discovered=discovered
    )


def _posted_name(path: str) -> str:
    """What is posted: `property`, `property/pack` or an event identifier. Some clones leave out the level `event`.

    >>> paths = ("thing/event/property/post", "thing/property/post", "thing/event/sos/post", "x")
    >>> [_posted_name(path) for path in paths]
    ['property', 'property', 'sos', '']
    """
    name, separator, tail = path.rpartition("/post")
    if tail or not separator or not name.startswith(("thing/event", "thing/property")):
        return ""
    return name.removeprefix("thing/").removeprefix("event/")


def _other_topic(identity: str, path: str) -> DeviceEvent | Rejection:
    if path.endswith("_reply"):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, identity, f"an answer: {path[:120]}")
    if path.startswith(DOWNLINK_PREFIXES):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, identity, f"a command to the device: {path[:120]}")
    if path.startswith(HOUSEKEEPING_PREFIXES) and not path.startswith("thing/event"):
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, f"housekeeping: {path[:120]}")
    return Rejection(RefusalReason.NO_CODEC, f"…/{path[:120]} is no Alink topic we know", identity)


def _read_post(identity: str, event: str, frame: Frame) -> AdapterOutput:
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, identity)
    params = body.get("params", body.get("items")) if isinstance(body, dict) else None
    if not isinstance(params, dict | list):
        return Rejection(RefusalReason.BAD_PAYLOAD, "not an Alink message: it has no `params`", identity)
    items = list(_post_items(identity, event, params, frame.retain))
    return items or Rejection(RefusalReason.BAD_PAYLOAD, "its `params` bear neither properties nor events", identity)


def _post_items(
    identity: str, event: str, params: dict[str, object] | list[object], retained: bool
) -> Iterator[AdapterItem]:
    if event in BUNDLES or (event == "property" and isinstance(params, list)):
        for part in params if isinstance(params, list) else [params]:
            if event in BUNDLES or not _names_another(identity, part):
                yield from _bundle_items(identity, part, retained)
            else:
                detail = "names another device, which only property/pack, /batch and /history may"
                yield Rejection(RefusalReason.BAD_PAYLOAD, detail, identity)
    elif event == "property":
        yield from _readings(identity, _property_fields(params), retained)
    else:
        identifier = params.get("identifier") if event == "event" and isinstance(params, dict) else event
        yield from _readings(identity, _event_values(_without_module(str(identifier or event)), params), retained)


def _names_another(identity: str, part: object) -> bool:
    """A broker lets only gateways post bundles: on its own topic a device could otherwise speak for another one."""
    if not isinstance(part, dict):
        return False
    return "subDevices" in part or ("identity" in part and _identity_of(part["identity"]) != identity)


def _bundle_items(identity: str, part: object, retained: bool) -> Iterator[AdapterItem]:
    """A gateway's own properties and events, then those of its sub-devices; history has an identity in each part."""
    if not isinstance(part, dict):
        yield Rejection(
            RefusalReason.BAD_PAYLOAD, f"a {type(part).__name__} instead of properties and events", identity
        )
        return
    owner = _identity_of(part["identity"]) if "identity" in part else identity
    if owner is None:
        yield Rejection(RefusalReason.BAD_PAYLOAD, "an identity without productKey and deviceName", identity)
        return
    yield from _readings(owner, _bundle_fields(part), retained)
    children = part.get("subDevices")
    for child in children if isinstance(children, list) else []:
        if isinstance(child, dict) and "identity" in child:
            yield from _bundle_items(identity, child, retained)
        else:
            yield Rejection(RefusalReason.BAD_PAYLOAD, "a sub-device without an identity", identity)


def _bundle_fields(part: Mapping[str, object]) -> Iterator[TimedField]:
    if isinstance(part.get("value"), dict):
        yield from _timed_fields("", part)
    elif BUNDLE_KEYS.isdisjoint(part):
        yield from _property_fields(part)
    for properties in _objects(part.get("properties")):
        yield from _property_fields(properties)
    for events in _objects(part.get("events")):
        for event, content in events.items():
            yield from _event_values(_without_module(event), content)


def _property_fields(properties: object) -> Iterator[TimedField]:
    for entry in _objects(properties):
        for name, value in entry.items():
            yield from _timed_fields(_without_module(name), value)


def _timed_fields(name: str, value: object) -> Iterator[TimedField]:
    """`23.6`, `{"value": 23.6, "time": …}`, or a list of these."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and _is_timed(item) for item in value):
        for item in value:
            yield from _timed_fields(name, item)
        return
    at = None
    if isinstance(value, dict) and _is_timed(value):
        at, value = value.get("time"), value["value"]
    if isinstance(value, dict):
        yield from (
            (at, inner_name, inner_value) for inner_name, inner_value in flatten(value, f"{name}." if name else "")
        )
    else:
        yield at, name, value


def _is_timed(value: Mapping[str, object]) -> bool:
    return "value" in value and value.keys() <= {"value", "time"}


def _event_values(event: str, content: object) -> Iterator[TimedField]:
    for item in content if isinstance(content, list) else [content]:
        at, value = (item.get("time"), item["value"]) if isinstance(item, dict) and "value" in item else (None, item)
        yield from ((at, name, field_value) for name, field_value in event_fields(event, value).items())


def _objects(value: object) -> list[dict[str, object]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _without_module(name: str) -> str:
    """A property name without its module (`module:property`)."""
    return name.rpartition(":")[2]


def _identity_of(identity: object) -> str | None:
    if not isinstance(identity, dict):
        return None
    product, device = identity.get("productKey"), identity.get("deviceName", identity.get("deviceKey"))
    return f"{product}/{device}" if product and device else None


def _readings(identity: str, fields: Iterator[TimedField], retained: bool) -> Iterator[AdapterItem]:
    product = identity.partition("/")[0]
    for at, group in group_by_time(fields):
        yield RawReading(PLATFORM, identity, at, group, None, product, retained)

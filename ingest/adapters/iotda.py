"""Huawei IoTDA's `$oc` topics: properties, a gateway's sub-devices, events, messages. It knows no product.

A property has its own name, except one like `value` or `level`, which only its service explains: `Battery.level`. An
`event_time` may be Beijing's wall time with a Z: eight hours ahead it is no sane clock, and the arrival time counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import Reason
from ingest.formats.compression import decompress
from ingest.formats.json_payload import parse_availability, read_json
from ingest.formats.protobuf import Malformed
from ingest.formats.timed_fields import TimedField as Told
from ingest.formats.timed_fields import event_fields, flatten, group_by_time
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawPayload, RawReading, Rejection

PLATFORM = "iotda"
VERSION = 2

Said = RawReading | Rejection | DeviceEvent
Decoded = list[Said] | DeviceEvent | Rejection
Drafts = Iterator[RawReading | Rejection]

UNSPEAKING = frozenset({"value", "level", "state", "status", "data", "current", "reading", "number", "code"})
"""Property names that mean nothing without their service, with or without a number behind them."""

DOWNLINKS = ("commands/", "messages/down", "events/down", "properties/set/", "properties/get/", "shadow/")


SUB_DEVICES = ("gateway/sub_devices/", "sub_device_manage/")


def decode(frame: Frame) -> Decoded:
    """`$oc/devices/{id}/sys/…`, also behind a bridge; a sub-device is called by its own id."""
    levels = frame.topic.split("/")
    if levels[1:2] == ["bridges"]:
        levels = [levels[0], *levels[3:]]
    if len(levels) < 5 or levels[1] != "devices" or levels[3] != "sys" or not levels[2]:
        return Rejection(Reason.NO_CODEC, "topic is not $oc/devices/{device_id}/sys/…")
    me, (path, _, query) = levels[2], "/".join(levels[4:]).partition("?")
    reader = READERS.get(path)
    if reader is None and not path.startswith("properties/get/response"):
        return _aside(me, path)
    body = _read(frame.payload, query)
    if isinstance(body, Rejection):
        return _unread(me, path, body, frame)
    if not isinstance(body, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", me)
    return (reader or _properties)(me, _inside(body), frame.retain)


def _read(payload: bytes, query: str) -> object:
    """The JSON, which `?encoding=gzip` announces to be compressed."""
    try:
        return read_json(decompress(payload) if query == "encoding=gzip" else payload)
    except Malformed as fault:
        return Rejection(Reason.BAD_PAYLOAD, str(fault))


def _aside(me: str, path: str) -> DeviceEvent | Rejection:
    if path.startswith(SUB_DEVICES):
        return DeviceEvent(
            DeviceEventKind.DISCOVERY, PLATFORM, me, f"a gateway speaks of its sub-devices: {path[:120]}", online=True
        )
    if path.startswith(DOWNLINKS):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, me, f"a command, or its answer: {path[:120]}")
    return Rejection(Reason.NO_CODEC, f"…/sys/{path[:120]} is no report we read", me)


def _unread(me: str, path: str, fault: Rejection, frame: Frame) -> Decoded:
    """A device's message may be bytes of its own, which its codec can read."""
    if path == "messages/up" and frame.payload:
        return _raw(me, frame.payload, frame.retain)
    return Rejection(fault.reason, fault.detail, me)


def _raw(me: str, data: bytes, retained: bool) -> Decoded:
    return [RawReading(PLATFORM, me, None, {}, None, _product(me), retained, raw=RawPayload(data))]


def _inside(body: dict[str, object]) -> dict[str, object]:
    """A forwarded report has what the device said in `notify_data.body`."""
    notified = body.get("notify_data")
    inner = notified.get("body") if isinstance(notified, dict) else None
    return inner if isinstance(inner, dict) else body


def _properties(me: str, body: dict[str, object], retained: bool) -> Decoded:
    return list(_reported(me, body, retained))


def _gateway(me: str, body: dict[str, object], retained: bool) -> Decoded:
    devices = body.get("devices")
    if not isinstance(devices, list) or not devices:
        return Rejection(Reason.BAD_PAYLOAD, "a gateway's report without `devices`", me)
    return [draft for device in devices for draft in _child(me, device, retained)]


def _child(gateway: str, device: object, retained: bool) -> Drafts:
    name = device.get("device_id", device.get("deviceId")) if isinstance(device, dict) else None
    if not isinstance(device, dict) or not isinstance(name, str) or not name:
        yield Rejection(Reason.BAD_PAYLOAD, "a sub-device without device_id", gateway)
    else:
        yield from _reported(name, device, retained)


def _reported(me: str, body: dict[str, object], retained: bool) -> Drafts:
    services = _listed(body.get("services"))
    if not services:
        yield Rejection(Reason.BAD_PAYLOAD, "a report without `services`", me)
        return
    whole = [each for each in services if isinstance(each, dict) and _held(each) is not None]
    if len(whole) < len(services):
        yield Rejection(Reason.BAD_PAYLOAD, "a service without `properties`", me)
    yield from _drafts(me, (said for service in whole for said in _serviced(service)), retained)


def _listed(services: object) -> list[object]:
    """The services; some SDKs write a single one without its list."""
    return services if isinstance(services, list) else [services] if isinstance(services, dict) else []


def _serviced(service: dict[str, object]) -> Iterator[Told]:
    owner, at = service.get("service_id", service.get("serviceId", "")), _event_time(service)
    for name, value in flatten(_held(service) or {}):
        speaking = name.rstrip("0123456789_").lower() not in UNSPEAKING
        yield at, name if speaking else f"{owner}.{name}", value


def _held(service: dict[str, object]) -> dict[str, object] | None:
    """Its properties; the older SDKs call them data."""
    held = service.get("properties", service.get("data"))
    return held if isinstance(held, dict) else None


def _event_time(service: dict[str, object]) -> object:
    """Without an event time, or with one nobody can read, the platform takes the arrival time; so do we."""
    return service.get("event_time", service.get("eventTime")) or None


def _events(me: str, body: dict[str, object], retained: bool) -> Decoded:
    told = [each for each in _listed(body.get("services")) if isinstance(each, dict)]
    if not told:
        return Rejection(Reason.BAD_PAYLOAD, "an event report without `services`", me)
    own = [each for each in told if not str(each.get("service_id", "")).startswith("$")]
    if not own:
        return _system(me, told)
    owner = body.get("object_device_id")
    return list(_drafts(owner if isinstance(owner, str) and owner else me, _happenings(own), retained))


def _happenings(services: list[dict[str, object]]) -> Iterator[Told]:
    for service in services:
        event, paras = str(service.get("event_type") or service.get("service_id") or "event"), service.get("paras")
        for name, value in event_fields(event, paras).items():
            yield _event_time(service), name, value


def _system(me: str, services: list[dict[str, object]]) -> Decoded:
    """What the platform's own services say: `$log`, `$time_sync`, `$ota`, `$sub_device_manager`."""
    service = services[0]
    paras = service.get("paras")
    about = paras if isinstance(paras, dict) else {}
    if "device_statuses" in about:
        return _statuses(me, about, False)
    detail = f"{service.get('service_id')} {service.get('event_type')}: {about.get('content', '')}"
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, me, detail[:200], online=True)


def _sub_status(me: str, status: dict[str, object]) -> DeviceEvent:
    word = str(status.get("status", ""))
    child = str(status.get("device_id") or me)
    return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, child, word[:40], parse_availability(word.encode()))


def _statuses(me: str, body: dict[str, object], _retained: bool) -> Decoded:
    """A gateway says which of its sub-devices came or went."""
    statuses = body.get("device_statuses")
    told = [each for each in statuses if isinstance(each, dict)] if isinstance(statuses, list) else []
    notes: list[Said] = [_sub_status(me, each) for each in told]
    return notes or Rejection(Reason.BAD_PAYLOAD, "a report without `device_statuses`", me)


def _status(me: str, body: dict[str, object], _retained: bool) -> Decoded:
    """The platform forwards that a device came or went."""
    return _sub_status(me, {**body, "device_id": me})


def _message(me: str, body: dict[str, object], retained: bool) -> Decoded:
    """Free text of the device; what is no object needs the codec of its product."""
    content, owner = body.get("content", body), body.get("object_device_id")
    me = owner if isinstance(owner, str) and owner else me
    text = content.encode("utf-8", "replace") if isinstance(content, str) else b""
    said = read_json(text) if text else content
    if isinstance(said, dict):
        return list(_drafts(me, ((None, name, value) for name, value in flatten(said)), retained))
    if text:
        return _raw(me, text, retained)
    return Rejection(Reason.BAD_PAYLOAD, f"a {type(content).__name__} instead of a message", me)


def _drafts(me: str, said: Iterator[Told], retained: bool) -> Drafts:
    for at, fields in group_by_time(said) or [(None, {})]:
        yield RawReading(PLATFORM, me, at, fields, None, _product(me), retained)


def _product(device: str) -> str | None:
    """A device id that the platform made is `{product}_{node}`."""
    product, mark, _ = device.partition("_")
    return product if mark else None


READERS = {
    "properties/report": _properties,
    "gateway/sub_devices/properties/report": _gateway,
    "events/up": _events,
    "events/report": _events,
    "messages/up": _message,
    "status": _status,
    "gateway/sub_devices/status": _statuses,
}

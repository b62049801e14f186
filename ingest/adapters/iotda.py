"""Huawei IoTDA's `$oc` topics: properties, a gateway's sub-devices, events, messages.

A field is named by its property, but a generic one such as `value` or `level` also by its service: `Battery.level`. An
`event_time` may be Beijing time with a Z: eight hours ahead it is not plausible, and the time of reception is used.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import RefusalReason
from ingest.formats.compression import decompress
from ingest.formats.json_payload import parse_availability, read_json
from ingest.formats.protobuf import Malformed
from ingest.formats.timed_fields import TimedField, event_fields, flatten, group_by_time
from ingest.frame import Frame
from ingest.results import AdapterItem, AdapterOutput, DeviceEvent, DeviceEventKind, RawPayload, RawReading, Rejection

PLATFORM = "iotda"
VERSION = 2

GENERIC_PROPERTY_NAMES = frozenset(
    {"value", "level", "state", "status", "data", "current", "reading", "number", "code"}
)
"""Property names that mean nothing without their service, with or without a number at the end."""

DOWNLINK_PREFIXES = ("commands/", "messages/down", "events/down", "properties/set/", "properties/get/", "shadow/")


SUB_DEVICE_PREFIXES = ("gateway/sub_devices/", "sub_device_manage/")


def decode(frame: Frame) -> AdapterOutput:
    """Decode `$oc/devices/{id}/sys/…`, also behind a bridge; a sub-device is identified by its own id."""
    levels = frame.topic.split("/")
    if levels[1:2] == ["bridges"]:
        levels = [levels[0], *levels[3:]]
    if len(levels) < 5 or levels[1] != "devices" or levels[3] != "sys" or not levels[2]:
        return Rejection(RefusalReason.NO_CODEC, "topic is not $oc/devices/{device_id}/sys/…")
    identity, (path, _, query) = levels[2], "/".join(levels[4:]).partition("?")
    reader = READERS.get(path)
    if reader is None and not path.startswith("properties/get/response"):
        return _other_topic(identity, path)
    body = _read_body(frame.payload, query)
    if isinstance(body, Rejection):
        return _unreadable(identity, path, body, frame)
    if not isinstance(body, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", identity)
    return (reader or _property_report)(identity, _forwarded_body(body), frame.retain)


def _read_body(payload: bytes, query: str) -> object:
    """The JSON body, compressed if the topic ends with `?encoding=gzip`; or a Rejection."""
    try:
        return read_json(decompress(payload) if query == "encoding=gzip" else payload)
    except Malformed as error:
        return Rejection(RefusalReason.BAD_PAYLOAD, str(error))


def _other_topic(identity: str, path: str) -> DeviceEvent | Rejection:
    if path.startswith(SUB_DEVICE_PREFIXES):
        return DeviceEvent(
            DeviceEventKind.DISCOVERY,
            PLATFORM,
            identity,
            f"a gateway speaks of its sub-devices: {path[:120]}",
            online=True,
        )
    if path.startswith(DOWNLINK_PREFIXES):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, identity, f"a command, or its answer: {path[:120]}")
    return Rejection(RefusalReason.NO_CODEC, f"…/sys/{path[:120]} is no report we read", identity)


def _unreadable(identity: str, path: str, rejection: Rejection, frame: Frame) -> AdapterOutput:
    """A device message that is no JSON may be bytes for its codec."""
    if path == "messages/up" and frame.payload:
        return _raw_reading(identity, frame.payload, frame.retain)
    return Rejection(rejection.reason, rejection.detail, identity)


def _raw_reading(identity: str, data: bytes, retained: bool) -> AdapterOutput:
    return [RawReading(PLATFORM, identity, None, {}, None, _product(identity), retained, raw=RawPayload(data))]


def _forwarded_body(body: dict[str, object]) -> dict[str, object]:
    """The device's message in `notify_data.body` of a forwarded report, else the body itself."""
    notify_data = body.get("notify_data")
    inner = notify_data.get("body") if isinstance(notify_data, dict) else None
    return inner if isinstance(inner, dict) else body


def _property_report(identity: str, body: dict[str, object], retained: bool) -> AdapterOutput:
    return list(_service_readings(identity, body, retained))


def _gateway_report(identity: str, body: dict[str, object], retained: bool) -> AdapterOutput:
    devices = body.get("devices")
    if not isinstance(devices, list) or not devices:
        return Rejection(RefusalReason.BAD_PAYLOAD, "a gateway's report without `devices`", identity)
    return [item for device in devices for item in _sub_device_report(identity, device, retained)]


def _sub_device_report(gateway: str, device: object, retained: bool) -> Iterator[AdapterItem]:
    name = device.get("device_id", device.get("deviceId")) if isinstance(device, dict) else None
    if not isinstance(device, dict) or not isinstance(name, str) or not name:
        yield Rejection(RefusalReason.BAD_PAYLOAD, "a sub-device without device_id", gateway)
    else:
        yield from _service_readings(name, device, retained)


def _service_readings(identity: str, body: dict[str, object], retained: bool) -> Iterator[AdapterItem]:
    services = _as_list(body.get("services"))
    if not services:
        yield Rejection(RefusalReason.BAD_PAYLOAD, "a report without `services`", identity)
        return
    valid_services = [item for item in services if isinstance(item, dict) and _properties_of(item) is not None]
    if len(valid_services) < len(services):
        yield Rejection(RefusalReason.BAD_PAYLOAD, "a service without `properties`", identity)
    fields = (field for service in valid_services for field in _service_fields(service))
    yield from _readings(identity, fields, retained)


def _as_list(services: object) -> list[object]:
    """The services as a list; some SDKs send a single one without a list."""
    return services if isinstance(services, list) else [services] if isinstance(services, dict) else []


def _service_fields(service: dict[str, object]) -> Iterator[TimedField]:
    service_id, at = service.get("service_id", service.get("serviceId", "")), _event_time(service)
    for name, value in flatten(_properties_of(service) or {}):
        is_specific = name.rstrip("0123456789_").lower() not in GENERIC_PROPERTY_NAMES
        yield at, name if is_specific else f"{service_id}.{name}", value


def _properties_of(service: dict[str, object]) -> dict[str, object] | None:
    """The properties of a service; older SDKs call them data."""
    properties = service.get("properties", service.get("data"))
    return properties if isinstance(properties, dict) else None


def _event_time(service: dict[str, object]) -> object:
    """The event time as sent. Without a readable one the time of reception is used, as on the platform."""
    return service.get("event_time", service.get("eventTime")) or None


def _event_report(identity: str, body: dict[str, object], retained: bool) -> AdapterOutput:
    services = [item for item in _as_list(body.get("services")) if isinstance(item, dict)]
    if not services:
        return Rejection(RefusalReason.BAD_PAYLOAD, "an event report without `services`", identity)
    device_services = [item for item in services if not str(item.get("service_id", "")).startswith("$")]
    if not device_services:
        return _system_event(identity, services)
    device = body.get("object_device_id")
    owner = device if isinstance(device, str) and device else identity
    return list(_readings(owner, _event_values(device_services), retained))


def _event_values(services: list[dict[str, object]]) -> Iterator[TimedField]:
    for service in services:
        event, content = str(service.get("event_type") or service.get("service_id") or "event"), service.get("paras")
        for name, value in event_fields(event, content).items():
            yield _event_time(service), name, value


def _system_event(identity: str, services: list[dict[str, object]]) -> AdapterOutput:
    """Events of the platform's own services: `$log`, `$time_sync`, `$ota`, `$sub_device_manager`."""
    service = services[0]
    paras = service.get("paras")
    content = paras if isinstance(paras, dict) else {}
    if "device_statuses" in content:
        return _sub_device_statuses(identity, content, False)
    detail = f"{service.get('service_id')} {service.get('event_type')}: {content.get('content', '')}"
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, detail[:200], online=True)


def _status_event(identity: str, status: dict[str, object]) -> DeviceEvent:
    text = str(status.get("status", ""))
    child = str(status.get("device_id") or identity)
    return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, child, text[:40], parse_availability(text.encode()))


def _sub_device_statuses(identity: str, body: dict[str, object], _retained: bool) -> AdapterOutput:
    """A gateway reports which of its sub-devices went online or offline."""
    statuses = body.get("device_statuses")
    entries = [item for item in statuses if isinstance(item, dict)] if isinstance(statuses, list) else []
    events: list[AdapterItem] = [_status_event(identity, item) for item in entries]
    return events or Rejection(RefusalReason.BAD_PAYLOAD, "a report without `device_statuses`", identity)


def _status(identity: str, body: dict[str, object], _retained: bool) -> AdapterOutput:
    """The platform forwards that a device went online or offline."""
    return _status_event(identity, {**body, "device_id": identity})


def _message(identity: str, body: dict[str, object], retained: bool) -> AdapterOutput:
    """A free message of the device: JSON fields, or bytes for the codec of its product."""
    content, device = body.get("content", body), body.get("object_device_id")
    identity = device if isinstance(device, str) and device else identity
    text = content.encode("utf-8", "replace") if isinstance(content, str) else b""
    fields = read_json(text) if text else content
    if isinstance(fields, dict):
        return list(_readings(identity, ((None, name, value) for name, value in flatten(fields)), retained))
    if text:
        return _raw_reading(identity, text, retained)
    return Rejection(RefusalReason.BAD_PAYLOAD, f"a {type(content).__name__} instead of a message", identity)


def _readings(identity: str, fields: Iterator[TimedField], retained: bool) -> Iterator[AdapterItem]:
    for at, group in group_by_time(fields) or [(None, {})]:
        yield RawReading(PLATFORM, identity, at, group, None, _product(identity), retained)


def _product(device: str) -> str | None:
    """The product of a device id that the platform generated: `{product}_{node}`."""
    product, mark, _ = device.partition("_")
    return product if mark else None


READERS = {
    "properties/report": _property_report,
    "gateway/sub_devices/properties/report": _gateway_report,
    "events/up": _event_report,
    "events/report": _event_report,
    "messages/up": _message,
    "status": _status,
    "gateway/sub_devices/status": _sub_device_statuses,
}

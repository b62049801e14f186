"""China Telecom CTWing/AEP and its older NB platform, over MQTT or HTTP push with the same JSON.

The IMEI, else the deviceId, is the identity. The time is the device's own when its payload has one near the platform's
`timestamp`, else `timestamp`. `upPacketSN` is no sequence number: it is -1 or '' in every log we saw.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping

from msgspec import structs

from domain import RefusalReason
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import event_fields, flatten
from ingest.frame import Frame
from ingest.results import AdapterItem, AdapterOutput, DeviceEvent, DeviceEventKind, RawPayload, RawReading, Rejection
from ingest.timestamps import MAX_AGE_MS, MAX_AHEAD_MS

PLATFORM = "ctwing"
VERSION = 2

Body = dict[str, object]

_IMEI = re.compile(r"\d{14,17}")
_ALARM_FIELD = re.compile(r"(sensor|alarm|smoke|gas|leak|sos)_?(state|status)$|^alarm$", re.IGNORECASE)
"""Names of fields whose value tells whether there is an alarm."""

RAW_FIELDS = frozenset({"appdata", "updata"})
"""Fields with the bytes of a product that the platform does not decode; TUP calls them Updata."""

_SLEEPING_PROTOCOLS = frozenset({"lwm2m", "coap", "tup", "nb"})
"""Protocols of devices that sleep most of the day: that one goes offline means nothing."""


def decode(frame: Frame) -> AdapterOutput:
    """Decode one push, or an array of them."""
    message = read_json(frame.payload)
    if isinstance(message, Rejection):
        return message
    if isinstance(message, list) and message:
        return _merged([_read_message(item, frame.retain) for item in message])
    return _read_message(message, frame.retain)


def _merged(parts: list[AdapterOutput]) -> AdapterOutput:
    """The readings and rejections of all messages; an event beside readings adds nothing."""
    items = [item for part in parts if not isinstance(part, DeviceEvent) for item in _as_list(part)]
    return items or parts[-1]


def _as_list(part: list[AdapterItem] | Rejection) -> list[AdapterItem]:
    return [part] if isinstance(part, Rejection) else part


def _read_message(body: object, retained: bool) -> AdapterOutput:
    if not isinstance(body, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object")
    identities = _identities(body)
    if not identities:
        return Rejection(RefusalReason.BAD_PAYLOAD, "neither IMEI nor deviceId says whose it is")
    message_type = str(body.get("messageType") or body.get("notifyType") or _guess_message_type(body))
    reader = READERS.get(message_type.lower())
    if reader is None:
        return Rejection(RefusalReason.NO_CODEC, f"messageType {message_type[:40]!r} is none we know", identities[0])
    return reader(identities, body, retained)


def _identities(body: Body) -> tuple[str, ...]:
    payload = body.get("payload")
    inner = payload.get("serviceData") if isinstance(payload, dict) else None
    imei_candidates = [body.get("IMEI"), body.get("imei"), inner.get("IMEI") if isinstance(inner, dict) else None]
    imeis = [str(value) for value in imei_candidates if _IMEI.fullmatch(str(value))]
    device = body.get("deviceId")
    device_ids = [str(device)] if type(device) in (str, int) and device not in ("", "undefined") else []
    return (*imeis[:1], *device_ids)


def _guess_message_type(body: Body) -> str:
    """The message type of old pushes, which have none."""
    return "dataReport" if "payload" in body else "eventReport" if "eventContent" in body else ""


def _data_report(identities: tuple[str, ...], body: Body, retained: bool) -> AdapterOutput:
    payload = body.get("payload")
    if isinstance(payload, str):
        payload = read_json(payload.encode("utf-8", "replace"))
    if not isinstance(payload, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, "a data report without a payload", identities[0])
    raw = next((value for name, value in payload.items() if name.lower() in RAW_FIELDS), None)
    if raw is None:
        return [_reading(identities, body, _service_fields(payload), retained)]
    return _pass_through(identities, body, raw, retained)


def _pass_through(identities: tuple[str, ...], body: Body, raw: object, retained: bool) -> AdapterOutput:
    """Bytes that the platform passes through in base64: JSON of some products; others need the product's codec."""
    try:
        data = b64decode(raw if isinstance(raw, str) else b"?", validate=True)
    except (binascii.Error, ValueError):
        return Rejection(RefusalReason.BAD_PAYLOAD, "APPdata is not base64", identities[0])
    message = read_json(data) if data[:1] == b"{" else None
    if isinstance(message, dict):
        return [_reading(identities, body, dict(flatten(message)), retained)]
    return [structs.replace(_reading(identities, body, {}, retained), raw=RawPayload(data))]


def _service_fields(payload: Mapping[str, object]) -> dict[str, object]:
    """The data of the services of a payload, or its own fields; merged reports hold several services."""
    fields: dict[str, object] = {}
    for name, value in payload.items():
        if name in ("serviceData", "params") or (isinstance(value, dict) and "serviceData" in value):
            inner = value.get("serviceData", value) if isinstance(value, dict) else {}
            fields.update(flatten(inner if isinstance(inner, dict) else {}))
        elif name != "serviceId":
            fields.update(flatten({name: value}))
    return fields


def _data_change(identities: tuple[str, ...], body: Body, retained: bool) -> AdapterOutput:
    """The older platform's push: one or more services, each with data and time."""
    services = body.get("services", [body.get("service")])
    items: list[AdapterItem] = []
    for service in services if isinstance(services, list) else []:
        data = service.get("data") if isinstance(service, dict) else None
        if isinstance(service, dict) and isinstance(data, dict):
            at = service.get("eventTime", body.get("timestamp"))
            items.append(_reading(identities, {**body, "timestamp": at}, dict(flatten(data)), retained))
        else:
            items.append(Rejection(RefusalReason.BAD_PAYLOAD, "a service without data", identities[0]))
    return items or Rejection(RefusalReason.BAD_PAYLOAD, "a data change without a service", identities[0])


def _event_report(identities: tuple[str, ...], body: Body, retained: bool) -> AdapterOutput:
    """An event is named by its number (`event.1001`), unless its content has an alarm field."""
    content = body.get("eventContent")
    if isinstance(content, str):
        content = read_json(content.encode("utf-8", "replace"))
    fields = dict(flatten(content)) if isinstance(content, dict) else {}
    if not any(_ALARM_FIELD.search(name.rpartition(".")[2]) for name in fields):
        number = body.get("serviceId", body.get("eventId", body.get("eventType")))
        fields = event_fields(f"event.{number}", fields)
    return [_reading(identities, body, fields, retained)]


def _reading(identities: tuple[str, ...], body: Body, fields: dict[str, object], retained: bool) -> RawReading:
    product = body.get("productId")
    model, at = str(product) if product else None, body.get("timestamp")
    device_time = fields.get("time")
    if type(device_time) is int and (type(at) is not int or at - MAX_AGE_MS <= device_time <= at + MAX_AHEAD_MS):
        at = fields.pop("time")
    return RawReading(PLATFORM, identities[0], at, fields, None, model, retained, identities[1:])


def _availability(identities: tuple[str, ...], body: Body, _retained: bool) -> DeviceEvent:
    online = {"1": True, "0": False}.get(str(body.get("eventType")))
    if online is False and str(body.get("protocol", "")).lower() in _SLEEPING_PROTOCOLS:
        return DeviceEvent(
            DeviceEventKind.AVAILABILITY,
            PLATFORM,
            identities[0],
            "asleep: offline means nothing",
            aliases=identities[1:],
        )
    word = {True: "online", False: "offline"}.get(online, "neither online nor offline")  # type: ignore[arg-type]
    return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, identities[0], word, online, aliases=identities[1:])


def _command_response(identities: tuple[str, ...], body: Body, _retained: bool) -> DeviceEvent:
    result = body.get("result")
    code = result.get("resultCode") if isinstance(result, dict) else None
    return DeviceEvent(
        DeviceEventKind.REPLY,
        PLATFORM,
        identities[0],
        f"command {body.get('taskId', '')}: {code}"[:200],
        aliases=identities[1:],
    )


READERS = {
    "datareport": _data_report,
    "datareporttupunion": _data_report,
    "eventreport": _event_report,
    "devicedatachanged": _data_change,
    "devicedataschanged": _data_change,
    "deviceonlineofflinereport": _availability,
    "commandresponse": _command_response,
}

"""China Telecom CTWing/AEP, and its older NB platform, by MQTT or HTTP push: the same JSON. It knows no product.

IMEI, else deviceId, is the identity. The time is the device's own when its payload bears one near the platform's
`timestamp`, else that. `upPacketSN` counts nothing: it is -1 or '' in every log we saw.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping

from msgspec import structs

from domain import Reason
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import event_fields, flatten
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawPayload, RawReading, Rejection
from ingest.timestamps import MAX_AGE_MS, MAX_AHEAD_MS

PLATFORM = "ctwing"
VERSION = 2

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection
Body = dict[str, object]

_IMEI = re.compile(r"\d{14,17}")
_VERDICT = re.compile(r"(sensor|alarm|smoke|gas|leak|sos)_?(state|status)$|^alarm$", re.IGNORECASE)
"""Names of fields that say themselves whether there is an alarm."""

RAW = frozenset({"appdata", "updata"})
"""Where a product that the platform does not decode has its bytes; TUP calls them Updata."""

_SLEEPERS = frozenset({"lwm2m", "coap", "tup", "nb"})
"""Radios that are away by plan most of the day: going offline says nothing about them."""


def decode(frame: Frame) -> Decoded:
    """One push, or an array of them."""
    said = read_json(frame.payload)
    if isinstance(said, Rejection):
        return said
    if isinstance(said, list) and said:
        return _together([_one(each, frame.retain) for each in said])
    return _one(said, frame.retain)


def _together(parts: list[Decoded]) -> Decoded:
    """The readings of all; beside readings a note says nothing new."""
    drafts = [draft for part in parts if not isinstance(part, DeviceEvent) for draft in (_list(part))]
    return drafts or parts[-1]


def _list(part: list[RawReading | Rejection] | Rejection) -> list[RawReading | Rejection]:
    return [part] if isinstance(part, Rejection) else part


def _one(body: object, retained: bool) -> Decoded:
    if not isinstance(body, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object")
    names = _names(body)
    if not names:
        return Rejection(Reason.BAD_PAYLOAD, "neither IMEI nor deviceId says whose it is")
    sort = str(body.get("messageType") or body.get("notifyType") or _looks_like(body))
    reader = READERS.get(sort.lower())
    if reader is None:
        return Rejection(Reason.NO_CODEC, f"messageType {sort[:40]!r} is none we know", names[0])
    return reader(names, body, retained)


def _names(body: Body) -> tuple[str, ...]:
    payload = body.get("payload")
    inner = payload.get("serviceData") if isinstance(payload, dict) else None
    imei = [body.get("IMEI"), body.get("imei"), inner.get("IMEI") if isinstance(inner, dict) else None]
    real = [str(name) for name in imei if _IMEI.fullmatch(str(name))]
    device = body.get("deviceId")
    platforms_own = [str(device)] if type(device) in (str, int) and device not in ("", "undefined") else []
    return (*real[:1], *platforms_own)


def _looks_like(body: Body) -> str:
    """Old pushes have no messageType."""
    return "dataReport" if "payload" in body else "eventReport" if "eventContent" in body else ""


def _data(names: tuple[str, ...], body: Body, retained: bool) -> Decoded:
    payload = body.get("payload")
    if isinstance(payload, str):
        payload = read_json(payload.encode("utf-8", "replace"))
    if not isinstance(payload, dict):
        return Rejection(Reason.BAD_PAYLOAD, "a data report without a payload", names[0])
    raw = next((value for name, value in payload.items() if name.lower() in RAW), None)
    if raw is None:
        return [_draft(names, body, _fields(payload), retained)]
    return _unpacked(names, body, raw, retained)


def _unpacked(names: tuple[str, ...], body: Body, raw: object, retained: bool) -> Decoded:
    """Pass-through bytes in base64. Some products pass JSON through; other bytes need the product's codec."""
    try:
        data = b64decode(raw if isinstance(raw, str) else b"?", validate=True)
    except (binascii.Error, ValueError):
        return Rejection(Reason.BAD_PAYLOAD, "APPdata is not base64", names[0])
    said = read_json(data) if data[:1] == b"{" else None
    if isinstance(said, dict):
        return [_draft(names, body, dict(flatten(said)), retained)]
    return [structs.replace(_draft(names, body, {}, retained), raw=RawPayload(data))]


def _fields(payload: Mapping[str, object]) -> dict[str, object]:
    """A service's data, or the fields themselves; merged reports hold several services."""
    fields: dict[str, object] = {}
    for name, value in payload.items():
        if name in ("serviceData", "params") or (isinstance(value, dict) and "serviceData" in value):
            inner = value.get("serviceData", value) if isinstance(value, dict) else {}
            fields.update(flatten(inner if isinstance(inner, dict) else {}))
        elif name != "serviceId":
            fields.update(flatten({name: value}))
    return fields


def _changed(names: tuple[str, ...], body: Body, retained: bool) -> Decoded:
    """The older platform's push: one service or several, each with its data and its time."""
    services = body.get("services", [body.get("service")])
    drafts: list[RawReading | Rejection] = []
    for service in services if isinstance(services, list) else []:
        data = service.get("data") if isinstance(service, dict) else None
        if isinstance(service, dict) and isinstance(data, dict):
            at = service.get("eventTime", body.get("timestamp"))
            drafts.append(_draft(names, {**body, "timestamp": at}, dict(flatten(data)), retained))
        else:
            drafts.append(Rejection(Reason.BAD_PAYLOAD, "a service without data", names[0]))
    return drafts or Rejection(Reason.BAD_PAYLOAD, "a data change without a service", names[0])


def _event(names: tuple[str, ...], body: Body, retained: bool) -> Decoded:
    """An event's number names its sort (`event.1001`). When its content bears a verdict, the verdict speaks."""
    content = body.get("eventContent")
    if isinstance(content, str):
        content = read_json(content.encode("utf-8", "replace"))
    fields = dict(flatten(content)) if isinstance(content, dict) else {}
    if not any(_VERDICT.search(name.rpartition(".")[2]) for name in fields):
        number = body.get("serviceId", body.get("eventId", body.get("eventType")))
        fields = event_fields(f"event.{number}", fields)
    return [_draft(names, body, fields, retained)]


def _draft(names: tuple[str, ...], body: Body, fields: dict[str, object], retained: bool) -> RawReading:
    product = body.get("productId")
    model, at = str(product) if product else None, body.get("timestamp")
    own = fields.get("time")
    if type(own) is int and (type(at) is not int or at - MAX_AGE_MS <= own <= at + MAX_AHEAD_MS):
        at = fields.pop("time")
    return RawReading(PLATFORM, names[0], at, fields, None, model, retained, names[1:])


def _availability(names: tuple[str, ...], body: Body, _retained: bool) -> DeviceEvent:
    online = {"1": True, "0": False}.get(str(body.get("eventType")))
    if online is False and str(body.get("protocol", "")).lower() in _SLEEPERS:
        return DeviceEvent(
            DeviceEventKind.AVAILABILITY, PLATFORM, names[0], "asleep: offline means nothing", aliases=names[1:]
        )
    word = {True: "online", False: "offline"}.get(online, "neither online nor offline")  # type: ignore[arg-type]
    return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, names[0], word, online, aliases=names[1:])


def _response(names: tuple[str, ...], body: Body, _retained: bool) -> DeviceEvent:
    result = body.get("result")
    code = result.get("resultCode") if isinstance(result, dict) else None
    return DeviceEvent(
        DeviceEventKind.REPLY, PLATFORM, names[0], f"command {body.get('taskId', '')}: {code}"[:200], aliases=names[1:]
    )


READERS = {
    "datareport": _data,
    "datareporttupunion": _data,
    "eventreport": _event,
    "devicedatachanged": _changed,
    "devicedataschanged": _changed,
    "deviceonlineofflinereport": _availability,
    "commandresponse": _response,
}

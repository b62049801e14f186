"""ChirpStack v4's event topics with JSON bodies. It knows no device and no vendor: it takes what the codec decoded.

In its protobuf-JSON a missing number is zero, not unknown; in the decoded `object` a missing field is unknown. Without
`object` the raw `data` is handed on, for a codec of ours. Version 3 wrote the same object as text, `objectJSON`.
"""

from __future__ import annotations

from binascii import a2b_base64

from msgspec import structs

from domain import Reason
from ingest.formats.json_payload import read_json
from ingest.formats.lorawan_history import split_history
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawPayload, RawReading, Rejection

PLATFORM = "chirpstack"
VERSION = 4

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection


def decode(frame: Frame) -> Decoded:
    """`application/{application}/device/{devEui}/event/{event}`; the devEui in the topic is the identity."""
    levels = frame.topic.split("/")
    if len(levels) != 6 or levels[2] != "device" or levels[4] != "event":
        return Rejection(Reason.NO_CODEC, "topic is not application/{application}/device/{devEui}/event/{event}")
    dev_eui, event = levels[3].lower(), levels[5]
    reader = EVENTS.get(event)
    if reader is None:
        return Rejection(Reason.NO_CODEC, f"event {event[:40]} is not one of {', '.join(EVENTS)}", dev_eui)
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, f"{body.detail} (ChirpStack must send JSON: json=true)", dev_eui)
    if not isinstance(body, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", dev_eui)
    return reader(dev_eui, body, frame.retain)


def _up(dev_eui: str, body: dict[str, object], retained: bool) -> Decoded:
    decoded = body.get("object") or _as_text(body.get("objectJSON"))
    if isinstance(decoded, dict) and decoded:
        return [_moment(dev_eui, body, at, fields, retained) for at, fields in split_history(decoded)]
    if body.get("data"):
        return _raw(dev_eui, body, retained)
    return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, dev_eui, "an uplink without data", online=True)


def _as_text(said: object) -> object:
    return read_json(said.encode()) if isinstance(said, str) and said else None


def _moment(dev_eui: str, body: dict[str, object], at: object, fields: dict[str, object], retained: bool) -> RawReading:
    """A reading of the past bears its own time and no number; that of now has the message's."""
    if at is not None:
        return RawReading(PLATFORM, dev_eui, at, fields, None, _model(body), retained)
    return _draft(dev_eui, body, _link(body) | fields, body.get("fCnt", 0), retained)


def _raw(dev_eui: str, body: dict[str, object], retained: bool) -> Decoded:
    port = body.get("fPort", 0)
    try:
        data = a2b_base64(str(body["data"]), strict_mode=True)
    except ValueError as fault:
        return Rejection(Reason.BAD_PAYLOAD, f"data is not base64: {fault}", dev_eui)
    draft = _draft(dev_eui, body, _link(body), body.get("fCnt", 0), retained)
    return [structs.replace(draft, raw=RawPayload(data, port if type(port) is int else 0))]


def _status(dev_eui: str, body: dict[str, object], retained: bool) -> Decoded:
    if body.get("externalPowerSource") or body.get("batteryLevelUnavailable"):
        return DeviceEvent(
            DeviceEventKind.STATUS, PLATFORM, dev_eui, "no battery, or it does not know its charge", online=True
        )
    return [_draft(dev_eui, body, {"battery_pct": body.get("batteryLevel", 0)}, None, retained)]


def _location(dev_eui: str, body: dict[str, object], retained: bool) -> Decoded:
    location = body.get("location")
    if not isinstance(location, dict):
        return Rejection(Reason.BAD_PAYLOAD, "a location event without a location", dev_eui)
    fields: dict[str, object] = {"lat": location.get("latitude", 0.0), "lon": location.get("longitude", 0.0)}
    return [_draft(dev_eui, body, fields, None, retained)]


def _join(dev_eui: str, body: dict[str, object], _retained: bool) -> Decoded:
    """Whoever joins may be claimed, before it says anything."""
    newcomer = DiscoveredDevice(
        ((PLATFORM, dev_eui),), model=_about(body, "deviceProfileName"), name=_about(body, "deviceName")
    )
    detail = "joined; its frame counter starts again"
    return DeviceEvent(DeviceEventKind.JOIN, PLATFORM, dev_eui, detail, online=True, discovered=(newcomer,))


def _ack(dev_eui: str, body: dict[str, object], _retained: bool) -> Decoded:
    heard = body.get("acknowledged") is True
    return DeviceEvent(
        DeviceEventKind.REPLY,
        PLATFORM,
        dev_eui,
        "downlink acknowledged" if heard else "downlink not acknowledged",
        heard or None,
    )


def _log(dev_eui: str, body: dict[str, object], _retained: bool) -> Decoded:
    """A frame that failed authentication is no sign of life: anybody could have sent it."""
    code, said = body.get("code") or body.get("type") or "log", body.get("description") or body.get("error") or ""
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, dev_eui, f"{code}: {said}"[:200])


def _transmitted(dev_eui: str, _body: dict[str, object], _retained: bool) -> Decoded:
    return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, dev_eui, "a gateway sent the downlink")


def _integration(dev_eui: str, body: dict[str, object], _retained: bool) -> Decoded:
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, dev_eui, f"integration {body.get('eventType', '')}"[:200])


EVENTS = {
    "up": _up,
    "status": _status,
    "join": _join,
    "ack": _ack,
    "txack": _transmitted,
    "log": _log,
    "location": _location,
    "integration": _integration,
    "error": _log,
}
"""Those of version 4, and `error`, which was version 3's `log`."""


def _draft(dev_eui: str, body: dict[str, object], fields: dict[str, object], seq: object, retained: bool) -> RawReading:
    return RawReading(PLATFORM, dev_eui, body.get("time") or body.get("nsTime"), fields, seq, _model(body), retained)


def _model(body: dict[str, object]) -> str | None:
    return _about(body, "deviceProfileName")


def _about(body: dict[str, object], what: str) -> str | None:
    info = body.get("deviceInfo")
    said = info.get(what) if isinstance(info, dict) else None
    return said if isinstance(said, str) else None


def _link(body: dict[str, object]) -> dict[str, object]:
    """How well the best gateway heard it."""
    heard_by = body.get("rxInfo")
    gateways = heard_by if isinstance(heard_by, list) else []
    levels = [gateway.get("rssi") for gateway in gateways if isinstance(gateway, dict)]
    best = max((level for level in levels if type(level) is int), default=None)
    return {} if best is None else {"rssi_dbm": best}

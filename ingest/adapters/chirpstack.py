"""ChirpStack v4's event topics with JSON bodies, with the fields that ChirpStack's own codec decoded.

In its protobuf-JSON a missing number is zero, not unknown; in the decoded `object` a missing field is unknown. Without
`object` the raw `data` is passed on, for a codec of ours. Version 3 sent the same object as text, `objectJSON`.
"""

from __future__ import annotations

from binascii import a2b_base64

from msgspec import structs

from domain import RefusalReason
from ingest.formats.json_payload import read_json
from ingest.formats.lorawan_history import split_history
from ingest.frame import Frame
from ingest.results import (
    AdapterOutput,
    DeviceEvent,
    DeviceEventKind,
    DiscoveredDevice,
    RawPayload,
    RawReading,
    Rejection,
)

PLATFORM = "chirpstack"
VERSION = 4


def decode(frame: Frame) -> AdapterOutput:
    """Decode `application/{application}/device/{devEui}/event/{event}`; the devEui in the topic is the identity."""
    levels = frame.topic.split("/")
    if len(levels) != 6 or levels[2] != "device" or levels[4] != "event":
        return Rejection(RefusalReason.NO_CODEC, "topic is not application/{application}/device/{devEui}/event/{event}")
    dev_eui, event = levels[3].lower(), levels[5]
    reader = EVENTS.get(event)
    if reader is None:
        return Rejection(RefusalReason.NO_CODEC, f"event {event[:40]} is not one of {', '.join(EVENTS)}", dev_eui)
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, f"{body.detail} (ChirpStack must send JSON: json=true)", dev_eui)
    if not isinstance(body, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", dev_eui)
    return reader(dev_eui, body, frame.retain)


def _uplink(dev_eui: str, body: dict[str, object], retained: bool) -> AdapterOutput:
    decoded = body.get("object") or _parse_text(body.get("objectJSON"))
    if isinstance(decoded, dict) and decoded:
        return [_reading_at(dev_eui, body, at, fields, retained) for at, fields in split_history(decoded)]
    if body.get("data"):
        return _raw_reading(dev_eui, body, retained)
    return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, dev_eui, "an uplink without data", online=True)


def _parse_text(value: object) -> object:
    return read_json(value.encode()) if isinstance(value, str) and value else None


def _reading_at(
    dev_eui: str, body: dict[str, object], at: object, fields: dict[str, object], retained: bool
) -> RawReading:
    """A historic reading has its own time and no frame counter; the current one has those of the message."""
    if at is not None:
        return RawReading(PLATFORM, dev_eui, at, fields, None, _model(body), retained)
    return _reading(dev_eui, body, _signal_strength(body) | fields, body.get("fCnt", 0), retained)


def _raw_reading(dev_eui: str, body: dict[str, object], retained: bool) -> AdapterOutput:
    port = body.get("fPort", 0)
    try:
        data = a2b_base64(str(body["data"]), strict_mode=True)
    except ValueError as error:
        return Rejection(RefusalReason.BAD_PAYLOAD, f"data is not base64: {error}", dev_eui)
    reading = _reading(dev_eui, body, _signal_strength(body), body.get("fCnt", 0), retained)
    return [structs.replace(reading, raw=RawPayload(data, port if type(port) is int else 0))]


def _status(dev_eui: str, body: dict[str, object], retained: bool) -> AdapterOutput:
    if body.get("externalPowerSource") or body.get("batteryLevelUnavailable"):
        return DeviceEvent(
            DeviceEventKind.STATUS, PLATFORM, dev_eui, "no battery, or it does not know its charge", online=True
        )
    return [_reading(dev_eui, body, {"battery_pct": body.get("batteryLevel", 0)}, None, retained)]


def _location(dev_eui: str, body: dict[str, object], retained: bool) -> AdapterOutput:
    location = body.get("location")
    if not isinstance(location, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, "a location event without a location", dev_eui)
    fields: dict[str, object] = {"lat": location.get("latitude", 0.0), "lon": location.get("longitude", 0.0)}
    return [_reading(dev_eui, body, fields, None, retained)]


def _join(dev_eui: str, body: dict[str, object], _retained: bool) -> AdapterOutput:
    """A device that joins can be claimed before its first uplink."""
    discovered = DiscoveredDevice(
        ((PLATFORM, dev_eui),), model=_device_info(body, "deviceProfileName"), name=_device_info(body, "deviceName")
    )
    detail = "joined; its frame counter starts again"
    return DeviceEvent(DeviceEventKind.JOIN, PLATFORM, dev_eui, detail, online=True, discovered=(discovered,))


def _acknowledgement(dev_eui: str, body: dict[str, object], _retained: bool) -> AdapterOutput:
    is_acknowledged = body.get("acknowledged") is True
    return DeviceEvent(
        DeviceEventKind.REPLY,
        PLATFORM,
        dev_eui,
        "downlink acknowledged" if is_acknowledged else "downlink not acknowledged",
        is_acknowledged or None,
    )


def _log(dev_eui: str, body: dict[str, object], _retained: bool) -> AdapterOutput:
    """Not a sign of life: a frame that failed authentication may come from any sender."""
    code, detail = body.get("code") or body.get("type") or "log", body.get("description") or body.get("error") or ""
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, dev_eui, f"{code}: {detail}"[:200])


def _transmitted(dev_eui: str, _body: dict[str, object], _retained: bool) -> AdapterOutput:
    return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, dev_eui, "a gateway sent the downlink")


def _integration(dev_eui: str, body: dict[str, object], _retained: bool) -> AdapterOutput:
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, dev_eui, f"integration {body.get('eventType', '')}"[:200])


EVENTS = {
    "up": _uplink,
    "status": _status,
    "join": _join,
    "ack": _acknowledgement,
    "txack": _transmitted,
    "log": _log,
    "location": _location,
    "integration": _integration,
    "error": _log,
}
"""Events of version 4, and `error`, which was version 3's `log`."""


def _reading(
    dev_eui: str, body: dict[str, object], fields: dict[str, object], seq: object, retained: bool
) -> RawReading:
    return RawReading(PLATFORM, dev_eui, body.get("time") or body.get("nsTime"), fields, seq, _model(body), retained)


def _model(body: dict[str, object]) -> str | None:
    return _device_info(body, "deviceProfileName")


def _device_info(body: dict[str, object], key: str) -> str | None:
    info = body.get("deviceInfo")
    value = info.get(key) if isinstance(info, dict) else None
    return value if isinstance(value, str) else None


def _signal_strength(body: dict[str, object]) -> dict[str, object]:
    """RSSI of the gateway with the best reception."""
    rx_info = body.get("rxInfo")
    gateways = rx_info if isinstance(rx_info, list) else []
    levels = [gateway.get("rssi") for gateway in gateways if isinstance(gateway, dict)]
    best = max((level for level in levels if type(level) is int), default=None)
    return {} if best is None else {"rssi_dbm": best}

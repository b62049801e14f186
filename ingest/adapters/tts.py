"""The Things Stack v3: uplinks, joins, downlink events and solved locations, as JSON.

Its protobuf-JSON leaves out zeros: a missing frame counter is 0; in `decoded_payload` a missing field is unknown. A
message has times of three clocks; the network server's is used, because gateways need not have one. The topic has the
device id, the body its EUI too. What the console's simulator sent is marked as a test.
"""

from __future__ import annotations

from binascii import a2b_base64

from msgspec import structs

from domain import RefusalReason
from ingest.formats.json_payload import read_json
from ingest.formats.lorawan_history import split_history
from ingest.formats.timed_fields import TimedFields, flatten
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

PLATFORM = "tts"
VERSION = 3

Body = dict[str, object]
DeviceNames = tuple[str, tuple[str, ...]]
"""The device id, and the EUI in upper and in lower case."""


def decode(frame: Frame) -> AdapterOutput:
    """Decode `v3/{application}@{tenant}/devices/{device}/{up|join|down/…|location/solved|service/data}`."""
    levels = frame.topic.split("/", 4)
    if len(levels) != 5 or levels[2] != "devices" or not levels[3]:
        return Rejection(RefusalReason.NO_CODEC, "topic is not v3/{application}@{tenant}/devices/{device}/{event}")
    device, event = levels[3], levels[4]
    reader = EVENTS.get(event)
    if reader is None:
        return Rejection(RefusalReason.NO_CODEC, f"event {event[:40]} is not one of {', '.join(EVENTS)}", device)
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, device)
    if not isinstance(body, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", device)
    return reader((device, _eui_spellings(body)), body, frame.retain)


def _eui_spellings(body: Body) -> tuple[str, ...]:
    eui = _object(body, "end_device_ids").get("dev_eui")
    return (eui.upper(), eui.lower()) if isinstance(eui, str) and eui else ()


def _uplink_reading(names: DeviceNames, body: Body, retained: bool) -> AdapterOutput:
    uplink = _uplink_of(body)
    if not uplink:
        return Rejection(RefusalReason.BAD_PAYLOAD, "an uplink without uplink_message", names[0])
    readings = _timed_readings(uplink)
    if readings:
        return [_reading_at(names, body, at, fields, retained) for at, fields in readings]
    if uplink.get("frm_payload"):
        return _raw_reading(names, body, retained)
    return DeviceEvent(
        DeviceEventKind.LIFE, PLATFORM, names[0], "an uplink without data", online=True, aliases=names[1]
    )


def _uplink_of(body: Body) -> Body:
    return _object(body, "uplink_message") or _object(body, "uplink_normalized")


def _timed_readings(uplink: Body) -> list[TimedFields]:
    """Fields of the vendor's decoder, and the stack's normalized ones, which have defined units and take precedence.

    Of several normalized measurements those with a time are historic.
    """
    decoded = _object(uplink, "decoded_payload")
    readings: list[TimedFields] = split_history(decoded) if decoded else []
    normalized = _normalized(uplink.get("normalized_payload"))
    current = {name: value for at, fields in normalized if at is None for name, value in fields.items()}
    if current and readings and readings[-1][0] is None:
        readings[-1][1].update(current)
    elif current:
        readings.append((None, current))
    return [*((at, fields) for at, fields in normalized if at is not None), *readings]


def _normalized(payload: object) -> list[TimedFields]:
    """Fields of the stack's normalized payload, with the prefix `normalized.`: its battery is in volts."""
    items = payload if isinstance(payload, list) else [payload]
    measurements = [item for item in items if isinstance(item, dict)]
    return [
        (
            measurement.get("time") if len(measurements) > 1 else None,
            {f"normalized.{name}": value for name, value in flatten(measurement) if name != "time"},
        )
        for measurement in measurements
    ]


def _reading_at(names: DeviceNames, body: Body, at: object, fields: dict[str, object], retained: bool) -> RawReading:
    """A historic reading has its own time and no frame counter; the current one has those of the message."""
    if at is not None:
        return RawReading(PLATFORM, names[0], at, fields, None, _model(body), retained, names[1])
    return _current_reading(names, body, fields, retained)


def _current_reading(names: DeviceNames, body: Body, fields: dict[str, object], retained: bool) -> RawReading:
    uplink = _uplink_of(body)
    _add_signal_strength(fields, uplink)
    if body.get("simulated") is True:
        fields["test"] = True
    return RawReading(
        PLATFORM, names[0], _received_at(body), fields, uplink.get("f_cnt", 0), _model(body), retained, names[1]
    )


def _add_signal_strength(fields: dict[str, object], uplink: Body) -> None:
    rx_metadata = uplink.get("rx_metadata")
    gateways = rx_metadata if isinstance(rx_metadata, list) else []
    levels = [gateway.get("rssi") for gateway in gateways if isinstance(gateway, dict)]
    best = max((level for level in levels if isinstance(level, int | float)), default=None)
    if best is not None:
        fields.setdefault("rssi_dbm", best)


def _raw_reading(names: DeviceNames, body: Body, retained: bool) -> AdapterOutput:
    """An uplink that no payload formatter decoded: its bytes are passed on, for a codec of ours."""
    uplink = _uplink_of(body)
    port = uplink.get("f_port", 0)
    try:
        data = a2b_base64(str(uplink["frm_payload"]), strict_mode=True)
    except ValueError as error:
        return Rejection(RefusalReason.BAD_PAYLOAD, f"frm_payload is not base64: {error}", names[0])
    raw = RawPayload(data, port if type(port) is int else 0)
    return [structs.replace(_current_reading(names, body, {}, retained), raw=raw)]


def _received_at(body: Body) -> object:
    return _uplink_of(body).get("received_at") or body.get("received_at")


def _model(body: Body) -> str | None:
    model = _object(_uplink_of(body), "version_ids").get("model_id")
    return model if isinstance(model, str) else None


def _location(names: DeviceNames, body: Body, retained: bool) -> AdapterOutput:
    location = _object(_object(body, "location_solved"), "location")
    if not location:
        return Rejection(RefusalReason.BAD_PAYLOAD, "a solved location without a location", names[0])
    fields: dict[str, object] = {"lat": location.get("latitude", 0.0), "lon": location.get("longitude", 0.0)}
    return [RawReading(PLATFORM, names[0], body.get("received_at"), fields, None, None, retained, names[1])]


def _join(names: DeviceNames, _body: Body, _retained: bool) -> AdapterOutput:
    """A device that joins can be claimed before its first uplink."""
    detail = "joined; its frame counter starts again"
    device = DiscoveredDevice(tuple((PLATFORM, name) for name in (names[0], *names[1])))
    return DeviceEvent(
        DeviceEventKind.JOIN, PLATFORM, names[0], detail, online=True, aliases=names[1], discovered=(device,)
    )


def _downlink_acknowledged(names: DeviceNames, _body: Body, _retained: bool) -> AdapterOutput:
    return DeviceEvent(
        DeviceEventKind.REPLY, PLATFORM, names[0], "downlink acknowledged", online=True, aliases=names[1]
    )


def _downlink_not_acknowledged(names: DeviceNames, _body: Body, _retained: bool) -> AdapterOutput:
    """Still a sign of life: the device sent its next uplink, without the acknowledgement."""
    return DeviceEvent(
        DeviceEventKind.REPLY, PLATFORM, names[0], "downlink not acknowledged", online=True, aliases=names[1]
    )


def _downlink_failed(names: DeviceNames, body: Body, _retained: bool) -> AdapterOutput:
    error = _object(_object(body, "downlink_failed"), "error")
    message = error.get("message_format") or error.get("name") or "no reason given"
    return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, names[0], f"downlink failed: {message}"[:200], aliases=names[1])


def _downlink_pending(names: DeviceNames, _body: Body, _retained: bool) -> AdapterOutput:
    return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, names[0], "a downlink is under way", aliases=names[1])


def _service_data(names: DeviceNames, body: Body, _retained: bool) -> AdapterOutput:
    service = _object(body, "service_data").get("service", "")
    return DeviceEvent(
        DeviceEventKind.STATUS, PLATFORM, names[0], f"data of the service {service}"[:200], aliases=names[1]
    )


EVENTS = {
    "up": _uplink_reading,
    "up/normalized": _uplink_reading,
    "join": _join,
    "down/queued": _downlink_pending,
    "down/queue/invalidated": _downlink_pending,
    "down/sent": _downlink_pending,
    "down/ack": _downlink_acknowledged,
    "down/nack": _downlink_not_acknowledged,
    "down/failed": _downlink_failed,
    "down/push": _downlink_pending,
    "down/replace": _downlink_pending,
    "location/solved": _location,
    "service/data": _service_data,
}


def _object(body: Body, key: str) -> Body:
    inner = body.get(key)
    return inner if isinstance(inner, dict) else {}

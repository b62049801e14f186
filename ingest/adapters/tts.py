"""The Things Stack v3: uplinks, joins, downlink events and solved locations, as JSON. It knows no device.

Its protobuf-JSON leaves out zeros: a missing frame counter is 0; in `decoded_payload` a missing field is unknown. Three
clocks stamp a message; the network server's is taken, for gateways need not have one. The topic names the device, the
body its EUI too. What the console's simulator sent is a test.
"""

from __future__ import annotations

from binascii import a2b_base64

from msgspec import structs

from domain import Reason
from ingest.formats.json_payload import read_json
from ingest.formats.lorawan_history import split_history
from ingest.formats.timed_fields import TimedFields, flatten
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawPayload, RawReading, Rejection

PLATFORM = "tts"
VERSION = 3

Body = dict[str, object]
Names = tuple[str, tuple[str, ...]]
"""The device id, and the EUI in both spellings."""
Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection


def decode(frame: Frame) -> Decoded:
    """`v3/{application}@{tenant}/devices/{device}/{up|join|down/…|location/solved|service/data}`."""
    levels = frame.topic.split("/", 4)
    if len(levels) != 5 or levels[2] != "devices" or not levels[3]:
        return Rejection(Reason.NO_CODEC, "topic is not v3/{application}@{tenant}/devices/{device}/{event}")
    device, event = levels[3], levels[4]
    reader = EVENTS.get(event)
    if reader is None:
        return Rejection(Reason.NO_CODEC, f"event {event[:40]} is not one of {', '.join(EVENTS)}", device)
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, device)
    if not isinstance(body, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", device)
    return reader((device, _eui(body)), body, frame.retain)


def _eui(body: Body) -> tuple[str, ...]:
    eui = _object(body, "end_device_ids").get("dev_eui")
    return (eui.upper(), eui.lower()) if isinstance(eui, str) and eui else ()


def _up(names: Names, body: Body, retained: bool) -> Decoded:
    uplink = _uplink(body)
    if not uplink:
        return Rejection(Reason.BAD_PAYLOAD, "an uplink without uplink_message", names[0])
    moments = _moments(uplink)
    if moments:
        return [_reading(names, body, at, fields, retained) for at, fields in moments]
    if uplink.get("frm_payload"):
        return _raw(names, body, retained)
    return DeviceEvent(
        DeviceEventKind.LIFE, PLATFORM, names[0], "an uplink without data", online=True, aliases=names[1]
    )


def _uplink(body: Body) -> Body:
    return _object(body, "uplink_message") or _object(body, "uplink_normalized")


def _moments(uplink: Body) -> list[TimedFields]:
    """What the vendor's decoder said, and the stack's own vocabulary beside it: that one has defined units, and counts.

    Of several normalized measurements those that bear a time are of the past.
    """
    decoded = _object(uplink, "decoded_payload")
    moments: list[TimedFields] = split_history(decoded) if decoded else []
    normalized = _normalized(uplink.get("normalized_payload"))
    now = {name: value for at, fields in normalized if at is None for name, value in fields.items()}
    if now and moments and moments[-1][0] is None:
        moments[-1][1].update(now)
    elif now:
        moments.append((None, now))
    return [*((at, fields) for at, fields in normalized if at is not None), *moments]


def _normalized(said: object) -> list[TimedFields]:
    """The stack's own vocabulary, told apart from the vendor's: its battery is volts."""
    measured = [each for each in (said if isinstance(said, list) else [said]) if isinstance(each, dict)]
    return [
        (
            each.get("time") if len(measured) > 1 else None,
            {f"normalized.{name}": value for name, value in flatten(each) if name != "time"},
        )
        for each in measured
    ]


def _reading(names: Names, body: Body, at: object, fields: dict[str, object], retained: bool) -> RawReading:
    """A reading of the past has the time it bears and no number; that of now has the message's."""
    if at is not None:
        return RawReading(PLATFORM, names[0], at, fields, None, _model(body), retained, names[1])
    return _present(names, body, fields, retained)


def _present(names: Names, body: Body, fields: dict[str, object], retained: bool) -> RawReading:
    uplink = _uplink(body)
    _add_link(fields, uplink)
    if body.get("simulated") is True:
        fields["test"] = True
    return RawReading(PLATFORM, names[0], _at(body), fields, uplink.get("f_cnt", 0), _model(body), retained, names[1])


def _add_link(fields: dict[str, object], uplink: Body) -> None:
    heard_by = uplink.get("rx_metadata")
    gateways = heard_by if isinstance(heard_by, list) else []
    levels = [gateway.get("rssi") for gateway in gateways if isinstance(gateway, dict)]
    best = max((level for level in levels if isinstance(level, int | float)), default=None)
    if best is not None:
        fields.setdefault("rssi_dbm", best)


def _raw(names: Names, body: Body, retained: bool) -> Decoded:
    """No payload formatter decoded it: the bytes are handed on, for a codec of ours."""
    uplink = _uplink(body)
    port = uplink.get("f_port", 0)
    try:
        data = a2b_base64(str(uplink["frm_payload"]), strict_mode=True)
    except ValueError as fault:
        return Rejection(Reason.BAD_PAYLOAD, f"frm_payload is not base64: {fault}", names[0])
    raw = RawPayload(data, port if type(port) is int else 0)
    return [structs.replace(_present(names, body, {}, retained), raw=raw)]


def _at(body: Body) -> object:
    return _uplink(body).get("received_at") or body.get("received_at")


def _model(body: Body) -> str | None:
    model = _object(_uplink(body), "version_ids").get("model_id")
    return model if isinstance(model, str) else None


def _location(names: Names, body: Body, retained: bool) -> Decoded:
    location = _object(_object(body, "location_solved"), "location")
    if not location:
        return Rejection(Reason.BAD_PAYLOAD, "a solved location without a location", names[0])
    fields: dict[str, object] = {"lat": location.get("latitude", 0.0), "lon": location.get("longitude", 0.0)}
    return [RawReading(PLATFORM, names[0], body.get("received_at"), fields, None, None, retained, names[1])]


def _join(names: Names, _body: Body, _retained: bool) -> Decoded:
    """Whoever joins may be claimed, before it says anything."""
    detail = "joined; its frame counter starts again"
    newcomer = DiscoveredDevice(tuple((PLATFORM, name) for name in (names[0], *names[1])))
    return DeviceEvent(
        DeviceEventKind.JOIN, PLATFORM, names[0], detail, online=True, aliases=names[1], discovered=(newcomer,)
    )


def _acknowledged(names: Names, _body: Body, _retained: bool) -> Decoded:
    return DeviceEvent(
        DeviceEventKind.REPLY, PLATFORM, names[0], "downlink acknowledged", online=True, aliases=names[1]
    )


def _refused(names: Names, _body: Body, _retained: bool) -> Decoded:
    """The device was heard: it sent its next uplink without the acknowledgement."""
    return DeviceEvent(
        DeviceEventKind.REPLY, PLATFORM, names[0], "downlink not acknowledged", online=True, aliases=names[1]
    )


def _failed(names: Names, body: Body, _retained: bool) -> Decoded:
    error = _object(_object(body, "downlink_failed"), "error")
    said = error.get("message_format") or error.get("name") or "no reason given"
    return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, names[0], f"downlink failed: {said}"[:200], aliases=names[1])


def _under_way(names: Names, _body: Body, _retained: bool) -> Decoded:
    return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, names[0], "a downlink is under way", aliases=names[1])


def _service(names: Names, body: Body, _retained: bool) -> Decoded:
    service = _object(body, "service_data").get("service", "")
    return DeviceEvent(
        DeviceEventKind.STATUS, PLATFORM, names[0], f"data of the service {service}"[:200], aliases=names[1]
    )


EVENTS = {
    "up": _up,
    "up/normalized": _up,
    "join": _join,
    "down/queued": _under_way,
    "down/queue/invalidated": _under_way,
    "down/sent": _under_way,
    "down/ack": _acknowledged,
    "down/nack": _refused,
    "down/failed": _failed,
    "down/push": _under_way,
    "down/replace": _under_way,
    "location/solved": _location,
    "service/data": _service,
}


def _object(body: Body, key: str) -> Body:
    inner = body.get(key)
    return inner if isinstance(inner, dict) else {}

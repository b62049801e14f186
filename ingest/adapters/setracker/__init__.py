"""SeTracker-type watches: text commands inside frames, and the JSON of watches like the Atom G616.

Alarm bits report an event: a frame without them clears nothing, so a bit that is not set gives no field. A position is
used only with a fix; its time is UTC by the maker's document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from domain import RefusalReason
from domain.geo import GCJ_02, to_wgs84
from ingest.adapters.setracker.frames import WatchFrame, split_frames
from ingest.formats.json_payload import read_json
from ingest.formats.numbers import parse_number
from ingest.frame import Frame
from ingest.results import AdapterItem, AdapterOutput, DeviceEvent, DeviceEventKind, RawReading, Rejection
from ingest.timestamps import MAX_AHEAD_MS

PLATFORM = "setracker"
VERSION = 2

Fields = dict[str, object]

STATUS_BITS: Final = {
    0: "low_battery",
    16: "sos",
    17: "low_battery",
    20: "taken_off",
    21: "fall",
    # Public decoders read a fall here, a newer document of a maker an abnormal heart rate: the graver one is used.
    22: "fall",
}

POSITION_COMMANDS: Final = ("UD", "AL", "WT")
"""Prefixes of position reports: UD_LTE, UD2 (stored while there was no network), AL_WCDMA, …"""

_NOTHING: Final = 0
_NO_VALUE: Final = 255
"""Of a pulse or an oxygen saturation: not measured."""
_HEX: Final = re.compile(r"[0-9A-Fa-f]{1,8}")

_ANSWERS: Final = """
    INIT TKQ TKQ2 TK TK2 JXTK JXTKR IMG CONFIG ICCID VERNO TS RESET POWEROFF UPLOAD CENTER SOS1 SOS2 SOS3 SOSSMS LZ
    LOWBAT REMOVE REMOVESMS WALKTIME SLEEPTIME SILENCETIME SILENCETIME2 FIND FLOWER REMIND MESSAGE PHB PHB2 PHBX PHBX2
    PROFILE HRTSTART HEALTHAUTOSET BODYTEMP BODYTEMP2 FALLDOWN LSSET CR CALL MONITOR FACTORY APN IP PW APPLOCK ACALL
    RCAPTURE PP PPR WHITELIST1 WHITELIST2 WIFISEARCH WIFISET WIFIDEL WIFICUR WIFIINFOUP RYIMEI PING TAKEPILLS
    ND DEVREFUSEPHONE BLDSTART TIME WIFI
"""
REPLY_COMMANDS: Final = frozenset(_ANSWERS.split())
"""Replies to settings, queries and voice. SOS alone is not listed: it may be a reply, or a call for help."""

ALARM_REASON_BITS: Final = 0x00FF_0007
"""Bits that are the reason of an alarm report, geofences among them."""

EMERGENCY_COMMANDS: Final = frozenset({"SOS", "FALL"})
"""Commands that may be a call for help, without any documentation."""

_POSITION_PARTS: Final = 16


def decode(frame: Frame) -> AdapterOutput:
    """Decode `setracker/…`: all frames of the payload, or one JSON object with an `imei`."""
    if frame.payload.lstrip()[:1] == b"{":
        return [_json_reading(frame)]
    items = [item for watch_frame in split_frames(frame.payload) for item in _frame_items(watch_frame, frame)]
    return items or Rejection(RefusalReason.BAD_PAYLOAD, "an empty payload")


def _frame_items(watch_frame: WatchFrame, frame: Frame) -> Iterator[AdapterItem]:
    command, _, arguments = watch_frame.content.decode("utf-8", "replace").partition(",")
    command, parts = command.strip().upper(), [part.strip() for part in arguments.split(",")]
    if watch_frame.identity is None or watch_frame.error is not None:
        yield Rejection(
            RefusalReason.BAD_PAYLOAD,
            str(watch_frame.error),
            watch_frame.identity,
            danger=_is_alarm(watch_frame, command),
        )
    elif command in POSITION_COMMANDS and not arguments:
        yield DeviceEvent(DeviceEventKind.REPLY, PLATFORM, watch_frame.identity, f"{command}: the server's answer")
    elif command.startswith(POSITION_COMMANDS):
        yield from _position_items(watch_frame.identity, command, parts, frame)
    elif command in READERS:
        yield _measurement(watch_frame.identity, command, READERS[command](parts), frame)
    elif command in REPLY_COMMANDS:
        yield DeviceEvent(
            DeviceEventKind.REPLY, PLATFORM, watch_frame.identity, f"{command}: an answer or a request", online=True
        )
    else:
        yield Rejection(
            RefusalReason.NO_CODEC,
            f"{command[:40]!r} is nothing that we read",
            watch_frame.identity,
            command in EMERGENCY_COMMANDS,
        )


def _is_alarm(watch_frame: WatchFrame, command: str) -> bool:
    """Whether it is an alarm report, even if its parts cannot be read."""
    return watch_frame.identity is not None and command.startswith("AL")


def _measurement(identity: str, command: str, fields: Fields, frame: Frame) -> AdapterItem:
    if not fields:
        return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, identity, f"{command}: nothing measured", online=True)
    return RawReading(PLATFORM, identity, None, fields, None, None, frame.retain)


def _position_items(identity: str, command: str, parts: Sequence[str], frame: Frame) -> Iterator[AdapterItem]:
    """Date, time, fix, lat, N/S, lon, E/W, speed, course, height, satellites, signal, battery, steps, turns, bits."""
    is_alarm = command.startswith("AL")
    if len(parts) < _POSITION_PARTS:
        yield Rejection(
            RefusalReason.BAD_PAYLOAD, f"{command[:40]} of {len(parts)} parts instead of 16", identity, is_alarm
        )
        return
    fields: Fields = {**_coordinates(parts), "battery": parse_number(parts[12]), "steps": parse_number(parts[13])}
    bits = _parse_bits(parts[15])
    if bits is None:
        detail = f"its status {parts[15][:40]!r} is not hexadecimal"
        yield Rejection(RefusalReason.BAD_VALUE, detail, identity, is_alarm)
    fields.update({name: True for bit, name in STATUS_BITS.items() if (bits or 0) >> bit & 1})
    if is_alarm and not (bits or 0) & ALARM_REASON_BITS:
        fields["sos"] = True
        detail = f"an alarm report whose status {parts[15][:40]} names no alarm: taken as a call for help"
        yield DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, detail, online=True)
    yield RawReading(
        PLATFORM, identity, _position_time(parts[0], parts[1], frame.received), fields, None, None, frame.retain
    )


def _parse_bits(text: str) -> int | None:
    return int(text, 16) if _HEX.fullmatch(text) else None


def _coordinates(parts: Sequence[str]) -> Fields:
    """Latitude and longitude, with a fix. Watches send the hemisphere, a sign, or both: a minus takes precedence."""
    lat, lon = parse_number(parts[3]), parse_number(parts[5])
    if parts[2] != "A" or isinstance(lat, str) or isinstance(lon, str) or (lat == 0 and lon == 0):
        return {}
    return {"lat": -abs(lat) if parts[4] == "S" else lat, "lon": -abs(lon) if parts[6] == "W" else lon}


def _position_time(day: str, time_of_day: str, received: int) -> str:
    """ddMMyy and HHmmss as UTC; a time that would lie in the future is taken as the watch's local time.

    >>> _position_time("170525", "214118", 1747518078000), _position_time("170525", "214118", 1747489278000)
    ('2025-05-17T21:41:18+00:00', '2025-05-17T21:41:18')
    """
    try:
        local_time = datetime.strptime(f"{day} {time_of_day}", "%d%m%y %H%M%S")  # noqa: DTZ007 (its zone is decided below)
    except ValueError:
        return f"{day} {time_of_day}"
    utc_time = local_time.replace(tzinfo=UTC)
    ahead_ms = utc_time.timestamp() * 1_000 - received
    return (local_time if ahead_ms > MAX_AHEAD_MS else utc_time).isoformat()


def _heartbeat(parts: Sequence[str]) -> Fields:
    """Steps, turns in sleep and battery; no fields in a plain heartbeat."""
    return {"steps": parse_number(parts[0]), "battery": parse_number(parts[2])} if len(parts) > 2 else {}


def _dated_heartbeat(parts: Sequence[str]) -> Fields:
    return _heartbeat(parts[1:])


def _heart_rate(parts: Sequence[str]) -> Fields:
    return _on_the_skin(_named_values(("heart",), parts))


def _blood_pressure(parts: Sequence[str]) -> Fields:
    return _on_the_skin(_named_values(("systolic", "diastolic", "heart"), parts))


def _blood_oxygen(parts: Sequence[str]) -> Fields:
    """The value, behind the origin of the measurement if that is sent."""
    return _on_the_skin(_named_values(("oxygen",), parts[1:] or parts))


def _body_temperature(parts: Sequence[str]) -> Fields:
    """The value, behind forehead or wrist if that is sent; 0 and 1 are failed measurements."""
    return _named_values(("btemp",), parts[1:] or parts)


def _on_the_skin(fields: Fields) -> Fields:
    """A watch that measures a pulse or oxygen is worn. It reports being taken off and never being put on: without this,
    a watch that was charged once would be off the wrist for ever.
    """
    signs = (fields.get("heart"), fields.get("oxygen"))
    measured = any(isinstance(value, int | float) and _NOTHING < value < _NO_VALUE for value in signs)
    return {**fields, "taken_off": False} if measured else fields


def _named_values(names: Sequence[str], parts: Sequence[str]) -> Fields:
    return {name: parse_number(part) for name, part in zip(names, parts, strict=False) if part}


READERS: Final[dict[str, Callable[[Sequence[str]], Fields]]] = {
    "LK": _heartbeat,
    "KA": _dated_heartbeat,
    "HEART": _heart_rate,
    "PULSE": _heart_rate,
    "BLOOD": _blood_pressure,
    "BPHRT": _blood_pressure,
    "OXYGEN": _blood_oxygen,
    "SPO2": _blood_oxygen,
    "BTEMP2": _body_temperature,
    "BTEMP": _body_temperature,
    "TEMP": _body_temperature,
}


def _json_reading(frame: Frame) -> AdapterItem:
    """A G616 watch behind a bridge: numbers are text, the date is yyMMdd without a zone, the position in GCJ-02."""
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return body
    imei = body.get("imei") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(imei, str) or not imei:
        return Rejection(RefusalReason.BAD_PAYLOAD, "a JSON object without `imei`")
    at = _parse_local_time(body.pop("locationDate", None), body.pop("locationTime", None))
    lon, _, lat = str(body.pop("location", "")).partition(",")
    fields = {name: parse_number(value) if isinstance(value, str) else value for name, value in body.items()}
    del fields["imei"]
    fields |= _from_gcj02(parse_number(lat), parse_number(lon))
    return RawReading(PLATFORM, imei, at, fields, None, None, frame.retain)


def _from_gcj02(lat: object, lon: object) -> Fields:
    """A position in GCJ-02 converted to WGS 84."""
    if not (isinstance(lat, int | float) and isinstance(lon, int | float)):
        return {}
    point = to_wgs84((lat, lon), GCJ_02) or ()
    return {name: round(degrees, 7) for name, degrees in zip(("lat", "lon"), point, strict=False)}


def _parse_local_time(day: object, time_of_day: object) -> str | None:
    """yyMMdd and HHmmss as ISO 8601 text without a zone.

    >>> _parse_local_time("230817", "091856"), _parse_local_time(None, "091856"), _parse_local_time("2308", "09")
    ('2023-08-17T09:18:56', None, '2308 09')
    """
    if not isinstance(day, str) or not isinstance(time_of_day, str):
        return None
    try:
        return datetime.strptime(f"{day} {time_of_day}", "%y%m%d %H%M%S").isoformat()  # noqa: DTZ007 (validation adds the zone)
    except ValueError:
        return f"{day} {time_of_day}"

"""What SeTracker-type watches say inside their frames, and the JSON of watches of the Atom G616 sort.

It knows no device. A watch's own alarm bits are reports of a moment: a frame without them withdraws nothing, so a bit
that is not set is not said. A position counts only with a fix; its time is Greenwich time by the maker's document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from domain import Reason
from domain.geo import GCJ_02, to_wgs84
from ingest.adapters.setracker.frames import WatchFrame, split_frames
from ingest.formats.json_payload import read_json
from ingest.formats.numbers import parse_number
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection
from ingest.timestamps import MAX_AHEAD_MS

PLATFORM = "setracker"
VERSION = 2

Said = RawReading | Rejection | DeviceEvent
Decoded = list[Said] | Rejection
Fields = dict[str, object]

BITS: Final = {
    0: "low_battery",
    16: "sos",
    17: "low_battery",
    20: "taken_off",
    21: "fall",
    # Public decoders read a fall here, a maker's newer document an abnormal heart rate: the graver one counts.
    22: "fall",
}

POSITIONS: Final = ("UD", "AL", "WT")
"""What the names of position reports begin with: UD_LTE, UD2 (stored while there was no network), AL_WCDMA, …"""

_HEX: Final = re.compile(r"[0-9A-Fa-f]{1,8}")

_ANSWERS: Final = """
    INIT TKQ TKQ2 TK TK2 JXTK JXTKR IMG CONFIG ICCID VERNO TS RESET POWEROFF UPLOAD CENTER SOS1 SOS2 SOS3 SOSSMS LZ
    LOWBAT REMOVE REMOVESMS WALKTIME SLEEPTIME SILENCETIME SILENCETIME2 FIND FLOWER REMIND MESSAGE PHB PHB2 PHBX PHBX2
    PROFILE HRTSTART HEALTHAUTOSET BODYTEMP BODYTEMP2 FALLDOWN LSSET CR CALL MONITOR FACTORY APN IP PW APPLOCK ACALL
    RCAPTURE PP PPR WHITELIST1 WHITELIST2 WIFISEARCH WIFISET WIFIDEL WIFICUR WIFIINFOUP RYIMEI PING TAKEPILLS
    ND DEVREFUSEPHONE BLDSTART TIME WIFI
"""
ASIDE: Final = frozenset(_ANSWERS.split())
"""Answers to settings, questions and voice. A bare SOS is none: it may answer a setting, and may be a call for help."""

NAMED_ALARMS: Final = 0x00FF_0007
"""The bits that give an alarm report its reason, fences among them."""

CALLS: Final = frozenset({"SOS", "FALL"})
"""What may be a call for help, and is described by nobody."""

_POSITION_PARTS: Final = 16


def decode(frame: Frame) -> Decoded:
    """`setracker/…`: all frames of the payload, or one JSON object with an `imei`."""
    if frame.payload.lstrip()[:1] == b"{":
        return [_json(frame)]
    said = [each for found in split_frames(frame.payload) for each in _frame(found, frame)]
    return said or Rejection(Reason.BAD_PAYLOAD, "an empty payload")


def _frame(found: WatchFrame, frame: Frame) -> Iterator[Said]:
    word, _, rest = found.content.decode("utf-8", "replace").partition(",")
    word, parts = word.strip().upper(), [part.strip() for part in rest.split(",")]
    if found.identity is None or found.fault is not None:
        yield Rejection(Reason.BAD_PAYLOAD, str(found.fault), found.identity, danger=_is_alarm(found, word))
    elif word in POSITIONS and not rest:
        yield DeviceEvent(DeviceEventKind.REPLY, PLATFORM, found.identity, f"{word}: the server's answer")
    elif word.startswith(POSITIONS):
        yield from _position(found.identity, word, parts, frame)
    elif word in READERS:
        yield _measured(found.identity, word, READERS[word](parts), frame)
    elif word in ASIDE:
        yield DeviceEvent(
            DeviceEventKind.REPLY, PLATFORM, found.identity, f"{word}: an answer or a request", online=True
        )
    else:
        yield Rejection(Reason.NO_CODEC, f"{word[:40]!r} is nothing that we read", found.identity, word in CALLS)


def _is_alarm(found: WatchFrame, word: str) -> bool:
    """An alarm report that cannot be read is still one."""
    return found.identity is not None and word.startswith("AL")


def _measured(identity: str, word: str, fields: Fields, frame: Frame) -> Said:
    if not fields:
        return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, identity, f"{word}: nothing measured", online=True)
    return RawReading(PLATFORM, identity, None, fields, None, None, frame.retain)


def _position(identity: str, word: str, parts: Sequence[str], frame: Frame) -> Iterator[Said]:
    """Date, time, fix, lat, N/S, lon, E/W, speed, course, height, satellites, signal, battery, steps, turns, bits."""
    alarm = word.startswith("AL")
    if len(parts) < _POSITION_PARTS:
        yield Rejection(Reason.BAD_PAYLOAD, f"{word[:40]} of {len(parts)} parts instead of 16", identity, alarm)
        return
    fields: Fields = {**_place(parts), "battery": parse_number(parts[12]), "steps": parse_number(parts[13])}
    bits = _bits(parts[15])
    if bits is None:
        detail = f"its status {parts[15][:40]!r} is not hexadecimal"
        yield Rejection(Reason.BAD_VALUE, detail, identity, alarm)
    fields.update({name: True for bit, name in BITS.items() if (bits or 0) >> bit & 1})
    if alarm and not (bits or 0) & NAMED_ALARMS:
        fields["sos"] = True
        detail = f"an alarm report whose status {parts[15][:40]} names no alarm: taken as a call for help"
        yield DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, detail, online=True)
    yield RawReading(PLATFORM, identity, _moment(parts[0], parts[1], frame.received), fields, None, None, frame.retain)


def _bits(text: str) -> int | None:
    return int(text, 16) if _HEX.fullmatch(text) else None


def _place(parts: Sequence[str]) -> Fields:
    """Where it is, if it knows. Some write the hemisphere, some a sign, some both: a minus is believed."""
    lat, lon = parse_number(parts[3]), parse_number(parts[5])
    if parts[2] != "A" or isinstance(lat, str) or isinstance(lon, str) or (lat == 0 and lon == 0):
        return {}
    return {"lat": -abs(lat) if parts[4] == "S" else lat, "lon": -abs(lon) if parts[6] == "W" else lon}


def _moment(day: str, clock: str, received: int) -> str:
    """ddMMyy and HHmmss, in Greenwich; a time that would lie in the future is the watch's own local time instead.

    >>> _moment("170525", "214118", 1747518078000), _moment("170525", "214118", 1747489278000)
    ('2025-05-17T21:41:18+00:00', '2025-05-17T21:41:18')
    """
    try:
        local = datetime.strptime(f"{day} {clock}", "%d%m%y %H%M%S")  # noqa: DTZ007 (its zone is decided below)
    except ValueError:
        return f"{day} {clock}"
    greenwich = local.replace(tzinfo=UTC)
    ahead = greenwich.timestamp() * 1_000 - received
    return (local if ahead > MAX_AHEAD_MS else greenwich).isoformat()


def _heartbeat(parts: Sequence[str]) -> Fields:
    """Steps, turns in sleep, battery; or nothing but the life sign."""
    return {"steps": parse_number(parts[0]), "battery": parse_number(parts[2])} if len(parts) > 2 else {}


def _dated_heartbeat(parts: Sequence[str]) -> Fields:
    return _heartbeat(parts[1:])


def _pulse(parts: Sequence[str]) -> Fields:
    return _named(("heart",), parts)


def _pressure(parts: Sequence[str]) -> Fields:
    return _named(("systolic", "diastolic", "heart"), parts)


def _oxygen(parts: Sequence[str]) -> Fields:
    """Who began the measurement, and the value."""
    return _named(("oxygen",), parts[1:] or parts)


def _temperature(parts: Sequence[str]) -> Fields:
    """Forehead or wrist, and the value; 0 and 1 are measurements that failed."""
    return _named(("btemp",), parts[1:] or parts)


def _named(names: Sequence[str], parts: Sequence[str]) -> Fields:
    return {name: parse_number(part) for name, part in zip(names, parts, strict=False) if part}


READERS: Final[dict[str, Callable[[Sequence[str]], Fields]]] = {
    "LK": _heartbeat,
    "KA": _dated_heartbeat,
    "HEART": _pulse,
    "PULSE": _pulse,
    "BLOOD": _pressure,
    "BPHRT": _pressure,
    "OXYGEN": _oxygen,
    "SPO2": _oxygen,
    "BTEMP2": _temperature,
    "BTEMP": _temperature,
    "TEMP": _temperature,
}


def _json(frame: Frame) -> Said:
    """A G616 watch behind a bridge: all numbers are text, the date is yyMMdd without a zone, the place GCJ-02."""
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return body
    imei = body.get("imei") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(imei, str) or not imei:
        return Rejection(Reason.BAD_PAYLOAD, "a JSON object without `imei`")
    at = _written(body.pop("locationDate", None), body.pop("locationTime", None))
    lon, _, lat = str(body.pop("location", "")).partition(",")
    fields = {name: parse_number(value) if isinstance(value, str) else value for name, value in body.items()}
    del fields["imei"]
    fields |= _of_a_chinese_map(parse_number(lat), parse_number(lon))
    return RawReading(PLATFORM, imei, at, fields, None, None, frame.retain)


def _of_a_chinese_map(lat: object, lon: object) -> Fields:
    """A place in GCJ-02 as satellites give it, which is what readings hold."""
    if isinstance(lat, int | float) and isinstance(lon, int | float):
        point = to_wgs84((lat, lon), GCJ_02)
        return dict(zip(("lat", "lon"), (round(each, 7) for each in point), strict=True)) if point is not None else {}
    return {}


def _written(day: object, clock: object) -> str | None:
    """yyMMdd and HHmmss as text without a zone.

    >>> _written("230817", "091856"), _written(None, "091856"), _written("2308", "09")
    ('2023-08-17T09:18:56', None, '2308 09')
    """
    if not isinstance(day, str) or not isinstance(clock, str):
        return None
    try:
        return datetime.strptime(f"{day} {clock}", "%y%m%d %H%M%S").isoformat()  # noqa: DTZ007 (the gate adds the zone)
    except ValueError:
        return f"{day} {clock}"

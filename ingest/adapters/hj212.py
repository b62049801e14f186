"""HJ 212-2017 (and -2005) text frames tunnelled through MQTT. It knows no device and no pollutant's meaning.

`##` length, data, CRC, CR LF; several frames may come in one payload, and each is judged by itself. The station's
number MN is the identity. All its times are Beijing time, wherever we are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from domain import Reason
from ingest.formats.numbers import parse_number
from ingest.formats.timed_fields import group_by_time
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "hj212"
VERSION = 1

Said = RawReading | Rejection | DeviceEvent
Decoded = list[Said] | Rejection

HEARTBEAT: Final = "9015"
RESTARTS: Final = frozenset({"2081"})
ALARMS: Final = frozenset({"2071", "2072", "2073"})
VALUES: Final = ("Rtd", "Avg", "Ala", "Data")
"""What a code measured now, or on average in its period. Its other parts (Min, Max, Cou) keep their names."""

FLAGS: Final = {
    "B": "communication failed",
    "C": "being calibrated",
    "D": "instrument fault",
    "F": "out of operation",
    "M": "under maintenance",
}
"""Flags whose value was not measured. N is normal, S written by hand, T above the instrument's range: a value."""

_HEAD, _TAIL = 6, 4
_FRAME: Final = re.compile(rb"##.*?(?=##|\r\n|\n|$)", re.DOTALL)
_CP: Final = re.compile(r"CP=&&(.*)&&$", re.DOTALL)
_MN: Final = re.compile(rb"MN=([^;&]{1,64})")
_DIGITS_OF_TIME: Final = 14


def decode(frame: Frame) -> Decoded:
    """`hj212/…`: every frame in the payload, and what stands between them."""
    chunks = _FRAME.findall(frame.payload)
    if not chunks:
        return Rejection(Reason.BAD_PAYLOAD, "no frame: it must begin with ##")
    said = [each for chunk in chunks for each in _frame(chunk, frame.retain)]
    if frame.payload[: frame.payload.index(b"##")].strip():
        said.append(Rejection(Reason.BAD_PAYLOAD, "bytes before the first ##"))
    return said


def crc16(data: bytes) -> int:
    """The standard's own CRC: only the upper byte of the register meets the next byte (annex A).

    >>> data = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
    >>> f"{crc16(data):04X}"
    '1C80'
    """
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register


def _frame(chunk: bytes, retained: bool) -> Iterator[Said]:
    chunk = chunk.rstrip()
    found = _MN.search(chunk)
    supposed = found[1].decode("ascii", "replace") if found else None
    fault = _fault(chunk)
    if fault is not None:
        yield Rejection(fault[0], fault[1], supposed)
        return
    text = chunk[_HEAD:-_TAIL].decode("gb18030", "replace")
    about = _header(text.partition("CP=")[0])
    station, command = about.get("MN", ""), about.get("CN", "")
    if not station:
        yield Rejection(Reason.BAD_PAYLOAD, "no MN: it names nobody")
    elif not command.isdecimal():
        yield Rejection(Reason.BAD_PAYLOAD, f"CN {command[:20]!r} is no command number", station)
    else:
        yield from _message(station, command, about, text, retained)


def _fault(chunk: bytes) -> tuple[Reason, str] | None:
    """Why this frame cannot be trusted. Without the right length its check sum says nothing."""
    length = chunk[2:_HEAD]
    body = chunk[_HEAD:-_TAIL]
    if len(length) < 4 or not length.isdigit():
        return Reason.BAD_PAYLOAD, "no length of four digits after ##"
    if len(chunk) < _HEAD + _TAIL or int(length) != len(body):
        return Reason.BAD_PAYLOAD, f"its length says {int(length)} bytes, and it has {len(body)}"
    said, right = chunk[-_TAIL:].decode("ascii", "replace").upper(), f"{crc16(body):04X}"
    if said != right:
        return Reason.BAD_CHECKSUM, f"its CRC is {said!r}, and should be {right}"
    return None


def _header(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _message(station: str, command: str, about: dict[str, str], text: str, retained: bool) -> Iterator[Said]:
    """Numbers from 2000 bear what a station says; the others are commands, answers and life signs."""
    found = _CP.search(text)
    groups = [group for group in found[1].split(";") if group.strip()] if found else []
    if command == HEARTBEAT:
        yield DeviceEvent(DeviceEventKind.LIFE, PLATFORM, station, "heartbeat", online=True)
    elif command in RESTARTS:
        yield DeviceEvent(DeviceEventKind.STATUS, PLATFORM, station, "the instrument was switched on", online=True)
    elif not command.startswith("2") or len(command) != 4:
        yield DeviceEvent(DeviceEventKind.REPLY, PLATFORM, station, f"CN={command}: a command or an answer"[:200])
    elif found is None:
        yield Rejection(Reason.BAD_PAYLOAD, f"CN={command} without CP=&&…&&", station)
    elif not groups:
        yield DeviceEvent(DeviceEventKind.REPLY, PLATFORM, station, f"CN={command}: asks for data"[:200])
    else:
        yield from _data(station, command, about, groups, retained)


def _data(station: str, command: str, about: dict[str, str], groups: list[str], retained: bool) -> Iterator[Said]:
    common = _header(";".join(group for group in groups if "," not in group and "-" not in group.partition("=")[0]))
    at = common.get("DataTime") or common.get("AlarmTime") or about.get("QN")
    said: list[tuple[object, str, object]] = []
    if command in ALARMS:  # 0 is the end; from general knowledge, so that anything else is a beginning
        said.append((_beijing(at), "alarm", common.get("AlarmType") != "0"))
    for group in groups:
        code = _header(group.replace(",", ";"))
        when = next((value for name, value in code.items() if name.endswith("-SampleTime")), at)
        flag = next((value for name, value in code.items() if name.endswith("-Flag")), "N").upper()
        said += [(_beijing(when), name, value) for name, value in _measured(code, flag)]
        if flag in FLAGS:
            yield _not_measured(station, group, flag)
    for moment, fields in group_by_time(said):
        yield RawReading(PLATFORM, station, moment, fields, None, None, retained)
    if not said:
        yield DeviceEvent(DeviceEventKind.LIFE, PLATFORM, station, f"CN={command}: nothing measured", online=True)


def _not_measured(station: str, group: str, flag: str) -> Rejection:
    return Rejection(Reason.BAD_VALUE, f"{group.strip()[:80]} was not measured: {flag} is {FLAGS[flag]}", station)


def _measured(code: dict[str, str], flag: str) -> Iterator[tuple[str, object]]:
    """The values of one code by its bare name. A fault and a calibration are told in their place."""
    if flag == "D":
        yield "fault", True
    elif flag == "C":
        yield "test", True
    if flag in FLAGS:
        return
    for name, value in code.items():
        bare, dash, part = name.rpartition("-")
        if dash and part not in ("Flag", "SampleTime"):
            yield bare if part in VALUES else name, parse_number(value)


def _beijing(said: str | None) -> str | None:
    """`20160801085857` and parts of a second, as a time with its zone; else as it stands, for the gate to refuse.

    >>> _beijing("20160801085857223"), _beijing("20160801085857"), _beijing("yesterday")
    ('2016-08-01T08:58:57.223+08:00', '2016-08-01T08:58:57.000+08:00', 'yesterday')
    """
    if said is None or not said.isdecimal() or len(said) < _DIGITS_OF_TIME:
        return said
    day, clock, rest = f"{said[:4]}-{said[4:6]}-{said[6:8]}", f"{said[8:10]}:{said[10:12]}:{said[12:14]}", said[14:17]
    return f"{day}T{clock}.{rest:0<3}+08:00"

"""HJ 212-2017 (and -2005) text frames tunnelled through MQTT.

`##`, length, data, CRC, CR LF; a payload may have several frames, each checked on its own. The station's number MN is
the identity. All times are Beijing time, whatever the site's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from domain import RefusalReason
from ingest.formats.numbers import parse_number
from ingest.formats.timed_fields import TimedField, group_by_time
from ingest.frame import Frame
from ingest.results import AdapterItem, AdapterOutput, DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "hj212"
VERSION = 1

HEARTBEAT: Final = "9015"
RESTART_COMMANDS: Final = frozenset({"2081"})
ALARM_COMMANDS: Final = frozenset({"2071", "2072", "2073"})
VALUE_PARTS: Final = ("Rtd", "Avg", "Ala", "Data")
"""Parts that are the value of a pollutant code, now or averaged. Others (Min, Max, Cou) keep their names."""

FLAGS: Final = {
    "B": "communication failed",
    "C": "being calibrated",
    "D": "instrument fault",
    "F": "out of operation",
    "M": "under maintenance",
}
"""Flags of a value that was not measured. N (normal), S (set by hand) and T (above the range) are values."""

_HEADER_BYTES, _CRC_BYTES = 6, 4
_FRAME: Final = re.compile(rb"##.*?(?=##|\r\n|\n|$)", re.DOTALL)
_CP: Final = re.compile(r"CP=&&(.*)&&$", re.DOTALL)
_MN: Final = re.compile(rb"MN=([^;&]{1,64})")
_DIGITS_OF_TIME: Final = 14


def decode(frame: Frame) -> AdapterOutput:
    """Decode `hj212/…`: every frame in the payload; bytes before the first are rejected."""
    chunks = _FRAME.findall(frame.payload)
    if not chunks:
        return Rejection(RefusalReason.BAD_PAYLOAD, "no frame: it must begin with ##")
    items = [item for chunk in chunks for item in _decode_chunk(chunk, frame.retain)]
    if frame.payload[: frame.payload.index(b"##")].strip():
        items.append(Rejection(RefusalReason.BAD_PAYLOAD, "bytes before the first ##"))
    return items


def crc16(data: bytes) -> int:
    """The CRC of the standard (annex A): only the upper byte of the register is combined with the next byte.

    >>> data = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
    >>> f"{crc16(data):04X}"
    '1C80'
    """
    register = 0xFFFF
    for byte in data:
        # What is looked up has 8 bits, so that eight shifts leave nothing beside the table's value.
        register = _CRC_STEPS[(register >> 8) ^ byte]
    return register


def _crc_step(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register


_CRC_STEPS: Final = tuple(map(_crc_step, range(256)))


def _decode_chunk(chunk: bytes, retained: bool) -> Iterator[AdapterItem]:
    chunk = chunk.rstrip()
    station_match = _MN.search(chunk)
    claimed_station = station_match[1].decode("ascii", "replace") if station_match else None
    error = _frame_error(chunk)
    if error is not None:
        yield Rejection(error[0], error[1], claimed_station)
        return
    text = chunk[_HEADER_BYTES:-_CRC_BYTES].decode("gb18030", "replace")
    header = _parse_pairs(text.partition("CP=")[0])
    station, command = header.get("MN", ""), header.get("CN", "")
    if not station:
        yield Rejection(RefusalReason.BAD_PAYLOAD, "no MN: it names nobody")
    elif not command.isdecimal():
        yield Rejection(RefusalReason.BAD_PAYLOAD, f"CN {command[:20]!r} is no command number", station)
    else:
        yield from _command_items(station, command, header, text, retained)


def _frame_error(chunk: bytes) -> tuple[RefusalReason, str] | None:
    """Why this frame is invalid, or None. The CRC is checked only if the length is right."""
    length = chunk[2:_HEADER_BYTES]
    body = chunk[_HEADER_BYTES:-_CRC_BYTES]
    if len(length) < 4 or not length.isdigit():
        return RefusalReason.BAD_PAYLOAD, "no length of four digits after ##"
    if len(chunk) < _HEADER_BYTES + _CRC_BYTES or int(length) != len(body):
        return RefusalReason.BAD_PAYLOAD, f"its length says {int(length)} bytes, and it has {len(body)}"
    crc, expected_crc = chunk[-_CRC_BYTES:].decode("ascii", "replace").upper(), f"{crc16(body):04X}"
    if crc != expected_crc:
        return RefusalReason.BAD_CHECKSUM, f"its CRC is {crc!r}, and should be {expected_crc}"
    return None


def _parse_pairs(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _command_items(
    station: str, command: str, header: dict[str, str], text: str, retained: bool
) -> Iterator[AdapterItem]:
    """Command numbers from 2000 hold a station's data; the others are commands, replies and heartbeats."""
    data_match = _CP.search(text)
    groups = [group for group in data_match[1].split(";") if group.strip()] if data_match else []
    if command == HEARTBEAT:
        yield DeviceEvent(DeviceEventKind.LIFE, PLATFORM, station, "heartbeat", online=True)
    elif command in RESTART_COMMANDS:
        yield DeviceEvent(DeviceEventKind.STATUS, PLATFORM, station, "the instrument was switched on", online=True)
    elif not command.startswith("2") or len(command) != 4:
        yield DeviceEvent(DeviceEventKind.REPLY, PLATFORM, station, f"CN={command}: a command or an answer"[:200])
    elif data_match is None:
        yield Rejection(RefusalReason.BAD_PAYLOAD, f"CN={command} without CP=&&…&&", station)
    elif not groups:
        yield DeviceEvent(DeviceEventKind.REPLY, PLATFORM, station, f"CN={command}: asks for data"[:200])
    else:
        yield from _data_items(station, command, header, groups, retained)


def _data_items(
    station: str, command: str, header: dict[str, str], groups: list[str], retained: bool
) -> Iterator[AdapterItem]:
    common_groups = [group for group in groups if "," not in group and "-" not in group.partition("=")[0]]
    common = _parse_pairs(";".join(common_groups))
    at = common.get("DataTime") or common.get("AlarmTime") or header.get("QN")
    fields: list[TimedField] = []
    if command in ALARM_COMMANDS:  # 0 ends an alarm (not from a source, so any other value begins one)
        fields.append((_beijing_time(at), "alarm", common.get("AlarmType") != "0"))
    for group in groups:
        pairs = _parse_pairs(group.replace(",", ";"))
        sample_time = next((value for name, value in pairs.items() if name.endswith("-SampleTime")), at)
        flag = next((value for name, value in pairs.items() if name.endswith("-Flag")), "N").upper()
        fields += [(_beijing_time(sample_time), name, value) for name, value in _values_of(pairs, flag)]
        if flag in FLAGS:
            yield _flagged(station, group, flag)
    for measured_at, reading_fields in group_by_time(fields):
        yield RawReading(PLATFORM, station, measured_at, reading_fields, None, None, retained)
    if not fields:
        yield DeviceEvent(DeviceEventKind.LIFE, PLATFORM, station, f"CN={command}: nothing measured", online=True)


def _flagged(station: str, group: str, flag: str) -> Rejection:
    return Rejection(
        RefusalReason.BAD_VALUE, f"{group.strip()[:80]} was not measured: {flag} is {FLAGS[flag]}", station
    )


def _values_of(pairs: dict[str, str], flag: str) -> Iterator[tuple[str, object]]:
    """The values of one pollutant code. Instead of a flagged value, `fault` or `test` is true for flags D and C."""
    if flag == "D":
        yield "fault", True
    elif flag == "C":
        yield "test", True
    if flag in FLAGS:
        return
    for name, value in pairs.items():
        pollutant, dash, part = name.rpartition("-")
        if dash and part not in ("Flag", "SampleTime"):
            yield pollutant if part in VALUE_PARTS else name, parse_number(value)


def _beijing_time(text: str | None) -> str | None:
    """`20160801085857` and fractions of a second as RFC 3339; other text unchanged, for validation to refuse.

    >>> _beijing_time("20160801085857223"), _beijing_time("20160801085857"), _beijing_time("yesterday")
    ('2016-08-01T08:58:57.223+08:00', '2016-08-01T08:58:57.000+08:00', 'yesterday')
    """
    if text is None or not text.isdecimal() or len(text) < _DIGITS_OF_TIME:
        return text
    day, clock = f"{text[:4]}-{text[4:6]}-{text[6:8]}", f"{text[8:10]}:{text[10:12]}:{text[12:14]}"
    fraction = text[14:17]
    return f"{day}T{clock}.{fraction:0<3}+08:00"

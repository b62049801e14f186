"""Radio frames of LoRaWAN water meters that upload many readings at once, and what the vendors' codecs make of them.

Sources: examples of The Things Network's device repository for Kamstrup flowIQ (M-Bus records: date and time of type F,
volume in litres, hourly differences, information bits) and of Actility's device catalog for Axioma Qalcosonic W1
(little endian: time, status, volume in litres, first logged time and volume, hourly differences). A test compares the
frames with those printed there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from domain import HOUR, SECOND, Instant, Value
from simulators.events import TimedValues
from simulators.wire.lorawan import RadioFrame
from simulators.wire.times import beijing, utc

_FLAGS: Final = ("Dry", "Reverse", "Leak", "Burst", "Tamper", "Low Battery")
"""Information bits of a flowIQ, from bit 0 on."""
_QUANTITIES: Final[Mapping[str, str]] = {
    "Reverse": "backflow",
    "Leak": "leak",
    "Burst": "burst",
    "Tamper": "tamper",
    "Low Battery": "battery_low",
}
_ONE_BYTE: Final = 0x61
_TWO_BYTES: Final = 0x62
_LOW_BATTERY_BIT: Final = 2
_MOST_DIFFERENCE: Final = 0xFFFF
_MOST_ENTRIES: Final[Mapping[str, int]] = {"flowIQ": 33, "Qalcosonic W1": 17}

MeterFormat = Callable[[Sequence[TimedValues]], RadioFrame]


def encode_uploads(entries: Sequence[TimedValues], model: str) -> Iterator[RadioFrame]:
    """Frames with the readings of these instants, oldest first; a frame has as many as its model's format holds.

    A frame states one time and differences by the hour of at most 65,535 litres, so readings that are not an hour apart
    and a counter that goes back (backflow) begin a new frame.
    """
    frame: list[TimedValues] = []
    for entry in entries:
        if frame and (len(frame) == _MOST_ENTRIES[model] or not _follows(frame[-1], entry)):
            yield METER_FORMATS[model](frame)
            frame = []
        frame.append(entry)
    yield METER_FORMATS[model](frame)


def _follows(earlier: TimedValues, later: TimedValues) -> bool:
    difference = _litres(later.values) - _litres(earlier.values)
    return later.at - earlier.at == HOUR and 0 <= difference <= _MOST_DIFFERENCE


def _flow_iq(entries: Sequence[TimedValues]) -> RadioFrame:
    newest_first = entries[::-1]
    litres = [_litres(entry.values) for entry in newest_first]
    last = newest_first[0]
    data = b"\x78\x44\x6d" + _date_time(beijing(last.at)) + b"\x44\x13" + struct.pack("<I", litres[0])
    data += _differences([later - earlier for later, earlier in pairwise(litres)])
    flags = {flag: bool(last.values.get(_QUANTITIES.get(flag, ""))) for flag in _FLAGS}
    data += b"\x52\xff\x25" + struct.pack("<H", sum(is_set << bit for bit, is_set in enumerate(flags.values())))
    volumes = [
        _record("Volume", count / 1000, "m3", entry.at) for entry, count in zip(newest_first, litres, strict=True)
    ]
    states = [_record(flag, is_set, "NA", last.at) for flag, is_set in flags.items()]
    return RadioFrame(1, data, {"values": volumes + states, "latestVolume": litres[0] / 1000})


def _differences(litres: Sequence[int]) -> bytes:
    """Hourly differences, newest first: one byte each, or two when one needs them."""
    if not litres:
        return b""
    is_wide = max(litres) > 0xFF
    body = b"".join(struct.pack("<H" if is_wide else "<B", count) for count in litres)
    control = bytes([_TWO_BYTES if is_wide else _ONE_BYTE, 1])
    return b"\x4d\x93\x13" + bytes([len(control + body)]) + control + body


def _date_time(at: datetime) -> bytes:
    """Date and time of type F (EN 13757-3 annex A), in the meter's local time; hundreds of years since 1900: 1."""
    year = at.year % 100
    return bytes([at.minute, 1 << 5 | at.hour, (year & 7) << 5 | at.day, year >> 3 << 4 | at.month])


def _record(name: str, value: object, unit: str, at: Instant) -> dict[str, object]:
    return {"Type": name, "Value": value, "Unit": unit, "Timestamp": f"{beijing(at):%Y-%m-%dT%H:%M:%S}.000"}


def _qalcosonic(entries: Sequence[TimedValues]) -> RadioFrame:
    first, last = entries[0], entries[-1]
    litres = [_litres(entry.values) for entry in entries]
    logged = litres[:-1] if len(entries) > 1 else litres
    differences = [later - earlier for earlier, later in pairwise(logged)]
    is_low = bool(last.values.get("battery_low"))
    data = struct.pack("<IBI", last.at // SECOND, is_low << _LOW_BATTERY_BIT, litres[-1])
    data += struct.pack("<II", first.at // SECOND, litres[0]) + struct.pack(f"<{len(differences)}H", *differences)
    decoded = {
        "payloadType": "Basic",
        "status": {"lowBattery": is_low, "permanentError": False, "temporaryError": False},
        "lastLogTime": _zulu(last.at),
        "lastVolume": litres[-1],
        "firstLogTime": _zulu(first.at),
        "firstLogVolume": litres[0],
        "deltaVolumes": differences,
        "volumes": [{"time": _zulu(entry.at), "volume": count} for entry, count in zip(entries, litres, strict=True)],
    }
    return RadioFrame(100, data, decoded)


def _zulu(at: Instant) -> str:
    return f"{utc(at):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def _litres(values: Mapping[str, Value]) -> int:
    """The register of four bytes."""
    return round(float(values["volume_m3"]) * 1000) % 2**32


METER_FORMATS: Final[Mapping[str, MeterFormat]] = {"flowIQ": _flow_iq, "Qalcosonic W1": _qalcosonic}
"""By model."""

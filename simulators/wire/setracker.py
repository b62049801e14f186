"""SeTracker (Beesure) watches, whose text frames a gateway publishes below `setracker/`.

Source: the vendors' protocol as recorded in the tests of an open tracking server: `[3G*id*hexlen*KIND,…]`, kinds LK
(life sign: steps, rolls, battery), AL (alarm with position and status word), UD (position), heart, oxygen, bphrt,
btemp2. Status word: bit 16 SOS, bit 20 taken off, bit 21 fall, bit 0 low battery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain import Value
from simulators.events import Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.times import utc

_BITS: Final[Mapping[str, int]] = {"battery_low": 0, "sos": 16, "fall": 21}
_TAKEN_OFF_BIT: Final = 20


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """A frame for each group of values that is present."""
    return [
        Message(f"setracker/{header.identity}", _frame(header.identity, content))
        for content in _contents(measurement.values, header)
    ]


def _contents(values: Mapping[str, Value], header: MessageHeader) -> Iterator[str]:
    status = _status_word(values)
    if status >> 16:
        yield f"AL_LTE,{_position(values, header, status)}"
    elif "lat" in values and "lon" in values:
        yield f"UD_LTE,{_position(values, header, status)}"
    if "heart_rate_bpm" in values:
        if "systolic_mmhg" in values and "diastolic_mmhg" in values:
            yield f"bphrt,{values['systolic_mmhg']},{values['diastolic_mmhg']},{values['heart_rate_bpm']},,,,"
        else:
            yield f"heart,{values['heart_rate_bpm']}"
    if "spo2_pct" in values:
        yield f"oxygen,0,{values['spo2_pct']}"
    if "body_temp_c" in values:
        yield f"btemp2,1,{float(values['body_temp_c']):.1f}"
    if "steps" in values or "battery_pct" in values:
        yield f"LK,{values.get('steps', 0)},0,{round(float(values.get('battery_pct', 100)))}"


def _status_word(values: Mapping[str, Value]) -> int:
    word = sum(1 << bit for quantity, bit in _BITS.items() if values.get(quantity))
    return word | (1 << _TAKEN_OFF_BIT if values.get("worn") is False else 0)


def _position(values: Mapping[str, Value], header: MessageHeader, status: int) -> str:
    """Date and time in UTC, fix, latitude, longitude, speed, course, altitude, satellites, signal, battery, steps,
    rolls, status word, and counts of base stations and wireless networks. Without a fix: `V` and zeros.
    """
    at = utc(header.at)
    battery, steps = round(float(values.get("battery_pct", 100))), values.get("steps", 0)
    place = "V,0,N,0,E"
    if "lat" in values and "lon" in values:
        lat, lon = float(values["lat"]), float(values["lon"])
        place = f"A,{abs(lat):.6f},{'N' if lat >= 0 else 'S'},{abs(lon):.6f},{'E' if lon >= 0 else 'W'}"
    return f"{at:%d%m%y,%H%M%S},{place},0,0,0,0,0,{battery},{steps},0,{status:08X},0,0,0"


def _frame(watch: str, content: str) -> bytes:
    return f"[3G*{watch}*{len(content):04x}*{content}]".encode()

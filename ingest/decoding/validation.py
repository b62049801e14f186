"""Validates one raw reading of a registered device: types, plausible range, clock and duplicates.

Ordinary messages take `validate_ordinary`: one lookup and one comparison for each field; all others `validate_full`.
An alarm bit is never lost because another field is invalid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct, field

from domain import HOUR, Device, Instant, Quality, Reading, RefusalReason, Value
from ingest.decoding.duplicates import SEQ_MAX, DuplicateWindow
from ingest.mappings.field_values import FieldValues, Objection, read_fields
from ingest.mappings.plan import Plan
from ingest.mappings.proposal import UnreadVerdict
from ingest.results import RawReading
from ingest.timestamps import MAX_AGE_MS, MAX_AHEAD_MS, is_plausible, parse_timestamp


class Outcome(Struct):
    """What a message that is not ordinary became: at most one reading, and objections to the rest of it.

    Without any of them the message is only a sign of life.
    """

    reading: Reading | None = None
    objections: list[Objection] = field(default_factory=list)
    unmapped: dict[str, object] = field(default_factory=dict)
    duplicate: bool = False
    unread_verdicts: list[UnreadVerdict] = field(default_factory=list)


DUPLICATE: Final = Outcome(duplicate=True)

ALL_GOOD: Final[dict[str, Quality]] = {}
"""The qualities of readings without a doubtful value, shared by all of them."""

LINK_QUANTITIES: Final = frozenset({"rssi_dbm"})
"""Measured by a network, not by the device: they do not make a message of unknown fields a known one."""

_MILLISECONDS_FROM: Final = 10**11
"""A whole number from here on is a time in milliseconds (ingest/timestamps.py)."""

_INVALID_TIME: Final = 0
"""In place of a time that cannot be read: no ordinary message has it."""

_EXACT_MAX: Final = 2**53
"""Above it a float does not stand for exactly one whole number."""

_DIGITS: Final = re.compile(r"\d")

_encode = msgspec.msgpack.Encoder().encode


def validate(
    raw_reading: RawReading, device: Device, plan: Plan, window: DuplicateWindow, received: Instant, zone: tzinfo
) -> Reading | Outcome:
    """The reading, if nothing is unusual; else an outcome with every part of the message."""
    if not raw_reading.retained:
        at = raw_reading.at
        if at is not None and (type(at) is not int or at < _MILLISECONDS_FROM):
            at = parse_timestamp(at, zone) or _INVALID_TIME
        ordinary = validate_ordinary(dict(raw_reading.fields), at, raw_reading.seq, device, plan, window, received)
        if ordinary is not None:
            return ordinary
    return validate_full(raw_reading, device, plan, window, received, zone)


def validate_ordinary(
    fields: dict[str, object],
    at: object,
    seq: object,
    device: Device,
    plan: Plan,
    window: DuplicateWindow,
    received: Instant,
) -> Reading | Outcome | None:
    """The reading, or DUPLICATE; None when something is unusual, and then no state is changed. `at` is in milliseconds,
    None for a message without a time. The reading may keep `fields`."""
    names = tuple(fields)
    ordinary = plan.ordinary.get(names) or plan.remember_ordinary(names)
    values = ordinary.read(fields)
    if values is None:
        return None
    has_time = at is None or (
        type(at) is int and at >= _MILLISECONDS_FROM and received - MAX_AGE_MS <= at <= received + MAX_AHEAD_MS
    )
    has_seq = seq is None or (type(seq) is int and -SEQ_MAX < seq < SEQ_MAX)
    if not has_time or not has_seq:
        return None
    has_danger = bool(ordinary.dangers) and _has_danger(ordinary.dangers, values)
    if window.is_duplicate(seq, at, received, _digest(values), has_danger):  # type: ignore[arg-type]
        return DUPLICATE
    return Reading(device.id, plan.kind, received if at is None else at, received, values, ALL_GOOD)  # type: ignore[arg-type]


def _digest(values: Mapping[str, Value]) -> int:
    """A digest that distinguishes values; 1 and 1.0 are the same number."""
    for value in values.values():
        if type(value) is float and value.is_integer() and abs(value) < _EXACT_MAX:
            values = {name: _as_integer(value) for name, value in values.items()}
            break
    return crc32(_encode(values))


def _as_integer(value: Value) -> Value:
    return int(value) if type(value) is float and value.is_integer() and abs(value) < _EXACT_MAX else value


def _has_danger(dangers: Iterable[str], values: Mapping[str, Value]) -> bool:
    for quantity in dangers:  # noqa: SIM110 (a generator costs more than the loop, for every message)
        if values.get(quantity) is True:
            return True
    return False


def is_understood(plan: Plan, field: str, value: object) -> bool:
    """Whether this value of this field is no unread verdict; also when a mapping states that it means nothing."""
    return not read_fields({field: value}, plan).unread_verdicts


def has_danger_bit(plan: Plan, fields: Mapping[str, object]) -> bool:
    """Whether these fields hold a true danger bit of this kind; a device under test has none."""
    values = read_fields(fields, plan).values
    return values.get("test") is not True and _has_danger(plan.danger, values)


def validate_full(
    raw_reading: RawReading, device: Device, plan: Plan, window: DuplicateWindow, received: Instant, zone: tzinfo
) -> Outcome:
    """The outcome of any raw reading."""
    read = read_fields(raw_reading.fields, plan)
    values = read.values
    outcome = Outcome(objections=read.objections, unmapped=read.unmapped)
    if values.keys() <= LINK_QUANTITIES:
        _explain_empty(raw_reading, plan, read, outcome)
    unread = [
        objection for objection in read.unread_objections if objection.danger or not values.keys() <= LINK_QUANTITIES
    ]
    if (unread or read.unread_verdicts) and _is_current(raw_reading, received, zone):
        outcome.objections += unread
        outcome.unread_verdicts = read.unread_verdicts
    if not values:
        return outcome
    device_time, seq = _parse_time(raw_reading.at, zone, outcome), _parse_seq(raw_reading.seq, outcome)
    at = device_time if device_time is not None and is_plausible(device_time, received) else None
    if window.is_duplicate(seq, at, received, _digest(values), _has_danger(plan.danger, values)):
        # Its numbers may be those of before: a possible danger beside them must be reported nevertheless.
        outcome.duplicate = not any(objection.danger for objection in outcome.objections)
        return outcome
    is_skewed = at is None and raw_reading.at is not None
    qualities = _qualities(values, read.implausible, raw_reading.retained, is_skewed)
    ahead_ms = device_time - received if is_skewed and device_time is not None and not raw_reading.retained else 0
    event_time = received if at is None else at
    outcome.reading = Reading(device.id, plan.kind, event_time, received, values, qualities, ahead_ms)
    return outcome


def _explain_empty(raw_reading: RawReading, plan: Plan, read: FieldValues, outcome: Outcome) -> None:
    """No value of the device's own: an empty message, one of unknown fields, or only a sign of life."""
    if not raw_reading.fields:
        outcome.objections.append(Objection(RefusalReason.BAD_PAYLOAD, "it bears no quantity"))
    elif read.unmapped and not any(objection.danger for objection in read.unread_objections):
        names = ", ".join(name[:40] for name in list(read.unmapped)[:8])
        detail = f"a {plan.kind} on {raw_reading.platform} has no mapping for: {names}"
        outcome.objections.append(Objection(RefusalReason.NO_MAPPING, detail))


def _is_current(raw_reading: RawReading, received: Instant, zone: tzinfo) -> bool:
    """Unread verdicts are reported for current values only, not for a history that a device sends."""
    at = None if raw_reading.at is None else parse_timestamp(raw_reading.at, zone)
    return at is None or not is_plausible(at, received) or received - at < HOUR


def _parse_time(value: object, zone: tzinfo, outcome: Outcome) -> Instant | None:
    if value is None:
        return None
    at = parse_timestamp(value, zone)
    if at is None:
        # By its shape, so that a device that goes on writing its time so is refused for it once a day.
        shape = _DIGITS.sub("0", str(value)[:60])
        outcome.objections.append(
            Objection(RefusalReason.BAD_TIME, f"{shape!r} is no time; taken at its arrival", once=True)
        )
    return at


def _parse_seq(value: object, outcome: Outcome) -> int | None:
    """A whole number, also written 7.0 or "7"."""
    if value is None:
        return None
    seq: int | None = None
    if type(value) is int:
        seq = value
    elif (type(value) is float and value.is_integer()) or (isinstance(value, str) and value[:18].isdecimal()):
        seq = int(value[:19] if isinstance(value, str) else value)
    if seq is None or abs(seq) >= SEQ_MAX:
        outcome.objections.append(Objection(RefusalReason.BAD_VALUE, f"seq: {str(value)[:60]!r} is not a whole number"))
        return None
    return seq


def _qualities(
    values: Mapping[str, Value], implausible: list[str], is_retained: bool, is_skewed: bool
) -> dict[str, Quality]:
    if not implausible and not is_retained and not is_skewed:
        return ALL_GOOD
    of_all = Quality.RETAINED if is_retained else Quality.CLOCK if is_skewed else None
    qualities = dict.fromkeys(values, of_all) if of_all is not None else {}
    return {**qualities, **dict.fromkeys(implausible, Quality.IMPLAUSIBLE)}

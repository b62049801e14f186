"""One draft, a known device: is it a reading? Types, plausibility, clock and duplicates; the device is given.

The ordinary message passes `admit` with one look-up and one comparison a field; everything else takes `_examine`.
An alarm bit is never lost because something beside it is bad.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct, field

from domain import HOUR, Device, Instant, Quality, Reading, Reason, Value
from ingest.decoding.duplicates import SEQ_MAX, DuplicateWindow
from ingest.mappings.field_values import FieldValues, Objection, read_fields
from ingest.mappings.plan import Plan
from ingest.mappings.proposal import UnreadVerdict
from ingest.results import RawReading
from ingest.timestamps import MAX_AGE_MS, MAX_AHEAD_MS, is_plausible, parse_timestamp


class Outcome(Struct):
    """What a message that did not simply pass became: at most one reading, and what is to be said about the rest.

    With none of them the device only gave a sign of life.
    """

    reading: Reading | None = None
    objections: list[Objection] = field(default_factory=list)
    unmapped: dict[str, object] = field(default_factory=dict)
    duplicate: bool = False
    unread_verdicts: list[UnreadVerdict] = field(default_factory=list)


DUPLICATE: Final = Outcome(duplicate=True)

ALL_GOOD: Final[dict[str, Quality]] = {}
"""Shared by all readings that have none."""

LINK_QUANTITIES: Final = frozenset({"rssi_dbm"})
"""What a network says of a message and not the device: a message of unknown words is not known for it."""

_EXACT_MAX: Final = 2**53
"""Beyond it a float is no longer one whole number."""

_DIGITS: Final = re.compile(r"\d")

_encode = msgspec.msgpack.Encoder().encode


def validate(
    draft: RawReading, device: Device, plan: Plan, window: DuplicateWindow, received: Instant, zone: tzinfo
) -> Reading | Outcome:
    """The reading, if nothing is unusual; else a verdict on every part of the message."""
    if not draft.retained:
        passed = validate_ordinary(draft.fields, draft.at, draft.seq, device, plan, window, received)
        if passed is not None:
            return passed
    return validate_full(draft, device, plan, window, received, zone)


def validate_ordinary(
    fields: Mapping[str, object],
    at: object,
    seq: object,
    device: Device,
    plan: Plan,
    window: DuplicateWindow,
    received: Instant,
) -> Reading | Outcome | None:
    """The reading, or that it is a duplicate; None when something is unusual, and then nothing is remembered."""
    specs = plan.specs
    values: dict[str, Value] = {}
    for name, value in fields.items():
        spec = specs.get(name)
        if spec is None or type(value) not in spec.types or not spec.lo <= value <= spec.hi:  # type: ignore[operator]
            return None
        values[spec.quantity] = value  # type: ignore[assignment]
    simple = type(at) is int and at > 10**11 and received - MAX_AGE_MS <= at <= received + MAX_AHEAD_MS
    numbered = seq is None or (type(seq) is int and -SEQ_MAX < seq < SEQ_MAX)
    if not simple or not numbered or not values or len(values) != len(fields):
        return None
    if window.is_duplicate(seq, at, received, _digest(values), _has_danger(plan, values)):  # type: ignore[arg-type]
        return DUPLICATE
    return Reading(device.id, plan.kind, at, received, values, ALL_GOOD)  # type: ignore[arg-type]


def _digest(values: Mapping[str, Value]) -> int:
    """What tells these values from others; 1 and 1.0 are the same number."""
    for value in values.values():
        if type(value) is float and value.is_integer() and abs(value) < _EXACT_MAX:
            values = {name: _as_integer(each) for name, each in values.items()}
            break
    return crc32(_encode(values))


def _as_integer(value: Value) -> Value:
    return int(value) if type(value) is float and value.is_integer() and abs(value) < _EXACT_MAX else value


def _has_danger(plan: Plan, values: Mapping[str, Value]) -> bool:
    for quantity in plan.danger:  # noqa: SIM110 (a generator costs more than the loop, for every message)
        if values.get(quantity) is True:
            return True
    return False


def is_understood(plan: Plan, field: str, value: object) -> bool:
    """Whether this value of this field leaves nothing to ask; also when a mapping says that it means nothing."""
    return not read_fields({field: value}, plan).unread_verdicts


def has_danger_bit(plan: Plan, fields: Mapping[str, object]) -> bool:
    """Whether these fields hold a true danger bit of this kind; a device under test has none."""
    values = read_fields(fields, plan).values
    return values.get("test") is not True and _has_danger(plan, values)


def validate_full(
    draft: RawReading, device: Device, plan: Plan, window: DuplicateWindow, received: Instant, zone: tzinfo
) -> Outcome:
    taken = read_fields(draft.fields, plan)
    values, implausible = taken.values, taken.implausible
    verdict = Outcome(objections=taken.objections, unmapped=taken.unmapped)
    if values.keys() <= LINK_QUANTITIES:
        _explain_empty(draft, plan, taken, verdict)
    unread = [each for each in taken.unread_objections if each.danger or not values.keys() <= LINK_QUANTITIES]
    if (unread or taken.unread_verdicts) and _is_current(draft, received, zone):
        verdict.objections += unread
        verdict.unread_verdicts = taken.unread_verdicts
    if not values:
        return verdict
    said_at, seq = _parse_time(draft.at, zone, verdict), _parse_seq(draft.seq, verdict)
    at = said_at if said_at is not None and is_plausible(said_at, received) else None
    if window.is_duplicate(seq, at, received, _digest(values), _has_danger(plan, values)):
        # Its numbers may be those of before: what may be a danger beside them is none the less said.
        verdict.duplicate = not any(each.danger for each in verdict.objections)
        return verdict
    skewed = at is None and draft.at is not None
    doubts = _qualities(values, implausible, draft.retained, skewed)
    ahead_ms = said_at - received if skewed and said_at is not None and not draft.retained else 0
    verdict.reading = Reading(device.id, plan.kind, received if at is None else at, received, values, doubts, ahead_ms)
    return verdict


def _explain_empty(draft: RawReading, plan: Plan, taken: FieldValues, verdict: Outcome) -> None:
    """No value of its own: an empty message, one in words we do not know, or only a sign of life."""
    if not draft.fields:
        verdict.objections.append(Objection(Reason.BAD_PAYLOAD, "it bears no quantity"))
    elif taken.unmapped and not any(each.danger for each in taken.unread_objections):
        names = ", ".join(name[:40] for name in list(taken.unmapped)[:8])
        detail = f"a {plan.kind} on {draft.platform} has no mapping for: {names}"
        verdict.objections.append(Objection(Reason.NO_MAPPING, detail))


def _is_current(draft: RawReading, received: Instant, zone: tzinfo) -> bool:
    """A device that sends its history is asked for a mapping by what it says now."""
    at = None if draft.at is None else parse_timestamp(draft.at, zone)
    return at is None or not is_plausible(at, received) or received - at < HOUR


def _parse_time(said: object, zone: tzinfo, verdict: Outcome) -> Instant | None:
    if said is None:
        return None
    at = parse_timestamp(said, zone)
    if at is None:
        # By its shape, so that a device which goes on writing it so is refused for it once a day.
        shape = _DIGITS.sub("0", str(said)[:60])
        verdict.objections.append(Objection(Reason.BAD_TIME, f"{shape!r} is no time; taken at its arrival", once=True))
    return at


def _parse_seq(said: object, verdict: Outcome) -> int | None:
    """A whole number, also written 7.0 or "7"."""
    if said is None:
        return None
    seq: int | None = None
    if type(said) is int:
        seq = said
    elif (type(said) is float and said.is_integer()) or (isinstance(said, str) and said[:18].isdecimal()):
        seq = int(said[:19] if isinstance(said, str) else said)
    if seq is None or abs(seq) >= SEQ_MAX:
        verdict.objections.append(Objection(Reason.BAD_VALUE, f"seq: {str(said)[:60]!r} is not a whole number"))
        return None
    return seq


def _qualities(values: Mapping[str, Value], implausible: list[str], retained: bool, skewed: bool) -> dict[str, Quality]:
    if not implausible and not retained and not skewed:
        return ALL_GOOD
    whole = Quality.RETAINED if retained else Quality.CLOCK if skewed else None
    doubts = dict.fromkeys(values, whole) if whole is not None else {}
    return {**doubts, **dict.fromkeys(implausible, Quality.IMPLAUSIBLE)}

"""wmbusmeters' JSON, one telegram of one meter a message. It knows no device; keys and radio are not its business.

`timestamp` is when the receiver heard the telegram (UTC); the year 1111 is a stand-in for that. `meter_datetime` is the
meter's own clock without a zone, and may be hours old: it counts only when there is no timestamp at all.
"""

from __future__ import annotations

from typing import Final

from domain import Reason
from ingest.adapters.wmbusmeters.vocabulary import (
    ALARM,
    AMBIGUOUS,
    FAULT,
    GENERAL,
    LEAK,
    MEANINGS,
    OPENED,
    UNREADABLE,
    WATER_VERDICTS,
    unmeasured,
    verdicts,
    words_of,
)
from ingest.formats.json_payload import read_json
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "wmbusmeters"
VERSION = 2

Said = RawReading | Rejection | DeviceEvent
Decoded = list[Said] | DeviceEvent | Rejection

RECEIVED_AT: Final = ("timestamp", "timestamp_utc", "timestamp_ut", "timestamp_lt")
DESCRIBED: Final = frozenset(
    {"_", "media", "meter", "driver", "name", "id", "device", "meter_datetime", "device_date_time", *RECEIVED_AT}
)
STATUS: Final = ("status", "current_status", "current_alarms", "alarms", "error_flags", "tpl_status")
STAND_IN: Final = "1111-11-11"

QUIET_SMOKE: Final = frozenset({"lansensm", "tsd2"})
"""Smoke detectors whose status would say SMOKE. With others (ei6500) a status of OK does not speak of smoke."""

ALARM_IS_LEAK: Final = frozenset({"kadenwater", "picoflux"})
"""Meters whose status bits 0 and 1 together are a leak, which the driver shows as ALARM (wmbusmeters #2019, #2022)."""

IN_ORDER: Final = {"OK", *(word for word, meaning in MEANINGS.items() if meaning != FAULT)}
"""Words that leave no doubt whether there is smoke: a defect detector sees none."""


def decode(frame: Frame) -> Decoded:
    """`wmbusmeters/{id}`, or any topic below: the id in the telegram is the identity."""
    topic_id = frame.topic.rpartition("/")[2]
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, topic_id)
    if not isinstance(body, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", topic_id)
    identity = _identity(body.get("id"))
    if body.get("_", "telegram") != "telegram":
        return DeviceEvent(DeviceEventKind.BRIDGE, PLATFORM, identity, f"{body['_']}"[:200])
    if identity is None:
        return Rejection(Reason.BAD_PAYLOAD, "a telegram without `id`", topic_id)
    return _telegram(identity, body, frame)


def _identity(said: object) -> str | None:
    """Eight digits, which some sender may have written as a number."""
    if type(said) is int and said >= 0:
        return f"{said:08d}"
    return said if isinstance(said, str) and said else None


def _telegram(identity: str, body: dict[str, object], frame: Frame) -> Decoded:
    words = words_of(body.get(name) for name in STATUS)
    if any(word.startswith(UNREADABLE) for word in words):
        return Rejection(Reason.BAD_PAYLOAD, f"its telegram was not decoded: {' '.join(sorted(words))}"[:200], identity)
    status = {name for name in STATUS if isinstance(body.get(name), str | None)}
    fields = {name: value for name, value in body.items() if name not in DESCRIBED and name not in status}
    said = _judged(body, words)
    explained = _explained(fields, said, words)
    fields.update(said)
    if unmeasured(words):
        fields = {name: value for name, value in fields.items() if "flow" not in name}
    vague = [_unsaid(identity, words)] if "total_m3" in body and _is_vague(words) and LEAK not in said else []
    if not fields:
        return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, identity, "a telegram that measures nothing", online=True)
    model = next((body[name] for name in ("meter", "driver") if isinstance(body.get(name), str)), None)
    also = (frame.topic.rpartition("/")[2],)
    draft = RawReading(PLATFORM, identity, _at(body), fields, None, model, frame.retain, also)  # type: ignore[arg-type]
    notes = [
        DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, text, online=True, aliases=also) for text in explained
    ]
    return [draft, *notes, *vague]


def _unsaid(identity: str, words: set[str]) -> Rejection:
    detail = f"status {' '.join(sorted(words))[:80]}: it does not say whether there is a leak; no all-clear is taken"
    return Rejection(Reason.BAD_VALUE, detail, identity)


def _at(body: dict[str, object]) -> object:
    said = next((body[name] for name in RECEIVED_AT if name in body), None)
    if said is None:
        return body.get("meter_datetime") or body.get("device_date_time")
    return None if isinstance(said, str) and said.startswith(STAND_IN) else said


def _judged(body: dict[str, object], words: set[str]) -> dict[str, object]:
    """The meter's verdicts. False only where the meter would have said the word."""
    said = dict[str, object]()
    if any(name in body for name in STATUS) and "total_m3" in body and not _is_vague(words):
        said = dict.fromkeys(WATER_VERDICTS, False)
    if words & AMBIGUOUS:
        said.pop(LEAK, None)
    if str(body.get("meter")) in QUIET_SMOKE and words and words <= IN_ORDER:
        said[ALARM] = False
    if "CLOSED" in words:
        said[OPENED] = False
    said.update(_alarm_of_today(body))
    said.update(dict.fromkeys(verdicts(words), True))
    if words & GENERAL and str(body.get("meter")) in ALARM_IS_LEAK:
        said[LEAK] = True
    if "ALARM" in words and "smoke" in str(body.get("media")):
        said[ALARM] = True
    return said


def _is_vague(words: set[str]) -> bool:
    """Something is wrong with this meter, and the words do not say what."""
    told = set(verdicts(words)) & set(WATER_VERDICTS)
    return unmeasured(words) or (not told and (bool(words & GENERAL) or any(map(_is_unknown, words))))


def _is_unknown(word: str) -> bool:
    """A bit that the driver has no name for."""
    return word.startswith("UNKNOWN_")


def _alarm_of_today(body: dict[str, object]) -> dict[str, object]:
    """A smoke detector that only tells the date of its last alarm (ei6500): that of its own clock is an alarm."""
    last, now = body.get("last_alarm_date"), body.get("message_datetime")
    if not isinstance(last, str) or not isinstance(now, str) or not last:
        return {}
    return {ALARM: now.startswith(last)}


def _explained(fields: dict[str, object], said: dict[str, object], words: set[str]) -> list[str]:
    """Where word and flag contradict each other the danger counts, and this says why."""
    explained = []
    for name in [name for name in said if name in fields]:
        if bool(fields[name]) is not bool(said[name]):
            said[name] = True
            status = " ".join(sorted(words)) or "nothing"
            explained.append(f"{name} is {fields[name]!r} while the status says {status}: taken as true"[:200])
    if words & AMBIGUOUS:
        explained.append("leakage or no usage: one bit for both, so neither is believed; the volume will tell")
    return explained

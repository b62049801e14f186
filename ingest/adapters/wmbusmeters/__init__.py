"""wmbusmeters' JSON, one telegram of one meter a message, already decrypted and decoded by wmbusmeters.

`timestamp` is the time of reception at the radio (UTC); the year 1111 is a placeholder for it. `meter_datetime` is the
meter's own clock without a zone, and may be hours old: it is used only when there is no timestamp at all.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from domain import RefusalReason
from ingest.adapters.wmbusmeters.vocabulary import (
    ALARM,
    AMBIGUOUS_WORDS,
    FAULT,
    GENERAL_WORDS,
    LEAK,
    MEANINGS,
    OPENED,
    WATER_VERDICTS,
    Status,
    read_status,
)
from ingest.formats.json_payload import read_json
from ingest.frame import Frame
from ingest.results import AdapterOutput, DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "wmbusmeters"
VERSION = 2

TIME_FIELDS: Final = ("timestamp", "timestamp_utc", "timestamp_ut", "timestamp_lt")
NON_MEASUREMENT_FIELDS: Final = frozenset(
    {"_", "media", "meter", "driver", "name", "id", "device", "meter_datetime", "device_date_time", *TIME_FIELDS}
)
STATUS_FIELDS: Final = ("status", "current_status", "current_alarms", "alarms", "error_flags", "tpl_status")
PLACEHOLDER_DATE: Final = "1111-11-11"

SMOKE_DRIVERS: Final = frozenset({"lansensm", "tsd2"})
"""Smoke detectors whose status reports SMOKE. With others (ei6500) a status of OK tells nothing about smoke."""

ALARM_IS_LEAK: Final = frozenset({"kadenwater", "picoflux"})
"""Meters whose status bits 0 and 1 together are a leak, which the driver shows as ALARM (wmbusmeters #2019, #2022)."""

NO_FAULT_WORDS: Final = {"OK", *(word for word, meaning in MEANINGS.items() if meaning != FAULT)}
"""Words that report no fault: a defective detector cannot tell that there is no smoke."""


def decode(frame: Frame) -> AdapterOutput:
    """Decode `wmbusmeters/{id}`, or any topic below; the id in the telegram is the identity."""
    topic_id = frame.topic.rpartition("/")[2]
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, topic_id)
    if not isinstance(body, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", topic_id)
    identity = _identity(body.get("id"))
    if body.get("_", "telegram") != "telegram":
        return DeviceEvent(DeviceEventKind.BRIDGE, PLATFORM, identity, f"{body['_']}"[:200])
    if identity is None:
        return Rejection(RefusalReason.BAD_PAYLOAD, "a telegram without `id`", topic_id)
    return _telegram(identity, body, frame)


def _identity(value: object) -> str | None:
    """Eight digits; a sender may have encoded them as a number."""
    if type(value) is int and value >= 0:
        return f"{value:08d}"
    return value if isinstance(value, str) and value else None


def _telegram(identity: str, body: dict[str, object], frame: Frame) -> AdapterOutput:
    status = read_status(tuple(text for name in STATUS_FIELDS if isinstance(text := body.get(name), str)))
    words = status.words
    if status.is_unreadable:
        return Rejection(
            RefusalReason.BAD_PAYLOAD, f"its telegram was not decoded: {' '.join(sorted(words))}"[:200], identity
        )
    fields = {name: value for name, value in body.items() if _is_measurement(name, value)}
    verdicts_now = _status_verdicts(body, status)
    notices = _resolve_contradictions(fields, verdicts_now, words)
    fields.update(verdicts_now)
    if status.is_unmeasured:
        fields = {name: value for name, value in fields.items() if "flow" not in name}
    is_leak_unknown = "total_m3" in body and status.is_vague and LEAK not in verdicts_now
    rejections = [_vague_status(identity, words)] if is_leak_unknown else []
    if not fields:
        return DeviceEvent(DeviceEventKind.LIFE, PLATFORM, identity, "a telegram that measures nothing", online=True)
    model = next((body[name] for name in ("meter", "driver") if isinstance(body.get(name), str)), None)
    aliases = (frame.topic.rpartition("/")[2],)
    reading = RawReading(PLATFORM, identity, _time_of(body), fields, None, model, frame.retain, aliases)  # type: ignore[arg-type]
    events = [
        DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, text, online=True, aliases=aliases) for text in notices
    ]
    return [reading, *events, *rejections]


def _is_measurement(name: str, value: object) -> bool:
    if name in NON_MEASUREMENT_FIELDS:
        return False
    return name not in STATUS_FIELDS or not (value is None or isinstance(value, str))


def _vague_status(identity: str, words: Set[str]) -> Rejection:
    detail = f"status {' '.join(sorted(words))[:80]}: it does not say whether there is a leak; no all-clear is taken"
    return Rejection(RefusalReason.BAD_VALUE, detail, identity)


def _time_of(body: dict[str, object]) -> object:
    value = next((body[name] for name in TIME_FIELDS if name in body), None)
    if value is None:
        return body.get("meter_datetime") or body.get("device_date_time")
    return None if isinstance(value, str) and value.startswith(PLACEHOLDER_DATE) else value


def _status_verdicts(body: dict[str, object], status: Status) -> dict[str, object]:
    """Verdicts of the status words. False only where the meter would have reported the word."""
    result, words = dict[str, object](), status.words
    if "total_m3" in body and not status.is_vague and any(name in body for name in STATUS_FIELDS):
        result = dict.fromkeys(WATER_VERDICTS, False)
    if words & AMBIGUOUS_WORDS:
        result.pop(LEAK, None)
    if str(body.get("meter")) in SMOKE_DRIVERS and words and words <= NO_FAULT_WORDS:
        result[ALARM] = False
    if "CLOSED" in words:
        result[OPENED] = False
    result.update(_alarm_of_today(body))
    result.update(dict.fromkeys(status.verdicts, True))
    if words & GENERAL_WORDS and str(body.get("meter")) in ALARM_IS_LEAK:
        result[LEAK] = True
    if "ALARM" in words and "smoke" in str(body.get("media")):
        result[ALARM] = True
    return result


def _alarm_of_today(body: dict[str, object]) -> dict[str, object]:
    """The alarm of a detector that reports only the date of its last alarm (ei6500): today by its own clock."""
    last, now = body.get("last_alarm_date"), body.get("message_datetime")
    if not isinstance(last, str) or not isinstance(now, str) or not last:
        return {}
    return {ALARM: now.startswith(last)}


def _resolve_contradictions(fields: dict[str, object], status_values: dict[str, object], words: Set[str]) -> list[str]:
    """Where word and flag contradict each other, set the verdict to true; return a notice for each."""
    notices = []
    for name in [name for name in status_values if name in fields]:
        if bool(fields[name]) is not bool(status_values[name]):
            status_values[name] = True
            status = " ".join(sorted(words)) or "nothing"
            notices.append(f"{name} is {fields[name]!r} while the status says {status}: taken as true"[:200])
    if words & AMBIGUOUS_WORDS:
        notices.append("leakage or no usage: one bit for both, so neither is believed; the volume will tell")
    return notices

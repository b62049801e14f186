"""The native MQTT format: `fengshao/v1/{device}/up|alarm|status|down|exercise`."""

from __future__ import annotations

from domain import RefusalReason
from ingest.formats.json_payload import parse_availability, read_json
from ingest.frame import Frame
from ingest.results import AdapterItem, AdapterOutput, DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "native"
VERSION = 1
NON_OBJECTS_MAX = 50
"""Items of one array that are no objects and are rejected one by one; the rest are counted in one rejection."""


def decode(frame: Frame) -> AdapterOutput:
    """Decode an object or an array of objects (batch, backfill), a last will, or a command of our own."""
    levels = frame.topic.split("/")
    if len(levels) != 4 or not levels[2]:
        detail = "topic is not fengshao/v1/{device}/up, …/alarm, …/status, …/down or …/exercise"
        return Rejection(RefusalReason.NO_CODEC, detail)
    device, leaf = levels[2], levels[3]
    if leaf == "up" or leaf == "alarm":
        return _readings(device, frame)
    if leaf == "exercise":
        return _exercise(device, frame)
    if leaf == "status":
        return DeviceEvent(
            DeviceEventKind.AVAILABILITY, PLATFORM, device, _head(frame.payload), parse_availability(frame.payload)
        )
    if leaf == "down":
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, device, "a command to the device")
    return Rejection(RefusalReason.NO_CODEC, f"…/{leaf[:40]} is not up, alarm, status, down or exercise", device)


def _readings(device: str, frame: Frame) -> AdapterOutput:
    message = read_json(frame.payload)
    if type(message) is dict:
        return [_reading(device, message, frame.retain)]
    if isinstance(message, Rejection):
        return Rejection(message.reason, message.detail, device)
    if not isinstance(message, list):
        return Rejection(
            RefusalReason.BAD_PAYLOAD, f"a JSON {type(message).__name__} instead of an object or an array", device
        )
    if not message:
        return Rejection(RefusalReason.BAD_PAYLOAD, "an empty array", device)
    return _items(device, message, frame.retain)


def _items(device: str, items: list[object], retained: bool) -> list[AdapterItem]:
    """One reading or rejection an item. Beyond NON_OBJECTS_MAX rejections are only counted: there may be 500,000."""
    results: list[AdapterItem] = []
    non_objects = last_index = 0
    for index, item in enumerate(items):
        if isinstance(item, dict):
            results.append(_reading(device, item, retained))
            continue
        non_objects, last_index = non_objects + 1, index
        if non_objects <= NON_OBJECTS_MAX:
            detail = f"item {index} is a {type(item).__name__} instead of an object"
            results.append(Rejection(RefusalReason.BAD_PAYLOAD, detail, device))
    if non_objects > NON_OBJECTS_MAX:
        detail = f"{non_objects - NON_OBJECTS_MAX} more items are no objects, the last of them item {last_index}"
        results.append(Rejection(RefusalReason.BAD_PAYLOAD, detail, device))
    return results


def _reading(device: str, fields: dict[str, object], retained: bool) -> RawReading:
    at, seq = fields.pop("ts", None), fields.pop("seq", None)
    return RawReading(PLATFORM, device, at, fields, seq, None, retained)


def _exercise(device: str, frame: Frame) -> AdapterOutput:
    """A note, no reading: who may publish exercises only can raise, end and hide nothing, and a test that lasts longer
    than its limit would count."""
    message = read_json(frame.payload)
    if isinstance(message, Rejection):
        return Rejection(message.reason, message.detail, device)
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, device, f"an exercise, not evaluated: {_head(frame.payload)}")


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")

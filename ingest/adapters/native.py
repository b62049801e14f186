"""Our own MQTT format: `fengshao/v1/{device}/up|alarm|status|down`. It knows no device and no quantity."""

from __future__ import annotations

from domain import Reason
from ingest.formats.json_payload import parse_availability, read_json
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "native"
VERSION = 1
NON_OBJECTS_MAX = 50
"""Items of one array that are refused singly because they are no objects."""


def decode(frame: Frame) -> list[RawReading | Rejection] | DeviceEvent | Rejection:
    """One object, or an array of them (batch, backfill); a last will; our own command coming back."""
    levels = frame.topic.split("/")
    if len(levels) != 4 or not levels[2]:
        return Rejection(Reason.NO_CODEC, "topic is not fengshao/v1/{device}/up, …/alarm, …/status or …/down")
    device, leaf = levels[2], levels[3]
    if leaf == "up" or leaf == "alarm":
        return _drafts(device, frame)
    if leaf == "status":
        return DeviceEvent(
            DeviceEventKind.AVAILABILITY, PLATFORM, device, _head(frame.payload), parse_availability(frame.payload)
        )
    if leaf == "down":
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, device, "a command to the device")
    return Rejection(Reason.NO_CODEC, f"…/{leaf[:40]} is not up, alarm, status or down", device)


def _drafts(device: str, frame: Frame) -> list[RawReading | Rejection] | Rejection:
    said = read_json(frame.payload)
    if type(said) is dict:
        return [_draft(device, said, frame.retain)]
    if isinstance(said, Rejection):
        return Rejection(said.reason, said.detail, device)
    if not isinstance(said, list):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(said).__name__} instead of an object or an array", device)
    if not said:
        return Rejection(Reason.BAD_PAYLOAD, "an empty array", device)
    return _items(device, said, frame.retain)


def _items(device: str, said: list[object], retained: bool) -> list[RawReading | Rejection]:
    """What each item says. What is no object is refused, beyond a limit counted: there may be 500,000."""
    drafts: list[RawReading | Rejection] = []
    wrong = last = 0
    for index, item in enumerate(said):
        if isinstance(item, dict):
            drafts.append(_draft(device, item, retained))
            continue
        wrong, last = wrong + 1, index
        if wrong <= NON_OBJECTS_MAX:
            detail = f"item {index} is a {type(item).__name__} instead of an object"
            drafts.append(Rejection(Reason.BAD_PAYLOAD, detail, device))
    if wrong > NON_OBJECTS_MAX:
        detail = f"{wrong - NON_OBJECTS_MAX} more items are no objects, the last of them item {last}"
        drafts.append(Rejection(Reason.BAD_PAYLOAD, detail, device))
    return drafts


def _draft(device: str, said: dict[str, object], retained: bool) -> RawReading:
    at, seq = said.pop("ts", None), said.pop("seq", None)
    return RawReading(PLATFORM, device, at, said, seq, None, retained)


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")

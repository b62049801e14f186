"""Cameras of JFTech's open platform that recognise things: their webhook, as it is. It knows no camera and no rule.

`deviceSn/channelNumber`, or deviceSn alone, is the identity. Each thing seen is a field by its label; the links to the
pictures expire and are left in the journal only.
"""

from __future__ import annotations

from domain import Reason
from ingest.formats.json_payload import read_json
from ingest.frame import Frame
from ingest.results import DeviceEvent, RawReading, Rejection

PLATFORM = "jftech"
VERSION = 1


def decode(frame: Frame) -> list[RawReading | Rejection] | DeviceEvent | Rejection:
    """`jftech/…`, with the webhook's body."""
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return body
    told = body.get("bizData") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(told, dict):
        return Rejection(Reason.BAD_PAYLOAD, "not a camera's message: it has no `bizData`")
    serial = told.get("deviceSn")
    if not isinstance(serial, str) or not serial:
        return Rejection(Reason.BAD_PAYLOAD, "no `deviceSn` says which camera it is")
    if body.get("bizType") != "ai_alarm":
        return Rejection(Reason.NO_CODEC, f"bizType {str(body.get('bizType'))[:40]!r} is not ai_alarm", serial)
    names = (f"{serial}/{told['channelNumber']}", serial) if told.get("channelNumber") else (serial,)
    fields = dict.fromkeys(_labels(told) or [str(told.get("eventName", "event"))], True)
    return [RawReading(PLATFORM, names[0], told.get("eventTime"), {**fields}, None, None, frame.retain, names[1:])]


def _labels(told: dict[str, object]) -> list[str]:
    """What was seen, in any of the pictures."""
    return [
        str(thing["label"]).strip().lower()
        for picture in _objects(told.get("detailData"))
        for thing in _objects(picture.get("objects"))
        if thing.get("label")
    ]


def _objects(said: object) -> list[dict[str, object]]:
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []

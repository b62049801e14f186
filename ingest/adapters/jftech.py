"""Cameras of JFTech's open platform that recognise objects: the body of their webhook.

`deviceSn/channelNumber`, or deviceSn alone, is the identity. Each recognised object is a true field by its label; the
links to the pictures expire and are kept in the journal only.
"""

from __future__ import annotations

from domain import RefusalReason
from ingest.formats.json_payload import read_json
from ingest.frame import Frame
from ingest.results import AdapterOutput, RawReading, Rejection

PLATFORM = "jftech"
VERSION = 1


def decode(frame: Frame) -> AdapterOutput:
    """Decode `jftech/…` with the body of the webhook."""
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return body
    biz_data = body.get("bizData") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(biz_data, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, "not a camera's message: it has no `bizData`")
    serial = biz_data.get("deviceSn")
    if not isinstance(serial, str) or not serial:
        return Rejection(RefusalReason.BAD_PAYLOAD, "no `deviceSn` says which camera it is")
    if body.get("bizType") != "ai_alarm":
        return Rejection(RefusalReason.NO_CODEC, f"bizType {str(body.get('bizType'))[:40]!r} is not ai_alarm", serial)
    names = (f"{serial}/{biz_data['channelNumber']}", serial) if biz_data.get("channelNumber") else (serial,)
    fields = dict.fromkeys(_labels(biz_data) or [str(biz_data.get("eventName", "event"))], True)
    return [RawReading(PLATFORM, names[0], biz_data.get("eventTime"), {**fields}, None, None, frame.retain, names[1:])]


def _labels(biz_data: dict[str, object]) -> list[str]:
    """Labels of the objects recognised in any of the pictures, in lower case."""
    return [
        str(recognised["label"]).strip().lower()
        for picture in _objects(biz_data.get("detailData"))
        for recognised in _objects(picture.get("objects"))
        if recognised.get("label")
    ]


def _objects(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

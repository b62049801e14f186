"""Webhooks of JFTech's open platform for cameras that recognise objects."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushRejected, PushResult, frame_from_push, is_topic_level


def receive(_headers: Mapping[str, str], _query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """One frame: the message unchanged, on a topic that names its camera."""
    message = read_json(body)
    biz_data = message.get("bizData") if isinstance(message, dict) else None
    serial = biz_data.get("deviceSn") if isinstance(biz_data, dict) else None
    if not is_topic_level(serial):
        return PushRejected(422, "bizData.deviceSn", "write what JFTech's open platform writes")
    return [frame_from_push(f"jftech/{serial}", body, now)]

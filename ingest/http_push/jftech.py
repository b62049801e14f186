"""Webhooks of JFTech's open platform: cameras that recognise things. It checks no token."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushRejected, PushResult, frame_from_push, is_topic_level


def receive(_headers: Mapping[str, str], _query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """The message word for word, on a topic that names its camera."""
    said = read_json(body)
    told = said.get("bizData") if isinstance(said, dict) else None
    serial = told.get("deviceSn") if isinstance(told, dict) else None
    if not is_topic_level(serial):
        return PushRejected(422, "bizData.deviceSn", "write what JFTech's open platform writes")
    return [frame_from_push(f"jftech/{serial}", body, now)]

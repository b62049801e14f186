"""ChirpStack's HTTP integration: the JSON of its MQTT events; the query tells which event it is."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushRejected, PushResult, frame_from_push, is_topic_level


def receive(_headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """One frame of `?event=up` and a body with `deviceInfo`."""
    message = read_json(body)
    device_info = message.get("deviceInfo") if isinstance(message, dict) else None
    info = device_info if isinstance(device_info, dict) else {}
    levels = {
        "deviceInfo.applicationId": info.get("applicationId"),
        "deviceInfo.devEui": info.get("devEui"),
        "event": query.get("event", "up"),
    }
    for field, level in levels.items():
        if not is_topic_level(level):
            return PushRejected(422, field, "write what ChirpStack writes: its HTTP integration with JSON")
    application, eui, event = levels.values()
    return [frame_from_push(f"application/{application}/device/{eui}/event/{event}", body, now)]

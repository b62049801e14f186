"""ChirpStack's HTTP integration: the MQTT event's own JSON, and which event it is in the query. It checks no token."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushRejected, PushResult, frame_from_push, is_topic_level


def receive(_headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """`?event=up` and a body with `deviceInfo`."""
    said = read_json(body)
    found = said.get("deviceInfo") if isinstance(said, dict) else None
    info = found if isinstance(found, dict) else {}
    named = {
        "deviceInfo.applicationId": info.get("applicationId"),
        "deviceInfo.devEui": info.get("devEui"),
        "event": query.get("event", "up"),
    }
    for field, name in named.items():
        if not is_topic_level(name):
            return PushRejected(422, field, "write what ChirpStack writes: its HTTP integration with JSON")
    application, eui, event = named.values()
    return [frame_from_push(f"application/{application}/device/{eui}/event/{event}", body, now)]

"""ChirpStack's HTTP integration: the MQTT event's own JSON, and which event it is in the query. It checks no token."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.frame import Frame
from ingest.http_push.frames import Answer, fits_topic, pushed


def receive(_headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant) -> list[Frame] | Answer:
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
        if not fits_topic(name):
            return Answer(422, field, "write what ChirpStack writes: its HTTP integration with JSON")
    application, eui, event = named.values()
    return [pushed(f"application/{application}/device/{eui}/event/{event}", body, now)]

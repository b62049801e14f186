"""Huawei IoTDA's data forwarding by HTTP push: `notify_data` with header and body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushRejected, PushResult, frame_from_push, is_topic_level

TOPIC_SUFFIXES: Final = {
    "device.property": "properties/report",
    "device.event": "events/up",
    "device.message": "messages/up",
    "device.status": "status",
}
"""By forwarded resource, the end of the device's own topic for it."""


def receive(_headers: Mapping[str, str], _query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """One frame: the forwarded report unchanged, on the device's own topic."""
    message = read_json(body)
    notify_data = message.get("notify_data") if isinstance(message, dict) else None
    header = notify_data.get("header") if isinstance(notify_data, dict) else None
    device = header.get("device_id") if isinstance(header, dict) else None
    if not is_topic_level(device):
        return PushRejected(422, "notify_data.header.device_id", "write what IoTDA's data forwarding writes")
    resource = str(message.get("resource")) if isinstance(message, dict) else ""
    suffix = TOPIC_SUFFIXES.get(resource, "messages/up")
    return [frame_from_push(f"$oc/devices/{device}/sys/{suffix}", body, now)]

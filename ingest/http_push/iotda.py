"""Huawei IoTDA's data forwarding by HTTP push: `notify_data` with header and body. It checks no token."""

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
"""The resource that is forwarded, and what the device's own topic for it ends with."""


def receive(_headers: Mapping[str, str], _query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """The forwarded report, word for word, on the device's own topic."""
    said = read_json(body)
    notified = said.get("notify_data") if isinstance(said, dict) else None
    header = notified.get("header") if isinstance(notified, dict) else None
    device = header.get("device_id") if isinstance(header, dict) else None
    if not is_topic_level(device):
        return PushRejected(422, "notify_data.header.device_id", "write what IoTDA's data forwarding writes")
    path = TOPIC_SUFFIXES.get(str(said.get("resource")) if isinstance(said, dict) else "", "messages/up")
    return [frame_from_push(f"$oc/devices/{device}/sys/{path}", body, now)]

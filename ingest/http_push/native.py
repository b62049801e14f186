"""The native JSON format over HTTP: an object or an array; the device is in the query, or in each object."""

from __future__ import annotations

import json
from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushRejected, PushResult, frame_from_push, is_topic_level
from ingest.results import Rejection


def receive(_headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """Frames of `?device=gas-1` and the body as over MQTT, or of objects with a `device` each; `leaf=alarm`: urgent."""
    leaf = query.get("leaf", "up")
    if leaf not in ("up", "alarm"):
        return PushRejected(422, "leaf", "write up or alarm")
    device = query.get("device")
    if device is not None:
        if not is_topic_level(device):
            return _device_rejected("device")
        return [frame_from_push(f"fengshao/v1/{device}/{leaf}", body, now)]
    message = read_json(body)
    if isinstance(message, Rejection):
        return PushRejected(400, "", message.detail)
    return _frames_by_device(message, leaf, now)


def _frames_by_device(message: object, leaf: str, now: Instant) -> PushResult:
    by_device: dict[str, list[object]] = {}
    is_array = isinstance(message, list)
    for index, item in enumerate(message if isinstance(message, list) else [message]):
        device = item.pop("device", None) if isinstance(item, dict) else None
        if not isinstance(device, str) or not is_topic_level(device):
            return _device_rejected(f"[{index}].device" if is_array else "device")
        by_device.setdefault(device, []).append(item)
    if not by_device:
        return PushRejected(422, "", "an empty array")
    return [
        frame_from_push(f"fengshao/v1/{device}/{leaf}", json.dumps(items).encode(), now)
        for device, items in by_device.items()
    ]


def _device_rejected(field: str) -> PushRejected:
    return PushRejected(422, field, "write the device's id: up to 128 characters, without / + and #")

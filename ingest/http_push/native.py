"""Our own JSON over HTTP: an object or an array; the device is in the query, or in each object. It checks no token."""

from __future__ import annotations

import json
from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushRejected, PushResult, frame_from_push, is_topic_level
from ingest.results import Rejection


def receive(_headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """`?device=gas-1` and the very body of MQTT, or objects that each say their `device`. `?leaf=alarm` is urgent."""
    leaf = query.get("leaf", "up")
    if leaf not in ("up", "alarm"):
        return PushRejected(422, "leaf", "write up or alarm")
    device = query.get("device")
    if device is not None:
        return (
            [frame_from_push(f"fengshao/v1/{device}/{leaf}", body, now)]
            if is_topic_level(device)
            else _device_rejected("device")
        )
    said = read_json(body)
    if isinstance(said, Rejection):
        return PushRejected(400, "", said.detail)
    return _frames_by_device(said, leaf, now)


def _frames_by_device(said: object, leaf: str, now: Instant) -> PushResult:
    named: dict[str, list[object]] = {}
    many = isinstance(said, list)
    for index, one in enumerate(said if isinstance(said, list) else [said]):
        device = one.pop("device", None) if isinstance(one, dict) else None
        if not isinstance(device, str) or not is_topic_level(device):
            return _device_rejected(f"[{index}].device" if many else "device")
        named.setdefault(device, []).append(one)
    if not named:
        return PushRejected(422, "", "an empty array")
    return [
        frame_from_push(f"fengshao/v1/{device}/{leaf}", json.dumps(rows).encode(), now)
        for device, rows in named.items()
    ]


def _device_rejected(field: str) -> PushRejected:
    return PushRejected(422, field, "write the device's id: up to 128 characters, without / + and #")

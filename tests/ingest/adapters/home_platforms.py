"""Frames, devices and discovered devices for the tests of home platforms."""

from __future__ import annotations

import json
from typing import Any

from domain import Device, Identity
from ingest.adapters import decode, platform_for_topic
from ingest.frame import Frame
from ingest.results import DeviceEvent, DiscoveredDevice

NOW = 1767225660000


def frame_of(topic: str, content: object, **frame_fields: Any) -> Frame:
    payload = (
        content.encode()
        if isinstance(content, str)
        else content
        if isinstance(content, bytes)
        else json.dumps(content).encode()
    )
    return Frame(topic, payload, NOW, "bulk", **frame_fields)


def proposed(topic: str, content: object) -> tuple[DiscoveredDevice, ...]:
    event = decode(platform_for_topic(topic), frame_of(topic, content))
    assert isinstance(event, DeviceEvent)
    return event.discovered


def named_on(platform: str, kind: str, identity: str) -> Device:
    return Device("ours", kind, identities=(Identity(platform, identity),))

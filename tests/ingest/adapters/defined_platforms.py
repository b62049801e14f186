"""Devices, frames and values for tests of platform definitions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from domain import Device, Identity
from ingest.frame import Frame
from ingest.results import IngestResult

NOW = 1795904000000


def device_of_kind(kind: str, platform: str, identity: str) -> Device:
    return Device("ours", kind, identities=(Identity(platform, identity),))


def frame_at(topic: str, content: object, at: int = 0) -> Frame:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Frame(topic, payload, NOW + at, "bulk")


def values(result: IngestResult) -> list[Mapping[str, Any]]:
    return [reading.values for reading in result.readings]

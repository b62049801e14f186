"""Messages of Home Assistant's discovery, and shortcuts to what they became."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from domain import Device, Identity
from ingest.frame import Frame
from ingest.results import IngestResult

NOW = 1795904000000
CONFIG = "homeassistant/binary_sensor/kitchen/smoke/config"
TOPIC = "site/kitchen/smoke"


def device(kind: str, identity: str = "kitchen", platform: str = "homeassistant") -> Device:
    return Device("ours", kind, identities=(Identity(platform, identity),))


def frame(topic: str, payload: object, at: int = 0, retain: bool = False) -> Frame:
    """`at` is the time of reception after NOW; a payload that is no text is encoded as JSON."""
    data = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
    return Frame(topic, data, NOW + at, "bulk", retain=retain)


def smoke_config(**more: Any) -> dict[str, Any]:
    """The discovery message of a smoke sensor, with other fields."""
    owner = {"identifiers": ["kitchen"]}
    return {"device_class": "smoke", "state_topic": TOPIC, "unique_id": "s1", "device": owner, **more}


def values(result: IngestResult) -> list[Mapping[str, Any]]:
    return [reading.values for reading in result.readings]


def has_danger(result: IngestResult) -> bool:
    return any(refusal.danger for refusal in result.refusals)

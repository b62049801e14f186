"""Native messages of a gas alarm, an SOS button and a wristband, for tests of the decoder."""

from __future__ import annotations

import json
from typing import Any

from domain import Device, Identity, RefusalReason
from ingest.frame import Frame
from ingest.results import IngestResult

NOW = 1767225660000
GAS = Device("gas-1", "gas_alarm")
BUTTON = Device("button-1", "sos_button", identities=(Identity("zigbee2mqtt", "Bedroom"),))
BAND = Device("band-1", "wristband")


def native_frames(device: str, *payloads: Any, leaf: str = "up", at: int = NOW, **options: Any) -> list[Frame]:
    """One frame for each payload, encoded as JSON."""
    topic = f"fengshao/v1/{device}/{leaf}"
    return [Frame(topic, json.dumps(payload).encode(), at, "bulk", **options) for payload in payloads]


def refusal_reasons(result: IngestResult) -> list[tuple[RefusalReason, bool]]:
    return [(refusal.reason, refusal.danger) for refusal in result.refusals]

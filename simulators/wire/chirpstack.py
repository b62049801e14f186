"""ChirpStack v4 events as protobuf-JSON. Zero, false and empty fields of the event are left out; those inside `object`
(a protobuf Struct) are kept. Source: facts/domain.md A.1.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Final

import msgspec

from domain import Instant
from simulators.events import Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.lorawan import encode_frame

_APPLICATION: Final = "17c82e96-be03-4f38-aef3-f83d48582d97"
_TENANT: Final = "52f14cd4-c6f1-4fbd-8f87-4025e1d49242"
_PROFILE: Final = "14855bf7-d10d-4aee-b618-ebfcb64dc7ad"
_GATEWAYS: Final = ("0016c001f153a14c", "0016c001f153a14d")


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """An `up` event with the frame of the device's model; the radio parameters are derived from the frame counter."""
    frame = encode_frame(measurement.values, header.model, header.seq)
    body: dict[str, object] = {
        "deduplicationId": _uuid(header),
        "time": _nanoseconds(header.at),
        "deviceInfo": _device_info(measurement.device, header.identity),
        "devAddr": f"00{header.identity[-6:]}",
        "dr": 1,
        "fPort": frame.port,
        "data": base64.b64encode(frame.data).decode(),
        "object": frame.decoded,
        "rxInfo": [_reception(header)],
        "txInfo": {
            "frequency": 486300000,
            "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 10, "codeRate": "CR_4_5"}},
        },
    }
    if header.seq:
        body["fCnt"] = header.seq
    return [_event("up", header.identity, body)]


def encode_join(device: str, header: MessageHeader) -> list[Message]:
    """A `join` event: the device has joined the network."""
    body: dict[str, object] = {
        "deduplicationId": _uuid(header),
        "time": _nanoseconds(header.at),
        "deviceInfo": _device_info(device, header.identity),
        "devAddr": f"00{header.identity[-6:]}",
    }
    return [_event("join", header.identity, body)]


def encode_status(device: str, battery_pct: float, header: MessageHeader) -> list[Message]:
    """A `status` event: link margin and battery from DevStatusAns."""
    body: dict[str, object] = {
        "deduplicationId": _uuid(header),
        "time": _nanoseconds(header.at),
        "deviceInfo": _device_info(device, header.identity),
        "margin": 10,
        "batteryLevel": battery_pct,
    }
    return [_event("status", header.identity, body)]


def _event(name: str, dev_eui: str, body: dict[str, object]) -> Message:
    return Message(f"application/{_APPLICATION}/device/{dev_eui}/event/{name}", msgspec.json.encode(body), qos=0)


def _device_info(device: str, dev_eui: str) -> dict[str, str]:
    return {
        "tenantId": _TENANT,
        "tenantName": "ChirpStack",
        "applicationId": _APPLICATION,
        "applicationName": "枫树社区",
        "deviceProfileId": _PROFILE,
        "deviceProfileName": "community",
        "deviceName": device,
        "devEui": dev_eui,
    }


def _reception(header: MessageHeader) -> dict[str, object]:
    return {
        "gatewayId": _GATEWAYS[header.seq % len(_GATEWAYS)],
        "uplinkId": 4_000_000_000 + header.seq % 200_000_000,
        "rssi": -70 - header.seq % 40,
        "snr": 8.5,
        "context": "E3OWOQ==",
        "metadata": {"region_name": "cn470_10", "region_common_name": "CN470"},
    }


def _uuid(header: MessageHeader) -> str:
    digits = f"{header.identity}{header.at:016x}"[-32:].rjust(32, "0")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _nanoseconds(at: Instant) -> str:
    seconds = datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{seconds}.{at % 1000:03d}000000+00:00"

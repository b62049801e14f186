"""ChirpStack v4 events as protobuf-JSON. Zero, false and empty fields of the event are left out; those inside `object`
(a protobuf Struct) are kept. Source: facts/domain.md A.1.
"""

from __future__ import annotations

import base64
from typing import Final

import msgspec

from simulators.events import Batch, Measurement, TimedValues
from simulators.wire import Message, MessageHeader
from simulators.wire.lorawan import RadioFrame, encode_frame
from simulators.wire.lorawan_meters import METER_FORMATS, encode_uploads
from simulators.wire.times import rfc3339_nanoseconds

_APPLICATION: Final = "17c82e96-be03-4f38-aef3-f83d48582d97"
_TENANT: Final = "52f14cd4-c6f1-4fbd-8f87-4025e1d49242"
_PROFILE: Final = "14855bf7-d10d-4aee-b618-ebfcb64dc7ad"
_GATEWAYS: Final = ("0016c001f153a14c", "0016c001f153a14d")


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """An `up` event with the frame of the device's model."""
    if header.model is not None and header.model in METER_FORMATS:
        return encode_batch(Batch(measurement.device, (TimedValues(header.at, measurement.values),)), header)
    return [_uplink(measurement.device, encode_frame(measurement.values, header.model, header.seq), header)]


def encode_batch(batch: Batch, header: MessageHeader) -> list[Message]:
    """A meter's readings of several instants in as few events as its frames allow, all at the header's time.

    Another model has no frame for them: one event for each instant.
    """
    if header.model is not None and header.model in METER_FORMATS:
        frames = list(encode_uploads(batch.entries, header.model))
    else:
        frames = [encode_frame(entry.values, header.model, header.seq) for entry in batch.entries]
    first_seq = header.seq - len(batch.entries) + 1
    return [
        _uplink(batch.device, frame, msgspec.structs.replace(header, seq=first_seq + index))
        for index, frame in enumerate(frames)
    ]


def _uplink(device: str, frame: RadioFrame, header: MessageHeader) -> Message:
    """The radio parameters are derived from the frame counter."""
    body: dict[str, object] = {
        "deduplicationId": _uuid(header),
        "time": rfc3339_nanoseconds(header.at, "+00:00"),
        "deviceInfo": _device_info(device, header.identity),
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
    return _event("up", header.identity, body)


def encode_join(device: str, header: MessageHeader) -> list[Message]:
    """A `join` event: the device has joined the network."""
    body: dict[str, object] = {
        "deduplicationId": _uuid(header),
        "time": rfc3339_nanoseconds(header.at, "+00:00"),
        "deviceInfo": _device_info(device, header.identity),
        "devAddr": f"00{header.identity[-6:]}",
    }
    return [_event("join", header.identity, body)]


def encode_status(device: str, battery_pct: float, header: MessageHeader) -> list[Message]:
    """A `status` event: link margin and battery from DevStatusAns."""
    body: dict[str, object] = {
        "deduplicationId": _uuid(header),
        "time": rfc3339_nanoseconds(header.at, "+00:00"),
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
    digits = f"{header.identity[-8:]}{header.seq:08x}{header.at:016x}"[-32:].rjust(32, "0")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

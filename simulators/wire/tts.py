"""The Things Stack v3: uplink messages as JSON, QoS 0.

Source: the stack's data formats (`ApplicationUp`) and MQTT topics; `received_at` has nine decimals. Zero fields are
left out.
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

_APPLICATION: Final = "fengshu"
_TENANT: Final = "community"


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """An `up` message with the frame of the device's model and what the payload formatter made of it."""
    if header.model is not None and header.model in METER_FORMATS:
        return encode_batch(Batch(measurement.device, (TimedValues(header.at, measurement.values),)), header)
    return [_uplink(encode_frame(measurement.values, header.model, header.seq), header)]


def encode_batch(batch: Batch, header: MessageHeader) -> list[Message]:
    """A meter's readings of several instants in as few messages as its frames allow, all at the header's time.

    Another model has no frame for them: one message for each instant.
    """
    if header.model is not None and header.model in METER_FORMATS:
        frames = list(encode_uploads(batch.entries, header.model))
    else:
        frames = [encode_frame(entry.values, header.model, header.seq) for entry in batch.entries]
    first_seq = header.seq - len(batch.entries) + 1
    return [
        _uplink(frame, msgspec.structs.replace(header, seq=first_seq + index)) for index, frame in enumerate(frames)
    ]


def _uplink(frame: RadioFrame, header: MessageHeader) -> Message:
    received = rfc3339_nanoseconds(header.at, "Z")
    uplink: dict[str, object] = {
        "session_key_id": "AXA50tHGUUucuzS/bCGMNw==",
        "f_port": frame.port,
        "frm_payload": base64.b64encode(frame.data).decode(),
        "decoded_payload": frame.decoded,
        "rx_metadata": [_reception(header, received)],
        "settings": {
            "data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 10, "coding_rate": "4/5"}},
            "frequency": "486300000",
            "timestamp": header.at % 2**32,
        },
        "received_at": received,
        "consumed_airtime": "0.370688s",
        "network_ids": {"net_id": "000013", "tenant_id": _TENANT},
    }
    if header.seq:
        uplink["f_cnt"] = header.seq
    body = _identifiers(header) | {"received_at": received, "uplink_message": uplink}
    return _message(header, "up", body)


def encode_join(header: MessageHeader) -> list[Message]:
    """A `join` message: the device has joined the network."""
    accept = {"session_key_id": "AXA50tHGUUucuzS/bCGMNw==", "received_at": rfc3339_nanoseconds(header.at, "Z")}
    body = _identifiers(header) | {"received_at": rfc3339_nanoseconds(header.at, "Z"), "join_accept": accept}
    return [_message(header, "join", body)]


def _message(header: MessageHeader, event: str, body: dict[str, object]) -> Message:
    topic = f"v3/{_APPLICATION}@{_TENANT}/devices/{header.identity}/{event}"
    return Message(topic, msgspec.json.encode(body), qos=0)


def _identifiers(header: MessageHeader) -> dict[str, object]:
    return {
        "end_device_ids": {
            "device_id": header.identity,
            "application_ids": {"application_id": _APPLICATION},
            "dev_eui": _dev_eui(header.identity),
            "join_eui": "800000000000000C",
            "dev_addr": "00BCB929",
        },
        "correlation_ids": [f"gs:uplink:{header.at:026d}"],
    }


def _dev_eui(device_id: str) -> str:
    """A device id of the form `eui-70b3d57ed0060001` contains it; another device's is derived from its id."""
    given = device_id.removeprefix("eui-")
    if len(given) == 16:
        return given.upper()
    return device_id.encode().hex()[-16:].rjust(16, "0").upper()


def _reception(header: MessageHeader, received: str) -> dict[str, object]:
    return {
        "gateway_ids": {"gateway_id": header.gateway or "gtw1", "eui": "9C5C8E00001A05C4"},
        "time": received,
        "timestamp": header.at % 2**32,
        "rssi": -70 - header.seq % 40,
        "channel_rssi": -70 - header.seq % 40,
        "snr": 8.5,
        "uplink_token": "ChIKEAoEZ3R3MRIInFyOAAAaBcQQ6L3Vlgk=",
        "channel_index": 2,
    }

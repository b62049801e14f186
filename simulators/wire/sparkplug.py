"""Sparkplug B 3.0: births, data and deaths of edge nodes and their devices, as protobuf.

Source: the Eclipse Sparkplug specification 3.0.0, sections 5 (topics, sequence numbers) and 6 (payload, field numbers,
data types). `seq` counts all messages of an edge node and wraps at 255; NBIRTH has seq 0 and all metrics with `bdSeq`;
metrics of data messages carry only the alias of their birth.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from domain import Instant, Value
from simulators.events import Measurement
from simulators.wire import Message, MessageHeader

_INT64, _DOUBLE, _BOOLEAN = 4, 10, 11
_COMMON: Final = {
    "battery_pct": _DOUBLE,
    "temp_c": _DOUBLE,
    "battery_low": _BOOLEAN,
    "tamper": _BOOLEAN,
    "test": _BOOLEAN,
}
_METRICS: Final[Mapping[str, Mapping[str, int]]] = {
    "lamp_post": {"on": _BOOLEAN, "tilt_deg": _DOUBLE},
    "fire_panel": {"alarm": _BOOLEAN, "fault": _BOOLEAN},
    "bin": {"fill_pct": _DOUBLE, "full": _BOOLEAN},
    "manhole": {
        **dict.fromkeys(("opened", "flooded", "vibration"), _BOOLEAN),
        **dict.fromkeys(("tilt_deg", "water_level_mm", "ch4_pct", "h2s_ppm"), _DOUBLE),
    },
}
"""Data types of the metrics of each kind beside the common ones; their names are ours. Other values are not sent: a
metric that is in no birth may not be in data."""


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """DDATA; before it the births that are due. `identity`: `group/edge/device`; `gateway_seq` is the number of
    messages that the edge node has sent, `is_first` whether this is the device's first message since then.
    """
    group, edge, device = header.identity.split("/", 2)
    seq, messages = header.gateway_seq, []
    if seq == 0:
        messages.append(_message(f"spBv1.0/{group}/NBIRTH/{edge}", header.at, 0, _node_birth(header.at)))
        seq += 1
    if header.is_first:
        metrics, message_type = _device_birth(measurement.values, header), "DBIRTH"
    else:
        metrics, message_type = _device_data(measurement.values, header), "DDATA"
    messages.append(_message(f"spBv1.0/{group}/{message_type}/{edge}/{device}", header.at, seq, metrics))
    return messages


def encode_death(edge_node: str, bd_seq: int) -> list[Message]:
    """The last will of an edge node (`group/edge`), which the broker publishes when its connection is lost."""
    group, edge = edge_node.split("/", 1)
    metric = _metric("bdSeq", None, None, _INT64, bd_seq)
    return [Message(f"spBv1.0/{group}/NDEATH/{edge}", _payload(None, None, metric), qos=1)]


def encode_rebirth(headers: Sequence[MessageHeader]) -> list[Message]:
    """NBIRTH of an edge node that is back, and DBIRTH of each device behind it, whose values are not known yet.

    All headers have identities of one edge node.
    """
    group, edge, _ = headers[0].identity.split("/", 2)
    messages = [_message(f"spBv1.0/{group}/NBIRTH/{edge}", headers[0].at, 0, _node_birth(headers[0].at))]
    for seq, header in enumerate(headers, 1):
        device = header.identity.split("/", 2)[2]
        metrics = _device_birth({}, header)
        messages.append(_message(f"spBv1.0/{group}/DBIRTH/{edge}/{device}", header.at, seq, metrics))
    return messages


def _node_birth(at: Instant) -> bytes:
    return _metric("bdSeq", None, at, _INT64, 0) + _metric("Node Control/Rebirth", None, at, _BOOLEAN, False)


def _device_birth(values: Mapping[str, Value], header: MessageHeader) -> bytes:
    """All metrics of the device by name and alias; those without a value are null."""
    types = {**_METRICS.get(header.kind, {}), **_COMMON}
    return b"".join(
        _metric(quantity, _alias(header, quantity), header.at, data_type, values.get(quantity))
        for quantity, data_type in types.items()
    )


def _device_data(values: Mapping[str, Value], header: MessageHeader) -> bytes:
    types = {**_METRICS.get(header.kind, {}), **_COMMON}
    return b"".join(
        _metric(None, _alias(header, quantity), header.at, types[quantity], value)
        for quantity, value in values.items()
        if quantity in types
    )


def _alias(header: MessageHeader, quantity: str) -> int:
    """Unique in the edge node: drawn from the names of device and metric."""
    digest = blake2b(f"{header.identity}/{quantity}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")


def _message(topic: str, at: Instant, seq: int, metrics: bytes) -> Message:
    return Message(topic, _payload(at, seq % 256, metrics), qos=0)


def _payload(at: Instant | None, seq: int | None, metrics: bytes) -> bytes:
    """Payload: timestamp 1, metrics 2, seq 3."""
    head = _varint_field(1, at) if at is not None else b""
    return head + metrics + (_varint_field(3, seq) if seq is not None else b"")


def _metric(name: str | None, alias: int | None, at: Instant | None, data_type: int, value: Value | None) -> bytes:
    """Metric: name 1, alias 2, timestamp 3, datatype 4, is_null 7, long_value 11, double_value 13, boolean_value 14."""
    body = _bytes_field(1, name.encode()) if name is not None else b""
    body += _varint_field(2, alias) if alias is not None else b""
    body += _varint_field(3, at) if at is not None else b""
    body += _varint_field(4, data_type)
    return _bytes_field(2, body + (_varint_field(7, 1) if value is None else _value_field(data_type, value)))


def _value_field(data_type: int, value: Value) -> bytes:
    if data_type == _BOOLEAN:
        return _varint_field(14, int(bool(value)))
    if data_type == _INT64:
        return _varint_field(11, int(value))
    return _varint(13 << 3 | 1) + struct.pack("<d", float(value))


def _bytes_field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)

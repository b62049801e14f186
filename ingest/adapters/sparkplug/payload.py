"""Parses a Sparkplug B payload into the metrics of one message.

Field and data type numbers are those of Eclipse Tahu's `sparkplug_b.proto`. Integers are encoded unsigned and get
their sign from the data type; a Float is the shortest decimal that gives the same 32 bits, so 12.1 stays 12.1.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import pack, unpack
from typing import Final

from msgspec import Struct

from ingest.formats.compression import decompress
from ingest.formats.protobuf import Malformed, Value, read_fields

METRICS_MAX: Final = 20_000
UNIT_PROPERTIES: Final = (
    "engUnit",
    "engineeringUnits",
    "Engineering Units",
    "engUnits",
    "unit",
    "units",
    "Unit",
    "Units",
)
"""Properties that hold a unit: Ignition's, and those of other edge nodes (the specification names none)."""
TEMPLATE_DEPTH_MAX: Final = 4
COMPRESSED: Final = b"SPBV1.0_COMPRESSED"

_SIGNED_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_BOOLEAN: Final = 11


class Metric(Struct, frozen=True, gc=False):
    """One metric as encoded: with a name, or only with the alias that a birth defined. `value` None: no value.

    `unit` is that of its properties.
    """

    name: str | None = None
    alias: int | None = None
    at: int | None = None
    datatype: int = 0
    value: object = None
    historical: bool = False
    unit: str = ""


class Payload(Struct, frozen=True):
    """One message. `seq` counts the messages of an edge node from 0 to 255."""

    at: int | None
    seq: int | None
    metrics: list[Metric]


def read_payload(message: bytes) -> Payload:
    """The metrics of a payload, compressed or not. Raises Malformed."""
    fields = list(read_fields(message))
    if (4, COMPRESSED) in fields:
        fields = list(read_fields(decompress(_bytes(dict(fields).get(5)))))
    at, seq, metrics = None, None, list[Metric]()
    for number, value in fields:
        if number == 2:
            metrics += _metrics(_bytes(value), "", 0)
        elif number == 1:
            at = _int(value)
        elif number == 3:
            seq = _int(value)
        if len(metrics) > METRICS_MAX:
            raise Malformed(f"more than {METRICS_MAX} metrics")
    return Payload(at, seq, metrics)


def _metrics(message: bytes, folder: str, depth: int) -> list[Metric]:
    """The metric, or the metrics inside it when it is a template: `name/inner`."""
    fields = dict(read_fields(message))
    name = _text(fields[1]) if 1 in fields else None
    if 18 in fields and not fields.get(7):
        return _template_metrics(_bytes(fields[18]), f"{folder}{name}/" if name else folder, depth + 1)
    datatype = _int(fields.get(4, 0))
    at = _int(fields[3]) if 3 in fields else None
    alias = _int(fields[2]) if 2 in fields else None
    path = None if name is None else folder + name
    value = None if fields.get(7) else _value(fields)
    unit = _unit(_bytes(fields[9])) if 9 in fields else ""
    return [Metric(path, alias, at, datatype, value, bool(fields.get(5)), unit)]


def _unit(message: bytes) -> str:
    """The unit in a property set: keys in one list, their values in another, in the same order."""
    fields = list(read_fields(message))
    keys = [_text(value) for number, value in fields if number == 1]
    values = [_bytes(value) for number, value in fields if number == 2]
    properties = dict(zip(keys, values, strict=False))
    unit_property = next((properties[key] for key in UNIT_PROPERTIES if key in properties), b"")
    text = dict(read_fields(unit_property)).get(8)
    return _text(text).strip() if text is not None else ""


def _template_metrics(message: bytes, folder: str, depth: int) -> list[Metric]:
    if depth > TEMPLATE_DEPTH_MAX:
        raise Malformed(f"templates more than {TEMPLATE_DEPTH_MAX} deep")
    metrics: list[Metric] = []
    for number, value in read_fields(message):
        if number == 2:
            metrics += _metrics(_bytes(value), folder, depth)
        elif number == 5 and value:
            return []  # a template definition holds no measured values
    return metrics


def _value(fields: dict[int, Value]) -> object:
    """The raw value: integers are still unsigned. A value that is no scalar becomes a text that names its type."""
    for number, reader in _VALUES.items():
        if number in fields:
            return reader(fields[number])
    return next((description for number, description in _NO_VALUES.items() if number in fields), None)


def apply_datatype(value: object, datatype: int) -> object:
    """A raw value converted by its data type.

    >>> values = ((255, 1), (0xFFFF_FFFF_FFFF_FFFF, 3), (40_000, 6), (1, 11), ("x", 3), (2, 11))
    >>> [apply_datatype(value, datatype) for value, datatype in values]
    [-1, -1, 40000, True, 'x', 2]
    """
    if type(value) is not int:
        return value
    if datatype == _BOOLEAN and value in (0, 1):
        return value == 1
    bits = _SIGNED_BITS.get(datatype)
    if bits is None:
        return value
    low = value & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def shortest_float(bits: int) -> float:
    """The shortest decimal that is this 32-bit number.

    >>> shortest_float(0x4141999A), shortest_float(0x3F800000), shortest_float(0x7F800000)
    (12.1, 1.0, inf)
    """
    exact: float = unpack("<f", pack("<I", bits))[0]
    if exact - exact != 0:
        return exact
    candidates = (float(f"{exact:.{digits}g}") for digits in range(6, 10))
    return next(candidate for candidate in candidates if unpack("<I", pack("<f", candidate))[0] == bits)


def _float(value: Value) -> float:
    number = _int(value)
    if number >> 32:
        raise Malformed("a float of more than 32 bits")
    return shortest_float(number)


def _double(value: Value) -> float:
    return float(unpack("<d", pack("<Q", _int(value)))[0])


def _bool(value: Value) -> bool:
    return bool(_int(value))


def _int(value: Value) -> int:
    if not isinstance(value, int):
        raise Malformed("text where a number belongs")
    return value


def _bytes(value: Value | None) -> bytes:
    if not isinstance(value, bytes):
        raise Malformed("a number where text belongs")
    return value


def _text(value: Value) -> str:
    return _bytes(value).decode("utf-8", "replace")


_VALUES: Final[dict[int, Callable[[Value], object]]] = {
    10: _int,
    11: _int,
    12: _float,
    13: _double,
    14: _bool,
    15: _text,
}
_NO_VALUES: Final = {16: "(bytes)", 17: "(a data set)", 19: "(an extension)"}

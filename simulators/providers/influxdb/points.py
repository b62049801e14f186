"""Line protocol as InfluxDB parses it (`models/points.go`), with its words for what it cannot parse. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

KEY_MAX: Final = 65_535
TIME_MIN_NS, TIME_MAX_NS = -(2**63) + 2, 2**63 - 2
_KEY: Final = re.compile(r"(?:\\.|[^\\ ]++)++")
_TAG: Final = re.compile(r",((?:\\.|[^\\,= ]++)++)=((?:\\.|[^\\,= ]++)++)")
_FIELD: Final = re.compile(r'(?:^|,)((?:\\.|[^\\,= ]++)++)=("(?:\\.|[^\\"]++)*+"|[^", ]+)')
_FIELDS: Final = re.compile(r'(?:\\.|"(?:\\.|[^"\\]++)*+"|[^" \\]++)++')
_FLOAT: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TRUE, _FALSE = frozenset({"t", "T", "true", "True", "TRUE"}), frozenset({"f", "F", "false", "False", "FALSE"})
_NANOSECONDS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}

FieldValue = float | int | bool | str


class PointError(ValueError):
    """A line that cannot be parsed."""


class ParsedPoint(Struct, frozen=True):
    """One point. `key` is measurement and tags as written, `at_ns` nanoseconds since 1970."""

    key: str
    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, FieldValue]
    at_ns: int


def type_name(value: FieldValue) -> str:
    """The type of a field's value as InfluxDB calls it."""
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "integer" if isinstance(value, int) else "float"


def split_lines(text: str) -> list[str]:
    """The lines; a line end inside a quoted text belongs to the text."""
    lines, current, quoted = [], "", False
    for part in text.split("\n"):
        current += part if not current else f"\n{part}"
        quoted = len(re.findall(r'(?<!\\)(?:\\\\)*"', current)) % 2 == 1
        if not quoted:
            lines.append(current)
            current = ""
    return [line for line in [*lines, current] if line.strip() and not line.lstrip().startswith("#")]


def parse_points(text: str, precision: str, now_ns: int) -> tuple[list[ParsedPoint], str]:
    """The points, and one sentence for all lines that cannot be parsed."""
    points, failed = [], []
    for line in split_lines(text):
        try:
            points.append(parse_point(line, precision, now_ns))
        except PointError as error:
            failed.append(f"unable to parse '{line}': {error}")
    return points, "\n".join(failed)


def parse_point(line: str, precision: str, now_ns: int, key_max: int = KEY_MAX) -> ParsedPoint:
    """One line. Raises PointError."""
    match = _KEY.match(line)
    if match is None or match[0].startswith(","):
        raise PointError("missing measurement")
    key, rest = match[0], line[match.end() :].lstrip(" ")
    if len(key.encode()) > key_max:
        raise PointError(f"max key length exceeded: {len(key.encode())} > {key_max}")
    measurement, tags = _tags(key)
    fields_end = _end_of_fields(rest)
    fields = _fields(rest[:fields_end])
    longest = max(len(f"{key}#!~#{name}".encode()) for name in fields)
    if longest > key_max:
        raise PointError(f"max key length exceeded: {longest} > {key_max}")
    return ParsedPoint(key, measurement, tags, fields, _time(rest[fields_end:].strip(), precision, now_ns))


def _tags(key: str) -> tuple[str, dict[str, str]]:
    comma = re.search(r"(?<!\\),", key)
    start = comma.start() if comma else len(key)
    tags = {_unescape(name): _unescape(value) for name, value in _TAG.findall(key[start:])}
    if re.search(r"(?<!\\)=(?:,|$)", key[start:]):
        raise PointError("missing tag value")
    if len(tags) != len(_TAG.findall(key[start:])):
        raise PointError("duplicate tags")
    if "".join(f",{name}={value}" for name, value in _TAG.findall(key[start:])) != key[start:]:
        raise PointError("invalid tag format")
    return _unescape(key[:start]), tags


def _end_of_fields(rest: str) -> int:
    match = _FIELDS.match(rest)
    end = match.end() if match else 0
    if rest[end : end + 1] == '"':
        raise PointError("unbalanced quotes")
    return end


def _fields(text: str) -> dict[str, FieldValue]:
    if not text:
        raise PointError("missing fields")
    found = [(match[1], match[2]) for match in _FIELD.finditer(text)]
    if not found or ",".join(f"{name}={value}" for name, value in found) != text:
        raise PointError("missing field value" if text.endswith("=") or "=," in text else "invalid field format")
    return {_unescape(name): _value(value) for name, value in found}


def _value(text: str) -> FieldValue:
    if text.startswith('"'):
        return re.sub(r'\\([\\"])', r"\1", text[1:-1])
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[:-1].lstrip("+-").isdecimal() and text.endswith("i"):
        return _integer(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    raise PointError("invalid number" if text[0] in "+-.0123456789nNiI" else "invalid boolean")


def _integer(text: str) -> int:
    value = int(text[:-1])
    if not -(2**63) <= value < 2**63:
        raise PointError(
            f'unable to parse integer {text[:-1]}: strconv.ParseInt: parsing "{text[:-1]}": value out of range'
        )
    return value


def _time(text: str, precision: str, now_ns: int) -> int:
    if not text:
        return now_ns
    if not re.fullmatch(r"-?\d+", text):
        raise PointError("bad timestamp")
    at_ns = int(text) * _NANOSECONDS[precision]
    if not TIME_MIN_NS <= at_ns <= TIME_MAX_NS:
        raise PointError(f"time outside range {TIME_MIN_NS} - {TIME_MAX_NS}")
    return at_ns


def _unescape(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)

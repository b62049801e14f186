"""JSON payloads, scalar payloads and availability words, as platforms send them."""

from __future__ import annotations

import json
import re

import msgspec

from domain import RefusalReason
from ingest.results import Rejection

ONLINE_WORDS = frozenset({"online", "connected", "alive", "up", "on", "true", "1"})
OFFLINE_WORDS = frozenset({"offline", "disconnected", "dead", "down", "off", "false", "0"})
AVAILABILITY_KEYS = ("state", "status", "online", "value")

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""Half of a surrogate pair: Python decodes it to a text that cannot be encoded again."""

_JSON_WORDS = frozenset({"true", "false", "null"})
_decode = msgspec.json.Decoder().decode


def read_json(payload: bytes) -> object:
    """The JSON value, or a Rejection.

    >>> read_json(b'{"lel_pct": 3}')
    {'lel_pct': 3}
    >>> read_json(b'{"lel_pct": 3').detail
    'not JSON: Input data was truncated'
    """
    try:
        return _decode(payload)
    except (ValueError, RecursionError) as error:
        return _read_leniently(payload, f"not JSON: {error}")


def _read_leniently(payload: bytes, error: str) -> object:
    """JSON with NaN, a byte order mark, GBK text or half a surrogate pair: an alarm bit beside it must not be lost."""
    try:
        return json.loads(_ESCAPED_SURROGATE.sub(r"\\ufffd", _text(payload)))
    except (ValueError, RecursionError):
        return Rejection(RefusalReason.BAD_PAYLOAD, error)


def _text(payload: bytes) -> str:
    try:
        return payload.decode(json.detect_encoding(payload)).removeprefix("\ufeff")
    except ValueError:
        return payload.decode("gb18030", "replace")


def parse_availability(payload: bytes) -> bool | None:
    """Whether a last will or an availability message says online: a word, or a JSON object with one. None: neither.

    >>> parse_availability(b"offline"), parse_availability(b'{"state": "online"}'), parse_availability(b"")
    (False, True, None)
    """
    text = payload.decode("utf-8", "replace").strip()
    value = read_json(payload) if text.startswith(("{", '"')) else text
    if isinstance(value, dict):
        value = next((value[key] for key in AVAILABILITY_KEYS if key in value), None)
    word = str(value).strip().lower()
    return True if word in ONLINE_WORDS else False if word in OFFLINE_WORDS else None


def read_scalar(payload: bytes) -> object:
    """A payload of one value: a number, true or false, else the text; or a Rejection.

    >>> read_scalar(b"-1"), read_scalar(b"true"), read_scalar(b" mild "), read_scalar(bytes([255])).detail
    (-1, True, 'mild', 'neither a number nor text')
    """
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError:
        return Rejection(RefusalReason.BAD_PAYLOAD, "neither a number nor text")
    if text[:1].islower() and text not in _JSON_WORDS:
        return text  # most states are such a word, and two parsers would fail on it
    value = read_json(payload)
    return text if isinstance(value, Rejection | str | dict | list) else value

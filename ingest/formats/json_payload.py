"""Reading JSON and on/off words as platforms write them. It knows no topic, no device and no quantity."""

from __future__ import annotations

import json
import re

import msgspec

from domain import Reason
from ingest.results import Rejection

ONLINE_WORDS = frozenset({"online", "connected", "alive", "up", "on", "true", "1"})
OFFLINE_WORDS = frozenset({"offline", "disconnected", "dead", "down", "off", "false", "0"})
AVAILABILITY_KEYS = ("state", "status", "online", "value")

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""Half a character: what Python reads as text that cannot be written anywhere."""

_decode = msgspec.json.Decoder().decode


def read_json(payload: bytes) -> object:
    """The JSON value, or why there is none.

    >>> read_json(b'{"lel_pct": 3}')
    {'lel_pct': 3}
    >>> read_json(b'{"lel_pct": 3').detail
    'not JSON: Input data was truncated'
    """
    try:
        return _decode(payload)
    except (ValueError, RecursionError) as fault:
        return _read_leniently(payload, f"not JSON: {fault}")


def _read_leniently(payload: bytes, fault: str) -> object:
    """JSON with NaN, a byte order mark, GBK text or half a character: an alarm bit beside it must not be lost."""
    try:
        return json.loads(_ESCAPED_SURROGATE.sub(r"\\ufffd", _text(payload)))
    except (ValueError, RecursionError):
        return Rejection(Reason.BAD_PAYLOAD, fault)


def _text(payload: bytes) -> str:
    try:
        return payload.decode(json.detect_encoding(payload)).removeprefix("\ufeff")
    except ValueError:
        return payload.decode("gb18030", "replace")


def parse_availability(payload: bytes) -> bool | None:
    """What a last will or an availability topic says: a bare word, or a JSON object holding one.

    >>> parse_availability(b"offline"), parse_availability(b'{"state": "online"}'), parse_availability(b"")
    (False, True, None)
    """
    text = payload.decode("utf-8", "replace").strip()
    said = read_json(payload) if text.startswith(("{", '"')) else text
    if isinstance(said, dict):
        said = next((said[key] for key in AVAILABILITY_KEYS if key in said), None)
    word = str(said).strip().lower()
    return True if word in ONLINE_WORDS else False if word in OFFLINE_WORDS else None


def read_scalar(payload: bytes) -> object:
    """A topic that holds one bare value: a number, true or false, else the word as it stands; or why it is none.

    >>> read_scalar(b"-1"), read_scalar(b"true"), read_scalar(b" mild "), read_scalar(bytes([255])).detail
    (-1, True, 'mild', 'neither a number nor text')
    """
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError:
        return Rejection(Reason.BAD_PAYLOAD, "neither a number nor text")
    said = read_json(payload)
    return text if isinstance(said, Rejection | str | dict | list) else said

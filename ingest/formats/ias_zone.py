"""Alarm fields of the Zigbee Cluster Library (IAS Zone, IAS ACE), decoded from raw attributes and commands.

Which of the two alarm bits a device sets is its maker's choice, and a decoder that reads only one of them has reported
an alarming gas detector as quiet: either bit is the alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ALARM_BITS: Final = 0x0003
STATUS_BITS: Final = {"ZoneTamper": 0x0004, "ZoneBatteryLow": 0x0008, "ZoneTrouble": 0x0040, "ZoneTest": 0x0100}

STATUS_FIELDS: Final = ("ZoneStatusChange", "ZoneStatus")
RAW_STATUS_FIELDS: Final = ("0500!00", "0500<00", "0500?00")
"""Raw status change notifications: two bytes of status, the low byte first."""

COMMANDS: Final = {"0501!02": "Emergency", "0501!03": "Fire", "0501!04": "Panic"}
"""Commands of a keypad or a panic button; their payload is empty."""


def decode_status(status: int) -> dict[str, object]:
    """A zone status as one bool a condition.

    >>> [[name for name, bit in decode_status(status).items() if bit] for status in (0x0001, 34, 0x0104)]
    [['ZoneAlarm'], ['ZoneAlarm'], ['ZoneTamper', 'ZoneTest']]
    """
    bits = {name: bool(status & bit) for name, bit in STATUS_BITS.items()}
    return {"ZoneAlarm": bool(status & ALARM_BITS), **bits}


def name_zone_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields with raw commands and statuses replaced by named ones. A raw status that cannot be read is kept.

    >>> name_zone_fields({"0500!00": "010000FF0000"})["ZoneAlarm"]
    True
    >>> name_zone_fields({"0500!00": "zz"}), name_zone_fields({"0501!04": ""})
    ({'0500!00': 'zz'}, {'Panic': True})
    """
    named = {COMMANDS.get(name, name): True if _is_command(name, value) else value for name, value in fields.items()}
    for name in (*RAW_STATUS_FIELDS, *STATUS_FIELDS):
        status = _parse_status(named.get(name))
        if status is not None:
            del named[name]
            named.update(decode_status(status))
    return named


def _is_command(name: str, value: object) -> bool:
    """Whether it is an emergency command, raw or already named; neither has a payload."""
    return name in COMMANDS or (value == "" and name in COMMANDS.values())


def _parse_status(value: object) -> int | None:
    """A status as a number, or as hexadecimal text of at least two bytes, the low byte first.

    >>> [_parse_status(value) for value in ("0100", "210000FF0000", 33, "1", True, -1)]
    [1, 33, 33, None, None, None]
    """
    if type(value) is int:
        return value if 0 <= value < 1 << 16 else None
    try:
        raw = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return None
    return int.from_bytes(raw[:2], "little") if len(raw) > 1 else None

"""The alarm words of the Zigbee Cluster Library (IAS Zone, IAS ACE) as named fields. It knows no platform and no kind.

Which of the two alarm bits a device raises is its maker's choice, and a decoder that reads only one of them has called
an alarming gas detector quiet: either of them is the alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ALARM_BITS: Final = 0x0003
STATUS_BITS: Final = {"ZoneTamper": 0x0004, "ZoneBatteryLow": 0x0008, "ZoneTrouble": 0x0040, "ZoneTest": 0x0100}

STATUS_FIELDS: Final = ("ZoneStatusChange", "ZoneStatus")
RAW_STATUS_FIELDS: Final = ("0500!00", "0500<00", "0500?00")
"""Raw status change notifications: two bytes of status, the low one first."""

COMMANDS: Final = {"0501!02": "Emergency", "0501!03": "Fire", "0501!04": "Panic"}
"""What a keypad or a panic button sends; its payload is empty."""


def decode_status(status: int) -> dict[str, object]:
    """A zone's status as verdicts.

    >>> [[name for name, bit in decode_status(status).items() if bit] for status in (0x0001, 34, 0x0104)]
    [['ZoneAlarm'], ['ZoneAlarm'], ['ZoneTamper', 'ZoneTest']]
    """
    return {"ZoneAlarm": bool(status & ALARM_BITS), **{name: bool(status & bit) for name, bit in STATUS_BITS.items()}}


def name_zone_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields with what is raw among them named; a raw status that cannot be read stays as it is.

    >>> name_zone_fields({"0500!00": "010000FF0000"})["ZoneAlarm"]
    True
    >>> name_zone_fields({"0500!00": "zz"}), name_zone_fields({"0501!04": ""})
    ({'0500!00': 'zz'}, {'Panic': True})
    """
    said = {COMMANDS.get(name, name): True if _is_command(name, value) else value for name, value in fields.items()}
    for name in (*RAW_STATUS_FIELDS, *STATUS_FIELDS):
        status = _parse_status(said.get(name))
        if status is not None:
            del said[name]
            said.update(decode_status(status))
    return said


def _is_command(name: str, value: object) -> bool:
    """Whether it is a call for help, raw or already named; neither has a content."""
    return name in COMMANDS or (value == "" and name in COMMANDS.values())


def _parse_status(word: object) -> int | None:
    """
    >>> [_parse_status(value) for value in ("0100", "210000FF0000", 33, "1", True, -1)]
    [1, 33, 33, None, None, None]
    """
    if type(word) is int:
        return word if 0 <= word < 1 << 16 else None
    try:
        raw = bytes.fromhex(word) if isinstance(word, str) else b""
    except ValueError:
        return None
    return int.from_bytes(raw[:2], "little") if len(raw) > 1 else None

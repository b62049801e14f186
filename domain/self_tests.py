"""How long a device may report that it is under test before its alarms count again. A self-test takes seconds to a
minute."""

from __future__ import annotations

from typing import Final

from domain import HOUR, MINUTE, Device
from domain.duration import parse_duration

LIMIT: Final = 3 * MINUTE
MAX_LIMIT: Final = HOUR
"""A longer limit would be a way to switch a detector off."""


def limit_of(device: Device | None) -> int:
    """Milliseconds: the device's attribute `test_limit` (`10m`, at most an hour), else three minutes.

    >>> limit_of(None), limit_of(Device("d", "gas_alarm", attributes={"test_limit": "10m"}))
    (180000, 600000)
    >>> limit_of(Device("d", "gas_alarm", attributes={"test_limit": "2d"}))
    3600000
    """
    text = None if device is None else device.attributes.get("test_limit")
    if text is None:
        return LIMIT
    try:
        return min(parse_duration(text), MAX_LIMIT)
    except ValueError:
        return LIMIT  # an unreadable limit must not make a test endless

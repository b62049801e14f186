"""How long a device's word that it is under test is believed: a self-test takes seconds to a minute."""

from __future__ import annotations

from typing import Final

from domain import HOUR, MINUTE, Device
from domain.duration import parse_duration

LIMIT: Final = 3 * MINUTE
LIMIT_MOST: Final = HOUR
"""A longer one would be a switch that turns a detector off."""


def limit_of(device: Device | None) -> int:
    """Milliseconds: the device's attribute `test_limit` (`10m`, at most an hour), else three minutes.

    >>> limit_of(None), limit_of(Device("d", "gas_alarm", attributes={"test_limit": "10m"}))
    (180000, 600000)
    >>> limit_of(Device("d", "gas_alarm", attributes={"test_limit": "2d"}))
    3600000
    """
    written = None if device is None else device.attributes.get("test_limit")
    if written is None:
        return LIMIT
    try:
        return min(parse_duration(written), LIMIT_MOST)
    except ValueError:
        return LIMIT  # a limit nobody can read must not make a test endless

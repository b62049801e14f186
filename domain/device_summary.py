"""What is known of a device now: when it was last heard, its battery, and the conditions an operator filters by."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from domain import Device, Instant


class DeviceCondition(StrEnum):
    """A condition of a device; it may be in several."""

    ALARM = "alarm"
    """A finding of danger is active."""
    OFFLINE = "offline"
    """It is reported absent, its platform reports it offline, or nothing comes through its gateway."""
    LOW_BATTERY = "low_battery"
    """Its battery is low, or is forecast to be empty soon."""
    EXPIRED = "expired"
    """A date of its attributes has passed or is near: end of life, calibration."""
    TEST = "test"
    """It reports that it is being tested."""
    FAULT = "fault"
    """Another finding of the health ledger is active."""


class DeviceSummary(Struct, frozen=True, kw_only=True):
    """One device as the rules know it. Times are arrival times.

    `battery_days_left` is the forecast by the fall of two to four weeks, at the time of the last value; None while
    nothing can be said.
    """

    device: Device
    conditions: frozenset[DeviceCondition] = frozenset()
    last_message_at: Instant | None = None
    report_every_ms: int = 0
    battery_pct: float | None = None
    battery_at: Instant | None = None
    battery_days_left: float | None = None
    findings: tuple[str, ...] = ()
    """Rules with an active finding about it."""
    gateway: str | None = None
    gateway_silent_since: Instant | None = None

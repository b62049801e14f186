"""Nights on which clocks change, in zones with and without daylight saving time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

NIGHTS = {
    "Europe/Berlin": ((2026, 3, 29), (2026, 10, 25)),
    "America/New_York": ((2026, 3, 8), (2026, 11, 1)),
    "Australia/Lord_Howe": ((2026, 4, 5), (2026, 10, 4)),  # by half an hour
    "Australia/Adelaide": ((2026, 4, 5), (2026, 10, 4)),
    "America/St_Johns": ((2026, 3, 8), (2026, 11, 1)),
    "Asia/Kolkata": ((2026, 3, 29),),
    "Asia/Shanghai": ((2026, 3, 29),),
}
ZONE_NIGHTS = [(zone, night) for zone, nights in NIGHTS.items() for night in nights]


def utc(zone: str, *when: int, fold: int = 0) -> int:
    return int(datetime(*when, tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)  # type: ignore[arg-type, misc]

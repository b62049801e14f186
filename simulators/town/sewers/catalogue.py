"""Kinds of incidents at manholes: what moves, fills or gathers, how long, and by when to be told.

Sources of the deadlines. A cover that is open or gone: 30 s from waking up to the answer (GB/T 41401-2022) and 60 s
for a person to take it (1分钟接单 of 胶州), rounded up to 2 minutes. A tilted cover: 5 minutes. A full well: 10 minutes
that the device may sleep and 5 more after the water reaches 30 cm below the rim. A surcharged sewer: 30 minutes from
when water stands in half of a well. Gas: 15 minutes after a quarter of the lower explosive limit or 10 ppm. A device
that drowned: with the digest of the next day. Durations are ours; owners refill a missing cover within 3 hours
(Guangzhou).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from domain import HOUR, MINUTE


class Cause(StrEnum):
    """What an incident changes."""

    COVER = "cover"
    SHAKE = "shake"
    GAS = "gas"
    SILENCE = "silence"


class ManholeKind(Struct, frozen=True):
    """One kind on one manhole. `tilt_deg` is that of the cover, `from_hour` the local hour of the begin.

    `silent_after_ms`: from then on the device is not heard. `notify_ms` None: a nuisance, or (gas) by its crossing.
    """

    name: str
    title: str
    cause: Cause
    hours: tuple[float, float]
    notify_ms: int | None
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    from_hour: tuple[float, float] = (0.0, 23.9)
    silent_after_ms: int | None = None
    hazard: str = "manhole"
    life_safety: bool = False
    ch4_pct: tuple[float, float] = (0.0, 0.0)
    h2s_ppm: tuple[float, float] = (0.0, 0.0)
    changes_h: tuple[float, float] = (0.2, 0.5)
    is_maintenance: bool = False
    """A maintenance worker opens it and is known."""
    is_reported: bool = False
    """Residents may report it."""


NOTIFY_FULL_MS: Final = 15 * MINUTE
NOTIFY_SURCHARGED_MS: Final = 30 * MINUTE
NOTIFY_GAS_MS: Final = 15 * MINUTE
FLOODING: Final = "sewer_flooding"
SURCHARGE: Final = "sewer_surcharge"
HIGH_FLOW: Final = "sewer_high_flow"
"""Much water, and a sewer that carries it: a nuisance."""
BLOCKAGE: Final = "sewer_blockage"
KINDS: Final[Mapping[str, ManholeKind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ManholeKind(
                "cover_stolen",
                "井盖被盗",
                Cause.COVER,
                (3, 9),
                2 * MINUTE,
                (60, 175),
                silent_after_ms=20 * MINUTE,
                life_safety=True,
                is_reported=True,
            ),
            ManholeKind(
                "cover_displaced",
                "井盖移位",
                Cause.COVER,
                (1, 4),
                2 * MINUTE,
                (25, 70),
                life_safety=True,
                is_reported=True,
            ),
            ManholeKind("cover_tilted", "井盖翘起", Cause.COVER, (2, 8), 5 * MINUTE, (16, 19)),
            ManholeKind("vehicle_pass", "重车碾压", Cause.SHAKE, (0.02, 0.03), None, (1, 6)),
            ManholeKind(
                "planned_maintenance",
                "计划检修开盖",
                Cause.COVER,
                (0.7, 2.5),
                None,
                (85, 95),
                (9, 15.5),
                is_maintenance=True,
            ),
            ManholeKind(
                "methane_accumulation",
                "井内甲烷积聚",
                Cause.GAS,
                (14, 26),
                None,
                ch4_pct=(1.8, 4.0),
                h2s_ppm=(3, 8),
                life_safety=True,
            ),
            ManholeKind(
                "h2s_accumulation",
                "井内硫化氢积聚",
                Cause.GAS,
                (8, 16),
                None,
                ch4_pct=(0.2, 0.6),
                h2s_ppm=(18, 90),
                life_safety=True,
            ),
            ManholeKind(
                "device_drowned",
                "井盖设备进水",
                Cause.SILENCE,
                (40, 60),
                36 * HOUR,
                silent_after_ms=0,
                hazard="device",
            ),
        )
    }
)

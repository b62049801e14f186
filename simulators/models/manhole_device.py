"""The device under a manhole cover: when it measures, what it decides, when it reports beside its plan.

Dingtek's DC410 reports every 6 hours, calls the well full 30 cm below the sensor and the cover moved from 20° on, and
reports either at once (domain facts B.5 and its published settings). GB/T 41401-2022 asks for 30 s from waking up to
the answer of the platform. Its default interval of detection is 60 minutes; ours is 10, with a report when the level
has changed by 20 cm or gas crosses its set point, and a contact at the full level that wakes it, as others of the
market have (unverified). A shake of less than 2 s is no movement of the cover.
"""

from __future__ import annotations

from random import Random
from typing import Final

from msgspec import Struct

from domain import MINUTE, SECOND
from simulators.models.manhole_gas import ALARM_CH4_PCT, ALARM_H2S_PPM

DETECT_MS: Final = 10 * MINUTE
FULL_MM: Final = 300
"""Below the rim: the well is full."""
OPENED_DEG: Final = 20.0
LEVEL_CHANGE_MM: Final = 200
WAKE_MS: Final = 4 * SECOND
"""From a movement until the report leaves."""
CH4_CHANGE_PCT: Final = 0.5
H2S_CHANGE_PPM: Final = 10.0
STILL_MS: Final = MINUTE
"""A shaken device reports again when it has been still so long."""


class ManholeState(Struct, frozen=True):
    """What there is to measure."""

    level_mm: int
    ch4_pct: float
    h2s_ppm: float
    tilt_deg: float
    vibrates: bool = False

    def is_full(self, depth_mm: int) -> bool:
        return self.level_mm >= depth_mm - FULL_MM

    @property
    def is_opened(self) -> bool:
        return abs(self.tilt_deg) >= OPENED_DEG

    @property
    def is_gassy(self) -> bool:
        return self.ch4_pct >= ALARM_CH4_PCT or self.h2s_ppm >= ALARM_H2S_PPM

    def is_danger(self, depth_mm: int) -> bool:
        """Whether the device reports at once and again: a full well, gas."""
        return self.is_full(depth_mm) or self.is_gassy

    def differs(self, last: ManholeState, depth_mm: int) -> bool:
        """Whether the device reports beside its plan."""
        return (
            self.is_full(depth_mm) != last.is_full(depth_mm)
            or abs(self.level_mm - last.level_mm) >= LEVEL_CHANGE_MM
            or self.is_gassy != last.is_gassy
            or abs(self.ch4_pct - last.ch4_pct) >= CH4_CHANGE_PCT
            or abs(self.h2s_ppm - last.h2s_ppm) >= H2S_CHANGE_PPM
        )


class ManholeDevice(Struct, frozen=True):
    """One device: at rest its cover is tilted by `rest_deg`; `phase_ms` is when in its interval it measures."""

    rest_deg: float
    phase_ms: int
    battery_pct: int
    gas_phase: float
    report_phase: float


def manhole_device(id_: str, seed: int) -> ManholeDevice:
    """The device with this id."""
    random = Random(f"{seed}/manhole/{id_}")
    return ManholeDevice(
        rest_deg=round(random.uniform(0.0, 1.6), 1),
        phase_ms=random.randrange(DETECT_MS) // SECOND * SECOND,
        battery_pct=random.randint(55, 99),
        gas_phase=random.random(),
        report_phase=random.random(),
    )

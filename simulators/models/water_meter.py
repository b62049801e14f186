"""A smart water meter: what it counts, shows and decides by itself.

Logic and thresholds as in the data sheet of Kamstrup's meters (domain facts B.4): LEAK, no hour without flow in the
last 24 hours, where flow below 0.1 % of Q3 counts as none; it clears after one hour without. BURST, flow above 20 % of
Q3 for 30 minutes. Backflow and a magnet are reported while they last. Meters show steps of 1 or 10 l.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from msgspec import Struct

from domain import MINUTE

BURST_AFTER_MS: Final = 30 * MINUTE
_LEAK_SHARE: Final = 0.001
_BURST_SHARE: Final = 0.2
_TEN_LITRE_SHARE: Final = 0.25
"""Of meters with pulses of 10 l: ours (unverified)."""


class MeterType(Struct, frozen=True):
    """One meter. `q3_m3h` is the permanent flow (GB/T 778.1, ISO 4064-1), `first_l` what it showed on 2026-01-01."""

    resolution_l: int
    q3_m3h: float
    first_l: int
    battery_v: float

    @property
    def leak_l_h(self) -> float:
        """Flow below counts as none."""
        return self.q3_m3h * 1000.0 * _LEAK_SHARE

    @property
    def burst_l_h(self) -> float:
        """Flow above is a burst when it lasts."""
        return self.q3_m3h * 1000.0 * _BURST_SHARE

    def shown_m3(self, litres: float) -> float:
        """The counter as the meter shows it: whole steps.

        >>> MeterType(10, 2.5, 0, 3.6).shown_m3(1234.9)
        1.23
        """
        return int(litres / self.resolution_l) * self.resolution_l / 1000

    def has_leak(self, last_24_l: Sequence[float]) -> bool:
        """The leak flag after these hours, in litres.

        >>> meter = MeterType(1, 2.5, 0, 3.6)
        >>> meter.has_leak([15.0] * 24), meter.has_leak([15.0] * 23 + [1.0])
        (True, False)
        """
        return min(last_24_l) >= self.leak_l_h


def meter_type(device: str, q3_m3h: float, *, fine: bool) -> MeterType:
    """The meter with this id. `fine`: steps of 1 l, which a programme for elders asks for."""
    random = Random(f"meter/{device}")
    coarse = random.random() < _TEN_LITRE_SHARE
    return MeterType(
        resolution_l=10 if coarse and not fine else 1,
        q3_m3h=q3_m3h,
        first_l=random.randrange(40_000, 400_000),
        battery_v=round(random.uniform(3.52, 3.66), 2),
    )

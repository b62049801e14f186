"""Methane and hydrogen sulphide in the air of a foul manhole: one mixed volume, a source in the sludge, ventilation.

Field studies find that ventilation decides the concentration, that opening one cover about doubles the air turnover,
and that gas comes in pulses with the flow (Matos et al., Water Sci. Technol. 2020, 81:2043). In a sound sewer methane
stays below 0.3 %vol. The set point of 1.25 %vol is a quarter of the lower explosive limit of 5.0 %vol. The figures of
sources and air changes are ours (unverified).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from msgspec import Struct

from domain import HOUR, MINUTE, Instant
from simulators.models.mixing import concentration_after
from simulators.models.portable import decay

ALARM_CH4_PCT: Final = 1.25
ALARM_H2S_PPM: Final = 10.0
OPEN_CHANGES_H: Final = 12.0
_LONGEST_MIN: Final = 2 * 24 * 60


class GasBuildUp(Struct, frozen=True):
    """Gas that gathers after the vent holes of a cover are closed. Equilibria and air changes of the closed well."""

    ch4_pct: float
    h2s_ppm: float
    changes_h: float

    def after(self, ms: int) -> tuple[float, float]:
        """Methane in %vol and hydrogen sulphide in ppm so long after they are closed.

        >>> GasBuildUp(2.0, 40.0, 0.25).after(0)
        (0.0, 0.0)
        """
        seconds, decay = ms / 1000.0, self.changes_h / 3600.0
        ch4 = concentration_after(0.0, self.ch4_pct * decay, decay, seconds)
        return ch4, concentration_after(0.0, self.h2s_ppm * decay, decay, seconds)

    def crosses_after(self) -> int | None:
        """When either gas reaches its set point, in ms, to the next minute; None: not within two days."""
        shares = (ALARM_CH4_PCT / max(self.ch4_pct, 1e-9), ALARM_H2S_PPM / max(self.h2s_ppm, 1e-9))
        share = min(shares)
        if share >= 1.0:
            return None
        minutes = range(1, _LONGEST_MIN + 1)
        gathered = bisect_left(minutes, share, key=lambda minute: 1.0 - decay(self.changes_h * minute / 60.0))
        return None if gathered == _LONGEST_MIN else minutes[gathered] * MINUTE


def ordinary_gas(phase: float, days_since_rain: int, at: Instant, *, is_open_for_ms: int | None) -> tuple[float, float]:
    """Methane and hydrogen sulphide of a sound foul manhole: more the longer it has not rained, in two pulses a day.

    `phase` from 0 to 1 tells one manhole from another. An open cover ventilates.

    >>> max(ordinary_gas(1.0, 30, hour * HOUR, is_open_for_ms=None)[0] for hour in range(24)) < 0.3
    True
    """
    part = (at / (12 * HOUR) + phase) % 1.0
    pulse = 4.0 * part * (1.0 - part)
    dryness = min(days_since_rain, 14) / 14.0
    ch4 = (0.02 + 0.12 * phase) * (1.0 + dryness * pulse)
    h2s = (0.3 + 1.7 * phase) * (0.5 + dryness * pulse)
    if is_open_for_ms is not None:
        ratio = decay(OPEN_CHANGES_H * is_open_for_ms / HOUR)
        ch4, h2s = ch4 * ratio, h2s * ratio
    return ch4, h2s

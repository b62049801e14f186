"""Carbon monoxide in a room and in the detector. Concentrations are ppm by volume, times are seconds.

Carbon monoxide is a dose: EN 50291 limits how long a level may last before the alarm (domain facts B.1), not the level.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from msgspec import Struct

from simulators.models.mixing import concentration_after

_HOUR_S: Final = 3600.0
_MINUTE_S: Final = 60.0

CHARCOAL_M3H_PER_KW: Final = (0.00822, 0.0111)
"""Least and most CO of burning charcoal: 137 to 185 ml/min per kW (Industrial Health 2011 49(3):393-5)."""
BLOCKED_FLUE_M3H: Final = (0.012, 0.035)
"""CO of a 20 kW water heater with a blocked flue: about 20 m³/h of flue gas at 600 to 1,800 ppm. Ours (unverified)."""

_LATEST: Final = ((50.0, 90.0), (100.0, 40.0), (300.0, 3.0))
"""EN 50291: at this level (ppm) an alarm within this time (minutes)."""
_USUAL: Final = ((30.0, 150.0), (50.0, 75.0), (100.0, 25.0), (300.0, 2.0))
"""Within the limits of EN 50291: at 30 ppm not before 120 min, at 50 in 60 to 90, at 100 in 10 to 40, at 300 in 3."""


def ppm_after(ppm: float, volume_m3: float, release_m3h: float, air_changes_h: float, seconds: float) -> float:
    """The concentration after `seconds` of constant release and ventilation.

    >>> round(ppm_after(0.0, 20.0, 0.02, 0.5, 1e6))
    2000
    """
    return concentration_after(ppm, release_m3h / volume_m3 / _HOUR_S * 1e6, air_changes_h / _HOUR_S, seconds)


class Dose(Struct, frozen=True):
    """Parts of the dose that raises the alarm: by the latest times of the standard, and by those of a detector."""

    latest: float = 0.0
    usual: float = 0.0

    @property
    def is_dangerous(self) -> bool:
        """No detector that meets the standard may be silent now."""
        return self.latest >= 1.0

    @property
    def alarms(self) -> bool:
        return self.usual >= 1.0


def dose_after(dose: Dose, ppm: float, seconds: float) -> Dose:
    """The dose after `seconds` at a level. Below 30 ppm it falls back within ten minutes (ours, unverified)."""
    if ppm < 30.0:
        loss = seconds / (10 * _MINUTE_S)
        return Dose(max(min(dose.latest, 1.0) - loss, 0.0), max(min(dose.usual, 1.0) - loss, 0.0))
    return Dose(_grown(dose.latest, _LATEST, ppm, seconds), _grown(dose.usual, _USUAL, ppm, seconds))


def _grown(part: float, limits: tuple[tuple[float, float], ...], ppm: float, seconds: float) -> float:
    if ppm < limits[0][0]:
        return part
    return part + seconds / (_minutes_until_alarm(limits, ppm) * _MINUTE_S)


def _minutes_until_alarm(limits: tuple[tuple[float, float], ...], ppm: float) -> float:
    """Linear between the levels of the standard; above the highest the time of the highest."""
    for (low, slow), (high, fast) in pairwise(limits):
        if ppm < high:
            return slow + (fast - slow) * (ppm - low) / (high - low)
    return limits[-1][1]

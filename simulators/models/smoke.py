"""Fire, smoke and the smoke alarm. Times are seconds, heat is kW, smoke is optical density per metre.

- Growth: Q = alpha t², slow, medium, fast and ultra-fast reach 1,055 kW after 600, 300, 150, 75 s (NFPA 204).
- Smoke: the burnt mass times its mass optical density, mixed into the room. Heat of combustion 20 kJ/g and mass
  optical densities of 0.05 to 0.3 m²/g are of the order of those of furniture (ours, unverified).
- Heat below the ceiling: Alpert's ceiling jet, 16.9 Q^(2/3) H^(-5/3) (Alpert 1972).
- Detector: it responds to the density inside its chamber, which follows that outside with a time constant of 10 to 50 s
  at the air speed of smouldering fires (Björkman et al., Fire Safety Journal 2002 37(4):395-407). Nominal threshold
  15 %/m (Sensors 2020 20(21):6272), that is an optical density of 0.0706 per metre.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, structs

from simulators.models.mixing import concentration_after
from simulators.models.portable import cube_root

GROWTH_TIME_S: Final = {"slow": 600.0, "medium": 300.0, "fast": 150.0, "ultra_fast": 75.0}
"""Seconds until `GROWTH_HEAT_KW`."""
GROWTH_HEAT_KW: Final = 1055.0
HEAT_OF_COMBUSTION_KJ_G: Final = 20.0
NOMINAL_OD_M: Final = 0.0706
_HOUR_S: Final = 3600.0


class Fire(Struct, frozen=True):
    """A fire. `growth` is a key of GROWTH_TIME_S; without one it smoulders at a constant `smoulder_g_s`."""

    growth: str | None
    od_m2_g: float
    """Mass optical density."""
    peak_kw: float = 2_000.0
    smoulder_g_s: float = 0.0


def heat_kw(fire: Fire, seconds: float) -> float:
    """The heat release after `seconds`.

    >>> heat_kw(Fire("fast", 0.1), 150.0), heat_kw(Fire("fast", 0.1), 75.0)
    (1055.0, 263.75)
    """
    if fire.growth is None:
        return fire.smoulder_g_s * HEAT_OF_COMBUSTION_KJ_G * 0.1
    part = seconds / GROWTH_TIME_S[fire.growth]
    return min(GROWTH_HEAT_KW * part * part, fire.peak_kw)


def burning_g_s(fire: Fire, seconds: float) -> float:
    """The mass burnt in one second."""
    if fire.growth is None:
        return fire.smoulder_g_s
    return heat_kw(fire, seconds) / HEAT_OF_COMBUSTION_KJ_G


def od_after(od_m: float, fire: Fire, at_s: float, volume_m3: float, air_changes_h: float, seconds: float) -> float:
    """The optical density of the room after a short step of `seconds` that begins `at_s` after ignition."""
    inflow = fire.od_m2_g * burning_g_s(fire, at_s + seconds / 2) / volume_m3
    return concentration_after(od_m, inflow, air_changes_h / _HOUR_S, seconds)


def ceiling_c(fire_kw: float, height_m: float = 2.6, ambient_c: float = 20.0) -> float:
    """The temperature below the ceiling above a fire, limited by that of a room in full fire.

    >>> round(ceiling_c(100.0))
    94
    """
    heat, height = cube_root(fire_kw), cube_root(height_m)
    return min(ambient_c + 16.9 * heat * heat / (height_m * height * height), 600.0)


class SmokeDetector(Struct, frozen=True):
    """A photoelectric smoke alarm. `inside_m` is the density in its chamber."""

    threshold_m: float = NOMINAL_OD_M
    lag_s: float = 25.0
    inside_m: float = 0.0
    alarming: bool = False


def smoke_detector_after(detector: SmokeDetector, od_m: float, seconds: float) -> SmokeDetector:
    """The detector after `seconds` in smoke of `od_m`: on above its threshold, off below half of it."""
    inside = concentration_after(detector.inside_m, od_m / detector.lag_s, 1.0 / detector.lag_s, seconds)
    limit = detector.threshold_m * (0.5 if detector.alarming else 1.0)
    return structs.replace(detector, inside_m=inside, alarming=inside >= limit)

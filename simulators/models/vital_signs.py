"""Vital signs of an elder at the wrist, by time of day and activity.

- Pulse: lowest 2.4 h before waking (Khalid et al., Chronobiology International 2025: 20,000 wearers). Resting 62 to 78,
  swing 3 to 7, walking adds 14 to 24 (ours, unverified).
- Skin: distal skin is warmer asleep than awake; older adults have a smaller swing (Dittmar et al., Geriatrics 2024
  9(4):102). 32 to 34 °C awake, 1.2 °C more asleep (ours, unverified).
- Fever adds about 8 beats a minute for each degree (Liebermeister's rule, unverified).
- Ordinary days stay within what NEWS2 calls normal or scores 1: SpO2 94 to 99, body temperature 36.1 to 37.4 (domain
  facts B.2); the pulse 50 to 125, which walking reaches.
"""

from __future__ import annotations

from random import Random
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR
from simulators.models.daily_life import Activity
from simulators.models.distributions import about

NADIR_BEFORE_WAKING: Final = round(2.4 * HOUR)
BEATS_PER_DEGREE: Final = 8.0
NORMAL_BODY_C: Final = 36.5
STEPS_PER_MINUTE: Final = {
    Activity.SLEEP: 0.0,
    Activity.HOME: 2.2,
    Activity.WASH: 5.0,
    Activity.TOILET: 8.0,
    Activity.MEAL: 3.0,
    Activity.BATH: 1.0,
    Activity.OUT: 26.0,
}
_PULSE_OF: Final = {
    Activity.SLEEP: -3.0,
    Activity.HOME: 2.0,
    Activity.WASH: 6.0,
    Activity.TOILET: 5.0,
    Activity.MEAL: 4.0,
    Activity.BATH: 9.0,
    Activity.OUT: 18.0,
}


class Baseline(Struct, frozen=True):
    """What is usual for one person. `wake` is in ms since midnight."""

    pulse_bpm: float
    pulse_swing_bpm: float
    spo2_pct: float
    skin_c: float
    body_c: float
    systolic_mmhg: float
    wake: int


def baseline_of(random: Random, wake: int) -> Baseline:
    """The baseline of a person, from random numbers of that person."""
    return Baseline(
        pulse_bpm=random.uniform(62.0, 78.0),
        pulse_swing_bpm=random.uniform(3.0, 7.0),
        spo2_pct=random.uniform(96.2, 98.2),
        skin_c=random.uniform(32.2, 33.8),
        body_c=random.uniform(36.4, 36.7),
        systolic_mmhg=random.uniform(116.0, 142.0),
        wake=wake,
    )


def wave(part: float) -> float:
    """From -1 at 0 over 1 at one half back to -1 at 1: two parabolas, equal on every machine, within 0.06 of a cosine.

    >>> wave(0.0), wave(0.25), wave(0.5), wave(0.75)
    (-1.0, 0.0, 1.0, 0.0)
    """
    distance = 2.0 * (part if part <= 0.5 else 1.0 - part)
    if distance < 0.5:
        return 4.0 * distance * distance - 1.0
    return 1.0 - 4.0 * (1.0 - distance) * (1.0 - distance)


def pulse_bpm(usual: Baseline, at: int, activity: Activity) -> float:
    """The mean pulse at `at` ms after midnight."""
    part = (at - usual.wake + NADIR_BEFORE_WAKING) % DAY / DAY
    return usual.pulse_bpm + usual.pulse_swing_bpm * wave(part) + _PULSE_OF[activity]


def with_noise(random: Random, mean: float, spread: float, low: float, high: float) -> float:
    """A value about the mean, within what is ordinary."""
    return min(max(about(random, mean, spread), low), high)


def skin_c(usual: Baseline, activity: Activity, warmth: float) -> float:
    """The mean skin temperature; `warmth` of the season as in DayKind. Outdoors it follows the season."""
    asleep = 1.2 if activity is Activity.SLEEP else 0.0
    outdoors = 1.5 * (warmth - 1.0) if activity is Activity.OUT else 0.0
    return usual.skin_c + asleep + outdoors + 0.3 * warmth


def body_c(usual: Baseline, at: int) -> float:
    """The mean body temperature: lowest before waking, highest towards evening, 0.5 °C between them."""
    return usual.body_c + 0.25 * wave((at - usual.wake + NADIR_BEFORE_WAKING) % DAY / DAY)

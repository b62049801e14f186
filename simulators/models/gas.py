"""Gas concentration in a room, and a gas detector. Times are real seconds.

One well-mixed volume with a leak and ventilation. The lower explosive limit (LEL) of methane is 5 % by volume.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, structs

from simulators.models.mixing import concentration_after

LEL_FRACTION: Final = 0.05
_HOUR_S: Final = 3600.0


class Room(Struct, frozen=True):
    """A room. `gas` is the volume fraction of methane."""

    volume_m3: float
    gas: float = 0.0

    @property
    def lel_pct(self) -> float:
        return self.gas / LEL_FRACTION * 100.0


def room_after(room: Room, seconds: float, release_m3h: float, air_changes_h: float) -> Room:
    """The room after `seconds` of constant release and ventilation. The exact solution, so any step length is right.

    >>> round(room_after(Room(12.0), 240.0, 2.6, 0.5).lel_pct, 1)
    28.4
    >>> room_after(Room(12.0, gas=0.01), 3600.0, 0.0, 20.0).lel_pct < 0.1
    True
    """
    inflow = release_m3h / room.volume_m3 / _HOUR_S
    level = concentration_after(room.gas, inflow, air_changes_h / _HOUR_S, seconds)
    return structs.replace(room, gas=min(level, 1.0))


class Detector(Struct, frozen=True):
    """A household gas alarm: on after `delay_s` above `set_pct` (the 2026 standard requires 15 to 60 s), off below
    `clear_pct`. `over_s` is how long the level has been above `set_pct`.
    """

    set_pct: float = 8.0
    clear_pct: float = 5.0
    delay_s: float = 15.0
    over_s: float = 0.0
    alarming: bool = False


def detector_after(detector: Detector, lel_pct: float, seconds: float) -> Detector:
    """The detector after `seconds` at a level of `lel_pct`."""
    over_s = detector.over_s + seconds if lel_pct >= detector.set_pct else 0.0
    alarming = over_s >= detector.delay_s or (detector.alarming and lel_pct >= detector.clear_pct)
    return structs.replace(detector, over_s=over_s, alarming=alarming)

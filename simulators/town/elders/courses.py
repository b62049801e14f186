"""What an incident changes in the days of one person: the course of an illness, lying on the floor, being away."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from domain import Instant


class Course(Struct, frozen=True):
    """From `begin` until `end`, excluded. What is None or False stays as on an ordinary day.

    `still`: no step, no door, no motion. `away`: no door, no motion, the band goes along. `off`: the band is taken off.
    `silent`: the band is switched off. The vital signs reach their values within `ramp_ms`. `walk_m_s`: walks away from
    home, no further than `far_m`. `battery_pct` falls from this value to 0 at the end.
    """

    begin: Instant
    end: Instant
    still: bool = False
    away: bool = False
    off: bool = False
    silent: bool = False
    pulse_bpm: float | None = None
    spo2_pct: float | None = None
    body_c: float | None = None
    ramp_ms: int = 1
    walk_m_s: float | None = None
    far_m: float = 0.0
    battery_pct: float | None = None

    def is_active(self, at: Instant) -> bool:
        return self.begin <= at < self.end

    def part(self, at: Instant) -> float:
        """How far the vital signs have come: 0 at the begin, 1 once `ramp_ms` has passed."""
        return min((at - self.begin) / self.ramp_ms, 1.0)


def active(courses: Sequence[Course], at: Instant) -> Course | None:
    """The course at an instant; courses of one person do not overlap."""
    for course in courses:
        if course.begin <= at < course.end:
            return course
    return None

"""Alarm load of one operator position, by the measures of ANSI/ISA-18.2-2016 (clause 16, table 7) and EEMUA 191.

Sources and definitions: docs/statistics.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.analysis.facts import FindingBegin
from domain import DAY, HOUR, MINUTE, Instant

WINDOW_MS: Final = 10 * MINUTE
ACCEPTABLE_PER_WINDOW: Final = 1.0
"""ISA-18.2: about one alarm in ten minutes is very likely to be acceptable."""
MANAGEABLE_PER_WINDOW: Final = 2.0
"""ISA-18.2: about two alarms in ten minutes are the maximum manageable."""
FLOOD_BEGINS_ABOVE: Final = 10
"""ISA-18.2: a flood begins with more than ten alarms in ten minutes ..."""
FLOOD_ENDS_BELOW: Final = 5
"""... and ends with fewer than five in ten minutes."""
CHATTERING_TIMES: Final = 3
"""An alarm that begins three times within a minute is chattering."""
STALE_MS: Final = DAY
"""ISA-18.2: an alarm that stays active for more than 24 hours is stale."""
BUSY_HOUR_ALARMS: Final = 30
"""ISA-18.2 counts the hours with more than 30 alarms."""


class LoadLevel(StrEnum):
    """The average rate against ISA-18.2. Values are those of the API."""

    ACCEPTABLE = "acceptable"
    MANAGEABLE = "manageable"
    OVERLOADED = "overloaded"


class AlarmLoad(Struct, frozen=True):
    """Rates per operator position (`operators`). Shares are of the period: 0.01 is 1 %."""

    alarms: int
    operators: int
    per_ten_minutes: float
    per_day: float
    level: LoadLevel
    peak_minute: int
    """The most alarms within one minute, of all positions together."""
    peak_ten_minutes: int
    """The most alarms within one window of ten minutes, of all positions together."""
    busy_hours: float
    """Share of hours with more than 30 alarms for one position."""
    over_ten: float
    """Share of ten-minute windows with more than ten alarms for one position."""
    flood: float
    """Share of the time in a flood."""
    floods: int


def alarm_load(alarms: Sequence[Instant], since: Instant, until: Instant, operators: int) -> AlarmLoad:
    """The load of a period with `since <= alarm < until`; `operators`: operator positions that share the alarms.

    Windows are counted from `since`; the last one may be shorter than ten minutes.
    """
    operators, span = max(1, operators), max(1, until - since)
    windows = _count_windows(alarms, since, WINDOW_MS)
    total_windows, total_hours = -(-span // WINDOW_MS), -(-span // HOUR)
    floods, flooded = _floods(windows, operators)
    average = len(alarms) / operators / (span / WINDOW_MS)
    return AlarmLoad(
        alarms=len(alarms),
        operators=operators,
        per_ten_minutes=round(average, 3),
        per_day=round(len(alarms) / operators / (span / DAY), 1),
        level=load_level(average),
        peak_minute=max(_count_windows(alarms, since, MINUTE).values(), default=0),
        peak_ten_minutes=max(windows.values(), default=0),
        busy_hours=_share_above(_count_windows(alarms, since, HOUR), BUSY_HOUR_ALARMS * operators, total_hours),
        over_ten=_share_above(windows, FLOOD_BEGINS_ABOVE * operators, total_windows),
        flood=round(flooded / total_windows, 5),
        floods=floods,
    )


def load_level(per_ten_minutes: float) -> LoadLevel:
    """The class of an average rate.

    >>> [load_level(rate).value for rate in (0.4, 1.5, 2.5)]
    ['acceptable', 'manageable', 'overloaded']
    """
    if per_ten_minutes <= ACCEPTABLE_PER_WINDOW:
        return LoadLevel.ACCEPTABLE
    return LoadLevel.MANAGEABLE if per_ten_minutes <= MANAGEABLE_PER_WINDOW else LoadLevel.OVERLOADED


def chattering(findings: Iterable[FindingBegin]) -> dict[tuple[str, str], int]:
    """Rule and device of each alarm that began three times within a minute, with the number of its beginnings."""
    begun: dict[tuple[str, str], list[Instant]] = {}
    for finding in findings:
        if finding.device is not None:
            begun.setdefault((finding.rule, finding.device), []).append(finding.at)
    found = {key: len(times) for key, times in begun.items() if _is_chattering(times)}
    return {key: found[key] for key in sorted(found, key=lambda key: (-found[key], key))}


def _is_chattering(times: list[Instant]) -> bool:
    if len(times) < CHATTERING_TIMES:
        return False
    ordered = sorted(times)
    return any(last - first <= MINUTE for first, last in zip(ordered, ordered[CHATTERING_TIMES - 1 :], strict=False))


def _count_windows(alarms: Iterable[Instant], since: Instant, width_ms: int) -> Counter[int]:
    return Counter((at - since) // width_ms for at in alarms)


def _share_above(windows: Mapping[int, int], limit: int, total: int) -> float:
    return round(sum(count > limit for count in windows.values()) / total, 5)


def _floods(windows: Mapping[int, int], operators: int) -> tuple[int, int]:
    """Number of floods, and of windows within one. A window without an alarm ends a flood."""
    floods, flooded, last = 0, 0, -2
    for window in sorted(windows):
        continues = last == window - 1 and windows[window] >= FLOOD_ENDS_BELOW * operators
        if windows[window] > FLOOD_BEGINS_ABOVE * operators or continues:
            floods += last != window - 1
            flooded += 1
            last = window
    return floods, flooded

"""Spellings of one field name: makers write `smokeAlarm`, `SMOKE_ALARM`, `status.Smoke alarm`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

GENERIC_LEAVES: Final = frozenset({"value", "val", "state", "status", "data", "current", "now"})
"""Last words of a path that mean nothing by themselves: the words before them count (`flood.value`)."""

CONTAINERS: Final = (
    GENERIC_LEAVES
    | {"params", "properties", "values", "payload", "object", "report", "events", "decoded"}
    | {"event", "samples", "messages", "measurements", "result", "output"}
)
"""Words of a path that only contain other fields: the word below them has its full meaning (`status.event`)."""

AMBIGUOUS_LEAVES: Final = (
    GENERIC_LEAVES
    | {"alarm", "alarms", "event", "level", "fault", "open", "opened", "on"}
    | {"full", "test", "key", "switch", "rssi"}
)
"""Last words that mean another thing below another word: `battery.alarm` is no fire."""

_PATH_BREAKS: Final = re.compile(r"[.:]+")
_NAME_MAX: Final = 120

NAME_CACHE_SIZE: Final = 4_096
"""Names whose variants are cached: a device sends the same ones every time."""


@lru_cache(maxsize=4 * NAME_CACHE_SIZE)
def normalized(name: str) -> str:
    """The letters and digits of a name, in lower case.

    >>> normalized("Smoke_Alarm"), normalized("smokeAlarm"), normalized("SMOKE ALARM"), normalized("烟雾-报警")
    ('smokealarm', 'smokealarm', 'smokealarm', '烟雾报警')
    """
    return "".join(filter(str.isalnum, name[:_NAME_MAX].lower()))


@lru_cache(maxsize=NAME_CACHE_SIZE)
def name_variants(name: str) -> tuple[str, ...]:
    """Normalized names under which a field may be known: the whole name first, then the end of its path.

    >>> name_variants("status.smokeAlarm"), name_variants("flood.value"), name_variants("battery.alarm")
    (('statussmokealarm', 'smokealarm'), ('floodvalue', 'flood'), ('batteryalarm',))
    """
    parts = [part for part in map(normalized, _PATH_BREAKS.split(name[:_NAME_MAX])) if part]
    variants = [normalized(name), *_alarm_moved_last(parts)]
    if len(parts) > 2:
        variants.append(parts[-2] + parts[-1])
    if len(parts) > 1 and parts[-1] in GENERIC_LEAVES:
        variants.append(parts[-2])
    elif len(parts) > 1 and parts[-1] not in AMBIGUOUS_LEAVES:
        variants.append(parts[-1])
    return tuple(variants)


def _alarm_moved_last(parts: list[str]) -> list[str]:
    """`alarmFall` is the fall alarm, `alarmBattery` the battery's (Dingtek)."""
    last = parts[-1] if parts else ""
    return [last.removeprefix("alarm") + "alarm"] if last.startswith("alarm") and last != "alarm" else []


def leaf_below_folders(name: str) -> str:
    """The normalized last level of a name with slashes, unless it is ambiguous. Several fields may have it.

    >>> leaf_below_folders("Kitchen/Smoke Alarm"), leaf_below_folders("Battery/Alarm"), leaf_below_folders("Smoke")
    ('smokealarm', '', '')
    """
    leaf = normalized(name.rpartition("/")[2]) if "/" in name else ""
    return "" if leaf in AMBIGUOUS_LEAVES else leaf


def leaf_below_containers(name: str) -> tuple[str, ...]:
    """The normalized last word of a path whose other words are all containers.

    >>> leaf_below_containers("status.event"), leaf_below_containers("battery.alarm"), leaf_below_containers("event")
    (('event',), (), ())
    """
    *parents, leaf = (normalized(part) for part in _PATH_BREAKS.split(name[:_NAME_MAX]))
    return (leaf,) if parents and CONTAINERS.issuperset(parents) else ()


@lru_cache(maxsize=NAME_CACHE_SIZE)
def name_below_containers(name: str) -> str:
    """The last word of such a path as it is written; any other name unchanged.

    >>> name_below_containers("event.distance_alarm"), name_below_containers("battery.alarm")
    ('distance_alarm', 'battery.alarm')
    """
    return _PATH_BREAKS.split(name)[-1] if leaf_below_containers(name) else name

"""One word in many spellings: vendors write `smokeAlarm`, `SMOKE_ALARM`, `status.Smoke alarm`. It knows no meaning."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

LEAVES: Final = frozenset({"value", "val", "state", "status", "data", "current", "now"})
"""Last words of a path that say nothing by themselves: those before them count (`flood.value`)."""

CONTAINERS: Final = (
    LEAVES
    | {"params", "properties", "values", "payload", "object", "report", "events", "decoded"}
    | {"event", "samples", "messages", "measurements", "result", "output"}
)
"""Words of a path that only hold others: what stands below them speaks for itself (`status.event`)."""

LONE: Final = LEAVES | {
    "alarm",
    "alarms",
    "event",
    "level",
    "fault",
    "open",
    "opened",
    "on",
    "full",
    "test",
    "key",
    "switch",
    "rssi",
}
"""Last words that mean another thing below another word: `battery.alarm` is no fire."""

_BREAKS: Final = re.compile(r"[.:]+")
_NAME_MAX: Final = 120

NAMES_KEPT: Final = 4_096
"""Names whose words are kept at hand: a device says the same ones every time."""


@lru_cache(maxsize=4 * NAMES_KEPT)
def folded(name: str) -> str:
    """The letters and digits of a name, in lower case.

    >>> folded("Smoke_Alarm"), folded("smokeAlarm"), folded("SMOKE ALARM"), folded("烟雾-报警")
    ('smokealarm', 'smokealarm', 'smokealarm', '烟雾报警')
    """
    return "".join(filter(str.isalnum, name[:_NAME_MAX].lower()))


@lru_cache(maxsize=NAMES_KEPT)
def heard_as(name: str) -> tuple[str, ...]:
    """What a field may be called, the whole name first, then what the end of its path says.

    >>> heard_as("status.smokeAlarm"), heard_as("flood.value"), heard_as("battery.alarm")
    (('statussmokealarm', 'smokealarm'), ('floodvalue', 'flood'), ('batteryalarm',))
    """
    parts = [part for part in map(folded, _BREAKS.split(name[:_NAME_MAX])) if part]
    heard = [folded(name), *_alarm_last(parts)]
    if len(parts) > 2:
        heard.append(parts[-2] + parts[-1])
    if len(parts) > 1 and parts[-1] in LEAVES:
        heard.append(parts[-2])
    elif len(parts) > 1 and parts[-1] not in LONE:
        heard.append(parts[-1])
    return tuple(heard)


def _alarm_last(parts: list[str]) -> list[str]:
    """`alarmFall` is the fall alarm, `alarmBattery` the battery's (Dingtek)."""
    last = parts[-1] if parts else ""
    return [last.removeprefix("alarm") + "alarm"] if last.startswith("alarm") and last != "alarm" else []


def below_folders(name: str) -> str:
    """What stands behind the last slash, if it says something by itself; several things may be called so.

    >>> below_folders("Kitchen/Smoke Alarm"), below_folders("Battery/Alarm"), below_folders("Smoke")
    ('smokealarm', '', '')
    """
    leaf = folded(name.rpartition("/")[2]) if "/" in name else ""
    return "" if leaf in LONE else leaf


def below_containers(name: str) -> tuple[str, ...]:
    """The last word of a path of which all before only hold others.

    >>> below_containers("status.event"), below_containers("battery.alarm"), below_containers("event")
    (('event',), (), ())
    """
    *holders, leaf = (folded(part) for part in _BREAKS.split(name[:_NAME_MAX]))
    return (leaf,) if holders and CONTAINERS.issuperset(holders) else ()


@lru_cache(maxsize=NAMES_KEPT)
def name_below_containers(name: str) -> str:
    """The last word of such a path as it is written; another name as it is.

    >>> name_below_containers("event.distance_alarm"), name_below_containers("battery.alarm")
    ('distance_alarm', 'battery.alarm')
    """
    return _BREAKS.split(name)[-1] if below_containers(name) else name

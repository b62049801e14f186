"""Views of devices with their state. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from domain import DAY
from domain.addresses import NO_NAME
from domain.device_summary import DeviceCondition, DeviceSummary
from domain.people import Community
from domain.places import self_and_ancestors

_BEFORE_NUMBER: Final = re.compile(r"(?<=[\u4e00-\u9fff])(?=\d)")
_ADDRESS_PART: Final = re.compile(r"(\d[栋幢座号楼层室]|\d单元)")


def state_view(summary: DeviceSummary | None, silenced: bool) -> dict[str, Any]:
    """The state of a device in a list. A device without a summary has just been registered."""
    return {
        "conditions": [] if summary is None else sorted(summary.conditions, key=list(DeviceCondition).index),
        "silenced": silenced,
        "last_message_at": None if summary is None else summary.last_message_at,
        "battery": None if summary is None else battery_view(summary),
    }


def battery_view(summary: DeviceSummary) -> dict[str, Any] | None:
    """The last charge and when it will be used up; None of a device that has reported no percentage."""
    if summary.battery_pct is None or summary.battery_at is None:
        return None
    left = summary.battery_days_left
    empty_at = None if left is None else summary.battery_at + round(left * DAY)
    return {"pct": summary.battery_pct, "at": summary.battery_at, "days_left": left, "empty_at": empty_at}


def counts_by_condition(
    unwell: Mapping[str, DeviceSummary], places: AbstractSet[str] | None, kind: str | None
) -> dict[DeviceCondition, int]:
    """How many devices of these places and this kind (None: of all) are in each condition."""
    counts = dict.fromkeys(DeviceCondition, 0)
    for one in unwell.values():
        if (places is None or one.device.place in places) and kind in (None, one.device.kind):
            for condition in one.conditions:
                counts[condition] += 1
    return counts


def path_names(community: Community, place: str | None) -> list[str]:
    """The names of the places around, outermost first."""
    nodes = reversed(list(self_and_ancestors(community.places, place)))
    return [node.name for node in nodes if node.name != NO_NAME]


def search_words(text: str | None) -> list[str]:
    """The words of a search, in lower case, at most five. An address without spaces is cut after each part with a
    number: between `3栋` and `402` the address has the name of the unit.

    >>> search_words(" 枫林苑 3栋  GAS-12 "), search_words("枫林苑3栋402"), search_words(None)
    (['枫林苑', '3栋', 'gas-12'], ['枫林苑', '3栋', '402'], [])
    """
    return _ADDRESS_PART.sub(r"\1 ", _BEFORE_NUMBER.sub(" ", (text or "").lower())).split()[:5]


def in_condition(unwell: Mapping[str, DeviceSummary], condition: DeviceCondition, silenced: Iterable[str]) -> list[str]:
    """The devices in a condition; those under planned work count as under test."""
    ids = {device for device, one in unwell.items() if condition in one.conditions}
    return sorted(ids | set(silenced) if condition is DeviceCondition.TEST else ids)

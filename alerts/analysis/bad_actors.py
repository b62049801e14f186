"""Bad actors (ISA-18.2): the devices and rules with the most alarms, and what those alarms turned out to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from alerts.analysis.facts import FindingBegin

TOP: Final = 10
REAL: Final = "real"
FALSE_DISPOSITIONS: Final = frozenset({"false_alarm", "device_fault", "prank", "test"})
"""Dispositions (CaseDisposition) of alarms that needed nobody at the door."""


class BadActor(Struct, frozen=True):
    """A device or a rule by id, with its number of alarms and their share of all alarms of the period."""

    id: str
    count: int
    share: float
    real: int
    false: int


class BadActors(Struct, frozen=True):
    """The ten devices and the ten rules with the most alarms."""

    devices: tuple[BadActor, ...] = ()
    rules: tuple[BadActor, ...] = ()
    share_of_top_ten: float | None = None
    """Share of the ten devices in all alarms (ISA-18.2: at most 1 % to 5 %); None without an alarm."""


def bad_actors(findings: Sequence[FindingBegin]) -> BadActors:
    """Counted by finding, so that a device whose alarms join one alert counts too."""
    devices = _top(findings, lambda one: one.device)
    share = round(sum(one.count for one in devices) / len(findings), 4) if findings else None
    return BadActors(devices, _top(findings, lambda one: one.rule), share)


def _top(findings: Sequence[FindingBegin], key: Callable[[FindingBegin], str | None]) -> tuple[BadActor, ...]:
    count: Counter[str] = Counter()
    real: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for finding in findings:
        name = key(finding)
        if name is None:
            continue
        count[name] += 1
        real[name] += finding.disposition == REAL
        false[name] += finding.disposition in FALSE_DISPOSITIONS
    ranked = sorted(count, key=lambda name: (-count[name], name))[:TOP]
    return tuple(
        BadActor(name, count[name], round(count[name] / len(findings), 4), real[name], false[name]) for name in ranked
    )

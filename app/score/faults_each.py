"""What a single fault changes in what people are told, beside the reason for which it may. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from app.score.matching import Status
from app.score.run import Result
from domain import SECOND
from simulators.faults.catalog import FAULTS
from simulators.faults.people import PEOPLE_FAULTS

SAME_WITHIN_MS = 30 * SECOND
"""Texts are on a phone within seconds of random delay: less is no change."""


def each_fault() -> list[str]:
    """The names of all faults."""
    return [*FAULTS, *PEOPLE_FAULTS]


def reason(fault: str, language: str) -> str:
    """What a fault may rightly change."""
    spec = FAULTS.get(fault) or PEOPLE_FAULTS[fault]
    return spec.may_change_zh if language == "zh" else spec.may_change


def differences(base: Result, other: Result) -> list[str]:
    """Incidents with another outcome or another time, and false alerts that came or went."""
    before = {outcome.incident.id: outcome for outcome in base.matches.outcomes}
    found = []
    for outcome in other.matches.outcomes:
        was = before[outcome.incident.id]
        if was.status is not outcome.status:
            found.append(f"{outcome.incident.id}: {was.status.value} -> {outcome.status.value}")
        elif outcome.status is not Status.MISSED and _moved(was.delay_ms, outcome.delay_ms):
            found.append(
                f"{outcome.incident.id}: {(was.delay_ms or 0) // 1000} s -> {(outcome.delay_ms or 0) // 1000} s"
            )
    was_false, is_false = _false(base), _false(other)
    found += [f"+ {text}" for text in sorted(is_false - was_false)]
    found += [f"- {text}" for text in sorted(was_false - is_false)]
    return found


def changes_of_fault(fault: str, base: Result, other: Result, language: str) -> Iterator[str]:
    """The lines of one fault: its reason, and each difference."""
    found = differences(base, other)
    texts = len(other.texts) - len(base.texts)
    yield f"{fault}: {len(found)} ({texts:+} texts). {reason(fault, language)}"
    for difference in found:
        yield f"  {difference}"


def _moved(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and abs(after - before) > SAME_WITHIN_MS


def _false(result: Result) -> set[str]:
    return {
        f"{alert.first.dangers[0].rule if alert.first.dangers else '-'} {alert.first.title} "
        f"{alert.first.dangers[0].device if alert.first.dangers else ''}"
        for alert in result.matches.alerts
        if alert.is_false
    }

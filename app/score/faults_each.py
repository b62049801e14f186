"""What a single fault changes in what people are told, and which of it the fault explains. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from app.score.matching import NotifiedAlert, Outcome, Status
from app.score.records import Text
from app.score.run import Result
from domain import DAY, SECOND, Instant
from simulators.faults.catalog import FAULTS
from simulators.faults.fault import Change
from simulators.faults.people import PEOPLE_FAULTS

SAME_WITHIN_MS: Final = 30 * SECOND
"""Texts are on a phone within seconds of random delay: less is no change."""
ACTS_BEFORE_MS: Final = DAY
"""A fault explains what happens on the same device up to a day later: the longest absence that is waited for."""
_UNEXPLAINED: Final = {"zh": "无法解释", "en": "unexplained"}
_IDLE: Final = {"zh": "未起作用，不说明任何问题", "en": "did not act, which shows nothing"}
TABLE_HEAD: Final = {
    "zh": ("| 故障 | 作用次数 | 短信 | 变化 | 原因 |", "|---|---|---|---|---|"),
    "en": ("| fault | acted | texts | what changed | why it may |", "|---|---|---|---|---|"),
}
_BADNESS: Final = (Status.IN_TIME, Status.LATE, Status.MISSED)


class Difference(Struct, frozen=True):
    """Something that differs between two runs: about these devices and places, from `begin` until `until`."""

    text: str
    change: Change
    devices: tuple[str, ...]
    place: str | None
    begin: Instant
    until: Instant


def each_fault() -> list[str]:
    """The names of all faults."""
    return [*FAULTS, *PEOPLE_FAULTS]


def reason(fault: str, language: str) -> str:
    """What a fault may rightly change."""
    spec = FAULTS.get(fault) or PEOPLE_FAULTS[fault]
    return spec.may_change_zh if language == "zh" else spec.may_change


def differences(base: Result, other: Result) -> list[Difference]:
    """Incidents with another outcome or another time, and false alerts that came or went.

    Nuisances are not among the incidents here: whether they are told shows in the false alerts.
    """
    before = {outcome.incident.id: outcome for outcome in base.matches.outcomes}
    pairs = ((before[outcome.incident.id], outcome) for outcome in other.matches.outcomes)
    found = [found for was, is_now in pairs if (found := _of_incident(was, is_now)) is not None]
    was_false, is_false = _false(base), _false(other)
    more = [_of_alert("+", one, Change.MORE_FALSE) for one in _without_counterpart(is_false, was_false)]
    fewer = [_of_alert("-", one, Change.FEWER_FALSE) for one in _without_counterpart(was_false, is_false)]
    return found + more + fewer


def unexplained(fault: str, found: Iterable[Difference], other: Result) -> list[Difference]:
    """The differences that the fault does not explain: of another sort than it may cause, or about devices on which it
    did not act. A fault of people and providers acts on everything."""
    spec = FAULTS.get(fault)
    allowed = spec.changes if spec is not None else PEOPLE_FAULTS[fault].changes
    return [one for one in found if one.change not in allowed or (spec is not None and not _has_acted(one, other))]


def changes_of_fault(fault: str, base: Result, other: Result, language: str) -> Iterator[str]:
    """The lines of one fault: how often it acted on a device or a message, its reason, and each difference, marked
    where it is unexplained."""
    found = differences(base, other)
    strange = unexplained(fault, found, other)
    acted = f", {len(other.effects)} x" if fault in FAULTS else ""
    yield f"{fault}{acted}: {len(found)} ({_more_texts(base, other)} texts). {reason(fault, language)}"
    for difference in found:
        yield f"  {difference.text}" + (f"  [{_UNEXPLAINED[language]}]" if difference in strange else "")


def table_row(fault: str, base: Result, other: Result, language: str) -> str:
    """One fault as a line of a Markdown table below TABLE_HEAD. A fault of devices that did not act is marked."""
    found = differences(base, other)
    strange = unexplained(fault, found, other)
    texts = [f"{one.text} [{_UNEXPLAINED[language]}]" if one in strange else one.text for one in found]
    acted = str(len(other.effects) or _IDLE[language]) if fault in FAULTS else ""
    cells = (
        f"`{fault}`",
        acted,
        _more_texts(base, other),
        "<br>".join(texts),
        reason(fault, language),
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _more_texts(base: Result, other: Result) -> str:
    """How many more texts on phones, and whose: `+3 (lead -1, maintenance +4)`. Entries of the logbook do not count."""
    more = Counter(text.role for text in other.texts if text.phone)
    more.subtract(text.role for text in base.texts if text.phone)
    roles = ", ".join(f"{role} {count:+}" for role, count in sorted(more.items()) if count)
    return f"{more.total():+}" + (f" ({roles})" if roles else "")


def _of_incident(was: Outcome, is_now: Outcome) -> Difference | None:
    incident = is_now.incident
    if incident.notify_by is None:
        return None
    if was.status is not is_now.status:
        text = f"{was.status.value} -> {is_now.status.value}"
        change = Change.MISSED if _BADNESS.index(is_now.status) > _BADNESS.index(was.status) else Change.NOTIFIED
    else:
        before, after = was.delay_ms or 0, is_now.delay_ms or 0
        if abs(after - before) <= SAME_WITHIN_MS:
            return None
        text = f"{before // 1000} s -> {after // 1000} s"
        change = Change.LATER if after > before else Change.EARLIER
    until = max(incident.end, incident.notify_by)
    return Difference(f"{incident.id}: {text}", change, incident.devices, incident.place, incident.begin, until)


def _of_alert(sign: str, false: _FalseAlert, change: Change) -> Difference:
    alert = false.alert
    dangers = alert.first.dangers
    devices = tuple(danger.device for danger in dangers if danger.device is not None)
    place = next((danger.places[0] for danger in dangers if danger.places), None)
    begin = min((danger.begin for danger in dangers), default=alert.first.at)
    return Difference(f"{sign} {false.name}", change, devices, place, begin, alert.first.at)


def _has_acted(difference: Difference, other: Result) -> bool:
    return any(
        effect.start <= difference.until
        and effect.end >= difference.begin - ACTS_BEFORE_MS
        and _concerns(difference, effect.device, other.places)
        for effect in other.effects
    )


def _concerns(difference: Difference, device: str, places: Mapping[str, tuple[str, ...]]) -> bool:
    return device in difference.devices or (difference.place is not None and difference.place in places.get(device, ()))


class _FalseAlert(Struct, frozen=True):
    """A false alert with the rules and devices (or places) of all that its texts told of."""

    name: str
    alert: NotifiedAlert
    dangers: frozenset[tuple[str, str]]


def _without_counterpart(alerts: Sequence[_FalseAlert], others: Sequence[_FalseAlert]) -> list[_FalseAlert]:
    """Those that share no danger with an alert of the other run. A danger that another sign of it precedes, of the same
    device, is told in an alert of another name, to the same people: that is no other alert."""
    known = frozenset[tuple[str, str]]().union(*(other.dangers for other in others))
    return [alert for alert in alerts if known.isdisjoint(alert.dangers)]


def _false(result: Result) -> list[_FalseAlert]:
    """By rule, title and device; the first of each."""
    notified: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for text in result.texts:
        notified[text.alert] |= _dangers(text)
    found: dict[str, _FalseAlert] = {}
    for alert in result.matches.alerts:
        if alert.is_false:
            first = alert.first.dangers[0] if alert.first.dangers else None
            name = f"{first.rule if first else '-'} {alert.first.title} {(first and first.device) or ''}"
            dangers = frozenset(notified[alert.alert] | _dangers(alert.first))
            found.setdefault(name, _FalseAlert(name, alert, dangers))
    return [found[name] for name in sorted(found)]


def _dangers(text: Text) -> set[tuple[str, str]]:
    return {(one.rule, one.device or next(iter(one.places), "")) for one in text.dangers}

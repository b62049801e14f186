"""Which alert a finding joins, raises or opens: one total table over ledger, relation, recipients and task state.

A finding joins only where somebody is notified of it. If it would call other people, or nobody could be notified, it
opens an alert of its own; if it calls the same people sooner, it raises the alert. A settled or shelved task says
nothing about the danger: a danger that begins again is always notified.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.alert import ACTIVE_STATES, OWNED_STATES, SETTLED_STATES, Alert, State
from alerts.escalation.policy import Ladder
from alerts.lifecycle.danger import UNKNOWN_HAZARD
from domain import HOUR, MINUTE, Finding, Instant, Ledger, Severity

GROUP_AFTER: Final = 3
"""This many alerts of one rule in one building are notified separately; later ones join the first."""
GROUP_CRITICAL_AFTER: Final = 5
"""The same for critical dangers. A burning building has hundreds of detectors: a text for each would bury the first
ones, and use up what a provider sends to one number in a day. Those that join are listed in a message a minute.
"""
GROUP_WINDOW_MS: Final = 10 * MINUTE
AREA_WINDOW_MS: Final = 2 * HOUR
"""Out of doors, rain takes its time from one manhole to the next."""
AREA_AFTER: Final = {Severity.CRITICAL: 5, Severity.HIGH: 3, Severity.MEDIUM: 1, Severity.LOW: 1}
"""This many alerts of one event out of doors in one grid cell are called separately; what follows joins the first. Of
five manholes that overflow each has its own call; of the sixth the owner of the first is told, and the next rung."""
_OF_PEOPLE: Final = ("person", "household")


class Relation(StrEnum):
    """How a finding is related to an alert. Values name sentences in wording.zh.yaml."""

    SAME_DANGER = "same_subject"
    """The same rule and subject."""
    SAME_DEVICE = "same_device"
    """Another rule of the same hazard, on the same device or subject."""
    SAME_BUILDING = "same_building"
    """The same rule, another device in the same building and grid cell."""
    SAME_AREA = "same_area"
    """The same danger at another device out of doors in the same grid cell: the manholes of a street in rain."""
    GATHERED = "gathered"
    """An alert about this event of the building, or one that such a finding has raised."""
    GATHERS = "gathers"
    """The finding is about several devices of a building, one of which opened the alert."""
    UNREGISTERED = "strangers"
    """Devices that are not registered: without an address there is one task for all."""


class Recipients(StrEnum):
    """Whom the finding's ladder calls, compared with the alert's ladder."""

    SAME = "same"
    """The alert's ladder calls everybody that the finding's would, and no later."""
    SOONER = "sooner"
    """The finding's ladder calls everybody that the alert's does, and is more severe or allows less time."""
    OTHERS = "others"
    """Other roles, or another grid cell."""
    NOBODY = "nobody"
    """Nobody can be notified of what joins: nobody was reached, all of them declined, or the owner has no phone, has
    left or is off duty.
    """


class TaskState(StrEnum):
    """The states of an alert, as far as joining depends on them."""

    UNTAKEN = "untaken"
    TAKEN = "taken"
    SHELVED = "shelved"
    SETTLED = "settled"


class Decision(StrEnum):
    """What happens to a finding."""

    OPEN = "open"
    """It opens its own alert."""
    JOIN = "join"
    """It becomes part of the alert; the owner, or everybody called, is notified."""
    RAISE = "raise"
    """The alert takes over this danger: its escalation restarts, also when a person has acknowledged the lesser one."""
    RECUR = "recur"
    """The alert's own danger again: the owner is notified, a shelved alert escalates again, an open one goes on."""


def task_state(state: State) -> TaskState:
    if state is State.SHELVED:
        return TaskState.SHELVED
    return (
        TaskState.TAKEN
        if state in OWNED_STATES
        else TaskState.SETTLED
        if state in SETTLED_STATES
        else TaskState.UNTAKEN
    )


_Row = tuple[Decision, Decision, Decision, Decision]
"""By task state: untaken, taken, shelved, settled."""
_OPEN, _JOIN, _RAISE, _RECUR = Decision.OPEN, Decision.JOIN, Decision.RAISE, Decision.RECUR
_ALONE: Final[_Row] = (_OPEN, _OPEN, _OPEN, _OPEN)

_DANGER: Final[dict[tuple[Relation, Recipients], _Row]] = {
    (Relation.SAME_DANGER, Recipients.SAME): (_RECUR, _RECUR, _RECUR, _OPEN),
    (Relation.SAME_DANGER, Recipients.SOONER): (_RAISE, _RAISE, _RAISE, _OPEN),
    (Relation.SAME_DANGER, Recipients.OTHERS): _ALONE,
    # Nobody was reached: escalate again now, also when a person without a phone has acknowledged it on a screen that
    # nobody looks at.
    (Relation.SAME_DANGER, Recipients.NOBODY): (_RAISE, _RAISE, _RECUR, _OPEN),
    # One danger was shelved, not whatever else this person or device reports.
    (Relation.SAME_DEVICE, Recipients.SAME): (_JOIN, _JOIN, _OPEN, _OPEN),
    (Relation.SAME_DEVICE, Recipients.SOONER): (_RAISE, _RAISE, _OPEN, _OPEN),
    (Relation.SAME_DEVICE, Recipients.OTHERS): _ALONE,
    (Relation.SAME_DEVICE, Recipients.NOBODY): _ALONE,
    # Another address: the owner of the group is notified of it. A more severe finding opens an alert of its own.
    (Relation.SAME_BUILDING, Recipients.SAME): (_JOIN, _JOIN, _OPEN, _OPEN),
    (Relation.SAME_BUILDING, Recipients.SOONER): _ALONE,
    (Relation.SAME_BUILDING, Recipients.OTHERS): _ALONE,
    (Relation.SAME_BUILDING, Recipients.NOBODY): _ALONE,
    (Relation.SAME_AREA, Recipients.SAME): (_JOIN, _JOIN, _OPEN, _OPEN),
    (Relation.SAME_AREA, Recipients.SOONER): _ALONE,
    (Relation.SAME_AREA, Recipients.OTHERS): _ALONE,
    (Relation.SAME_AREA, Recipients.NOBODY): _ALONE,
    # Another door of one event in a building: its owner, or everybody called, is notified of it.
    (Relation.GATHERED, Recipients.SAME): (_JOIN, _JOIN, _OPEN, _OPEN),
    (Relation.GATHERED, Recipients.SOONER): _ALONE,
    (Relation.GATHERED, Recipients.OTHERS): _ALONE,
    (Relation.GATHERED, Recipients.NOBODY): _ALONE,
    # One door was an alarm, several are a building: everybody is called again, with every door.
    (Relation.GATHERS, Recipients.SAME): (_RAISE, _RAISE, _OPEN, _OPEN),
    (Relation.GATHERS, Recipients.SOONER): (_RAISE, _RAISE, _OPEN, _OPEN),
    (Relation.GATHERS, Recipients.OTHERS): _ALONE,
    (Relation.GATHERS, Recipients.NOBODY): _ALONE,
    (Relation.UNREGISTERED, Recipients.SAME): (_JOIN, _JOIN, _OPEN, _OPEN),
    (Relation.UNREGISTERED, Recipients.SOONER): _ALONE,
    (Relation.UNREGISTERED, Recipients.OTHERS): _ALONE,
    (Relation.UNREGISTERED, Recipients.NOBODY): _ALONE,
}
# A device fault is work for the day: a shelved one stays shelved for the same device.
_HEALTH: Final[dict[tuple[Relation, Recipients], _Row]] = {
    **_DANGER,
    (Relation.SAME_DANGER, Recipients.SAME): (_RECUR, _RECUR, _JOIN, _OPEN),
    (Relation.SAME_DANGER, Recipients.NOBODY): (_RECUR, _RECUR, _JOIN, _OPEN),
    (Relation.SAME_DEVICE, Recipients.SAME): (_JOIN, _JOIN, _JOIN, _OPEN),
    (Relation.SAME_DEVICE, Recipients.NOBODY): (_JOIN, _JOIN, _JOIN, _OPEN),
    (Relation.SAME_BUILDING, Recipients.SAME): (_JOIN, _JOIN, _JOIN, _OPEN),
    (Relation.SAME_BUILDING, Recipients.NOBODY): (_JOIN, _JOIN, _JOIN, _OPEN),
}

DECISIONS: Final[dict[tuple[Ledger, Relation, Recipients, TaskState], Decision]] = {
    (ledger, relation, recipients, task): decision
    for ledger, table in ((Ledger.DANGER, _DANGER), (Ledger.HEALTH, _HEALTH))
    for (relation, recipients), row in table.items()
    for task, decision in zip(TaskState, row, strict=True)
}


SameEvent = Callable[[str, str], bool]
"""Whether two rules measure the same thing (`one_event` in ladders.yaml)."""


class RelatedAlerts(Struct, frozen=True):
    """Alerts in one relation with a finding, in the order in which they are tried."""

    relation: Relation
    alerts: Sequence[Alert]


class Match(Struct, frozen=True):
    """The alert a finding belongs to, and what happens."""

    alert: Alert
    relation: Relation
    decision: Decision


def match_alert(
    finding: Finding,
    building: str | None,
    candidates: Sequence[Alert],
    recipients: Callable[[Alert], Recipients],
    now: Instant,
    of_building: Sequence[RelatedAlerts] = (),
    cell: str | None = None,
    is_same_event: SameEvent = lambda _rule, _other: False,
) -> Match | None:
    """The alert this finding joins or changes; None when it opens its own.

    `candidates` are active alerts, newest first; `recipients` compares whom each calls; `of_building` are those of one
    event in its building (alerts.handling.gathering), `cell` is the grid cell of a finding out of doors. The closest
    relation decides; of several alerts in one relation the first that accepts the finding.
    """
    live = [alert for alert in candidates if alert.ledger is finding.ledger and alert.state in ACTIVE_STATES]
    same, *wider = _by_relation(finding, building, live, now)
    wider += _in_area(finding, cell, live, now, is_same_event)
    for related in (same, *of_building, *wider):
        for alert in related.alerts:
            decision = DECISIONS[finding.ledger, related.relation, recipients(alert), task_state(alert.state)]
            if decision is not Decision.OPEN:
                return Match(alert, related.relation, decision)
    return None


def _by_relation(finding: Finding, building: str | None, live: Sequence[Alert], now: Instant) -> list[RelatedAlerts]:
    same = [alert for alert in live if alert.rule == finding.rule and alert.subject == finding.subject]
    device = [alert for alert in live if alert not in same and _has_same_subject(finding, alert)]
    related = [RelatedAlerts(Relation.SAME_DANGER, same), RelatedAlerts(Relation.SAME_DEVICE, device)]
    recent = [alert for alert in live if alert.rule == finding.rule and now - alert.opened_at <= GROUP_WINDOW_MS]
    if is_unregistered(finding):
        return [
            *related,
            RelatedAlerts(
                Relation.UNREGISTERED, _oldest_first([alert for alert in recent if is_unregistered(alert)], 1)
            ),
        ]
    if building is None:
        return related
    nearby = [alert for alert in recent if alert.building == building]
    return [*related, RelatedAlerts(Relation.SAME_BUILDING, _oldest_first(nearby, _separate_alerts(finding)))]


def _in_area(
    finding: Finding, cell: str | None, live: Sequence[Alert], now: Instant, is_same_event: SameEvent
) -> list[RelatedAlerts]:
    """Alerts about the same danger out of doors in this cell, once there are enough. What residents report is
    never joined: it has no device; nor are people, who are in different need each."""
    of_people = finding.device is None or finding.subject.type in _OF_PEOPLE
    if of_people or cell is None or finding.ledger is Ledger.HEALTH:
        return []
    nearby = [
        alert
        for alert in live
        if (alert.rule == finding.rule or is_same_event(finding.rule, alert.rule))
        and (alert.building, alert.cell) == (None, cell)
        and (alert.severity.rank <= finding.severity.rank or AREA_AFTER[finding.severity] == 1)
        and now - alert.opened_at <= AREA_WINDOW_MS
    ]
    return [RelatedAlerts(Relation.SAME_AREA, _oldest_first(nearby, AREA_AFTER[finding.severity]))]


def _separate_alerts(finding: Finding) -> int:
    """How many alerts of one rule in one building are notified separately."""
    if finding.ledger is Ledger.HEALTH:
        return 1
    return GROUP_CRITICAL_AFTER if finding.severity is Severity.CRITICAL else GROUP_AFTER


def _has_same_subject(finding: Finding, alert: Alert) -> bool:
    """The same device or subject, and the same hazard; an undecoded message may be any hazard."""
    is_hazard_known = finding.ledger is Ledger.DANGER and UNKNOWN_HAZARD not in (finding.hazard, alert.hazard)
    if is_hazard_known and finding.hazard != alert.hazard:
        return False
    return alert.subject == finding.subject or (finding.device is not None and alert.device == finding.device)


def _oldest_first(same: Sequence[Alert], enough: int) -> list[Alert]:
    """The oldest first, once there are `enough` of them."""
    return sorted(same, key=lambda alert: alert.id) if len(same) >= enough else []


def compare_recipients(
    finding: Finding, own: Ladder, alert: Alert, ladder: Ladder, same_cell: bool, reached: bool
) -> Recipients:
    """Compare whom the two ladders call. `reached`: a person can be notified of what joins."""
    if not reached:
        return Recipients.NOBODY
    if not same_cell or own.rungs[0].roles != ladder.rungs[0].roles:
        return Recipients.OTHERS
    own_roles, alert_roles = own.roles, ladder.roles
    if _is_sooner(finding.severity, own, alert.severity, ladder):
        return Recipients.SOONER if alert_roles <= own_roles else Recipients.OTHERS
    return Recipients.SAME if own_roles <= alert_roles else Recipients.OTHERS


def _is_sooner(severity: Severity, own: Ladder, present: Severity, ladder: Ladder) -> bool:
    times = own.take_within < ladder.take_within or own.arrive_within < ladder.arrive_within
    return severity.rank < present.rank or times


def is_unregistered(about: Finding | Alert) -> bool:
    """True when the device is not registered."""
    return about.subject.type == "device" and about.device is None and about.place is None

"""Which alert a finding joins, opens or changes, and why: one total table over ledger, relation, recipients and state.

A finding joins only where somebody hears of it. What calls other people, or nobody, opens an alert of its own; what
calls the same people sooner makes the alert worse. Taken, shelved, resolved and closed are states of a task, not of
the danger: a danger that begins anew is always told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.alert import ACTIVE_STATES, OWNED_STATES, SETTLED_STATES, Alert, State
from alerts.escalation.policy import Ladder
from alerts.lifecycle.danger import UNKNOWN_HAZARD
from domain import MINUTE, Finding, Instant, Ledger, Severity

GROUP_AFTER: Final = 3
"""So many alerts of one rule in one building go out singly; those after them join the first."""
GROUP_WINDOW_MS: Final = 10 * MINUTE


class Relation(StrEnum):
    """What a finding has to do with an alert. The sentences are in wording.zh.yaml."""

    SAME_DANGER = "same_subject"
    """The same rule about the same subject."""
    SAME_DEVICE = "same_device"
    """Another rule of the same hazard about the same device or subject."""
    SAME_BUILDING = "same_building"
    """A storm: the same rule, another device of the same building and grid cell."""
    UNREGISTERED = "strangers"
    """Devices that nobody registered: there is no door to send anybody to, one task for all."""


class Recipients(StrEnum):
    """Whom the finding's ladder calls, compared with whom the alert's ladder calls."""

    SAME = "same"
    """The alert's ladder calls everybody the finding's would, and no later."""
    SOONER = "sooner"
    """The finding's ladder calls everybody the alert's does, and is worse or allows less time."""
    OTHERS = "others"
    """Other roles, or another grid cell."""
    NOBODY = "nobody"
    """No person of this alert can hear of what joins it: none was reached, or all of these declined, or its owner has
    no phone, left, or is off duty."""


class TaskState(StrEnum):
    """States of an alert, as far as joining asks."""

    UNTAKEN = "untaken"
    TAKEN = "taken"
    SHELVED = "shelved"
    SETTLED = "settled"


class Decision(StrEnum):
    """What becomes of a finding."""

    OPEN = "open"
    """An alert of its own, which calls its own ladder."""
    JOIN = "join"
    """Part of the alert: the owner, or everybody who was called, hears of it."""
    RAISE = "raise"
    """The alert becomes this danger: its ladder begins anew, also when somebody has taken the lesser one."""
    RECUR = "recur"
    """The alert's own danger once more: told to its owner, called anew where it was shelved, else being called."""


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
"""By task: untaken, taken, shelved, settled."""
_OPEN, _JOIN, _RAISE, _RECUR = Decision.OPEN, Decision.JOIN, Decision.RAISE, Decision.RECUR
_ALONE: Final[_Row] = (_OPEN, _OPEN, _OPEN, _OPEN)

_DANGER: Final[dict[tuple[Relation, Recipients], _Row]] = {
    (Relation.SAME_DANGER, Recipients.SAME): (_RECUR, _RECUR, _RECUR, _OPEN),
    (Relation.SAME_DANGER, Recipients.SOONER): (_RAISE, _RAISE, _RAISE, _OPEN),
    (Relation.SAME_DANGER, Recipients.OTHERS): _ALONE,
    # Nobody reached: the ladder tries again now, also where somebody without a phone has taken it. A screen that nobody
    # looks at tells nobody.
    (Relation.SAME_DANGER, Recipients.NOBODY): (_RAISE, _RAISE, _RECUR, _OPEN),
    # What somebody shelved was one danger, not whatever else this person or device reports.
    (Relation.SAME_DEVICE, Recipients.SAME): (_JOIN, _JOIN, _OPEN, _OPEN),
    (Relation.SAME_DEVICE, Recipients.SOONER): (_RAISE, _RAISE, _OPEN, _OPEN),
    (Relation.SAME_DEVICE, Recipients.OTHERS): _ALONE,
    (Relation.SAME_DEVICE, Recipients.NOBODY): _ALONE,
    # Another door. It is named to whoever owns the storm; what is worse than the storm stands alone.
    (Relation.SAME_BUILDING, Recipients.SAME): (_JOIN, _JOIN, _OPEN, _OPEN),
    (Relation.SAME_BUILDING, Recipients.SOONER): _ALONE,
    (Relation.SAME_BUILDING, Recipients.OTHERS): _ALONE,
    (Relation.SAME_BUILDING, Recipients.NOBODY): _ALONE,
    (Relation.UNREGISTERED, Recipients.SAME): (_JOIN, _JOIN, _OPEN, _OPEN),
    (Relation.UNREGISTERED, Recipients.SOONER): _ALONE,
    (Relation.UNREGISTERED, Recipients.OTHERS): _ALONE,
    (Relation.UNREGISTERED, Recipients.NOBODY): _ALONE,
}
# A device fault is work for the day: what was shelved stays so for the same device, and lesser news may wait.
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


class Match(Struct, frozen=True):
    """The alert a finding belongs to, and what becomes of it."""

    alert: Alert
    relation: Relation
    decision: Decision


def match_alert(
    finding: Finding,
    building: str | None,
    candidates: Sequence[Alert],
    recipients: Callable[[Alert], Recipients],
    now: Instant,
) -> Match | None:
    """The alert this finding joins or changes, or None: it opens its own.

    `candidates` are unsettled alerts that could be meant, newest first; `recipients` compares whom each calls.
    The closest relation decides; among alerts of one relation the first that takes the finding in.
    """
    live = [alert for alert in candidates if alert.ledger is finding.ledger and alert.state in ACTIVE_STATES]
    for relation, related in _by_relation(finding, building, live, now):
        for alert in related:
            decision = DECISIONS[finding.ledger, relation, recipients(alert), task_state(alert.state)]
            if decision is not Decision.OPEN:
                return Match(alert, relation, decision)
    return None


def _by_relation(
    finding: Finding, building: str | None, live: Sequence[Alert], now: Instant
) -> list[tuple[Relation, list[Alert]]]:
    same = [alert for alert in live if alert.rule == finding.rule and alert.subject == finding.subject]
    device = [alert for alert in live if alert not in same and _has_same_subject(finding, alert)]
    found = [(Relation.SAME_DANGER, same), (Relation.SAME_DEVICE, device)]
    recent = [alert for alert in live if alert.rule == finding.rule and now - alert.opened_at <= GROUP_WINDOW_MS]
    if is_unregistered(finding):
        return [
            *found,
            (Relation.UNREGISTERED, _oldest_first([alert for alert in recent if is_unregistered(alert)], 1)),
        ]
    if building is None or not may_be_grouped(finding):
        return found
    enough = 1 if finding.ledger is Ledger.HEALTH else GROUP_AFTER
    near = [alert for alert in recent if alert.building == building]
    return [*found, (Relation.SAME_BUILDING, _oldest_first(near, enough))]


def _has_same_subject(finding: Finding, alert: Alert) -> bool:
    """The same device or subject, and the same hazard; what could not be read may be any hazard."""
    told_apart = finding.ledger is Ledger.DANGER and UNKNOWN_HAZARD not in (finding.hazard, alert.hazard)
    if told_apart and finding.hazard != alert.hazard:
        return False
    return alert.subject == finding.subject or (finding.device is not None and alert.device == finding.device)


def _oldest_first(same: Sequence[Alert], enough: int) -> list[Alert]:
    """The storm's first alert and those after it, once there are enough of them."""
    return sorted(same, key=lambda alert: alert.id) if len(same) >= enough else []


def compare_recipients(
    finding: Finding, own: Ladder, alert: Alert, ladder: Ladder, same_cell: bool, reached: bool
) -> Recipients:
    """Whom the finding's own ladder calls, against whom the alert's does. `reached`: somebody hears of what joins."""
    if not reached:
        return Recipients.NOBODY
    if not same_cell or own.rungs[0].role is not ladder.rungs[0].role:
        return Recipients.OTHERS
    mine, theirs = {rung.role for rung in own.rungs}, {rung.role for rung in ladder.rungs}
    if _is_sooner(finding.severity, own, alert.severity, ladder):
        return Recipients.SOONER if theirs <= mine else Recipients.OTHERS
    return Recipients.SAME if mine <= theirs else Recipients.OTHERS


def _is_sooner(severity: Severity, own: Ladder, present: Severity, ladder: Ladder) -> bool:
    times = own.take_within < ladder.take_within or own.arrive_within < ladder.arrive_within
    return severity.rank < present.rank or times


def is_unregistered(about: Finding | Alert) -> bool:
    """True when it is about a device that nobody registered."""
    return about.subject.type == "device" and about.device is None and about.place is None


def may_be_grouped(finding: Finding) -> bool:
    """True when findings like this may become one story: never what may cost a life, each is another door."""
    return finding.severity is not Severity.CRITICAL or finding.ledger is Ledger.HEALTH

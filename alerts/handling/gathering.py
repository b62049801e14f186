"""One event in one building is one alert: a rule that gathers (fire-building, gas-building) raises the alert of the
first device, the others of its devices and residents' reports are merged into it, and what follows joins it.

Whoever is to be told is told: the raised alert calls its ladder again, with every door. An alert that another person
owns, that calls other people, or is about another hazard stays as it is. Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec import Struct, structs

from alerts.alert import OWNED_STATES, SYSTEM, Alert, AlertSource, SecondCheck, State, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.notices import Notice, Notices
from alerts.escalation.policy import GatheredRules, Ladder, Occasion
from alerts.handling.joining import RelatedAlerts, Relation
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.addresses import join_addresses
from alerts.lifecycle.danger import UNKNOWN_HAZARD, danger_of, with_address
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.transitions import Signal
from alerts.message import DANGER_KINDS, NOT_FAILED, OVER_BUDGET, MessageKind
from alerts.messages.deliveries import latest_calls
from alerts.ports import Transaction
from domain import HOUR, MINUTE, Finding, Instant, Ledger

GATHER_MS: Final = 30 * MINUTE
"""Alerts opened this long before the rule that gathers them belong to its event: longer than its own window, because a
resident sees smoke before or after the detectors."""
JOIN_MS: Final = HOUR
"""What begins this long after it joins; a fire that breaks out later calls for itself."""


class Gathered(Struct, frozen=True):
    """The alert that has the event now, the alerts merged into it, and its doors in one line."""

    alert: Alert
    merged: tuple[int, ...]
    address: str


class Gathering:
    """Finds what belongs to the event of a building, and merges it."""

    def __init__(self, processor: AlertProcessor, escalator: Escalator) -> None:
        self.processor, self.escalator, self.renderer = processor, escalator, escalator.renderer
        self.notices = Notices(escalator)

    def related(self, tx: Transaction, finding: Finding, building: str | None) -> list[RelatedAlerts]:
        """The alerts of this building that the finding gathers, that gather the finding, or that have taken over the
        alert of its device; the closest first."""
        policy = self.escalator.choice.policy
        if building is None or finding.ledger is not Ledger.DANGER or not policy.gathered:
            return []
        live = [alert for alert in tx.store.alerts_of_building(building) if _is_live(alert)]
        gathers = policy.gathers(finding.rule)
        by = {one.by for one in policy.gathered_by(finding.rule)} | ({finding.rule} if gathers else set())
        related = []
        if by:
            recent = [one for one in live if one.ladder_rule in by and tx.now - one.danger_at <= JOIN_MS]
            related.append(RelatedAlerts(Relation.GATHERED, recent))
        elif finding.device is not None:
            taken_over = [one for one in live if self._has_taken_over(tx, one, finding)]
            related.append(RelatedAlerts(Relation.SAME_DEVICE, taken_over))
        if gathers is not None:
            members = [one for one in live if one.rule in gathers.rules and tx.now - one.opened_at <= GATHER_MS]
            members.sort(key=lambda one: (one.state is not State.ON_SITE, one.id))
            related.append(RelatedAlerts(Relation.GATHERS, members))
        return related

    def _has_taken_over(self, tx: Transaction, alert: Alert, finding: Finding) -> bool:
        """Whether this alert of a building has an active finding of the same device and hazard."""
        same_hazard = UNKNOWN_HAZARD in (alert.hazard, finding.hazard) or alert.hazard == finding.hazard
        if not same_hazard or self.escalator.choice.policy.gathers(alert.ladder_rule) is None:
            return False
        return any(device == finding.device for _, device in tx.store.active_findings(alert.id))

    def gather(self, tx: Transaction, base: Alert, finding: Finding) -> Gathered:
        """Merge into `base` every other alert of the event that its people own or are called for, and make it the
        building's. No text: the alert is raised next, and calls with every door."""
        rules = self.escalator.choice.policy.gathers(finding.rule)
        own = self.escalator.choice.of_finding(finding, base, tx.now)
        found = [
            other
            for other in tx.store.alerts_of_building(base.building or "")
            if rules is not None and self._belongs(other, base, finding, rules, own, tx.now)
        ]
        grown, doors = base, [base.address, *base.doors]
        for other in sorted(found, key=lambda one: one.id):
            self._merge(tx, other, base)
            doors += [other.address, *other.doors]
            grown = structs.replace(
                grown,
                joined=grown.joined + other.joined + 1,
                started_at=min(grown.started_at, other.started_at),
                second_check=grown.second_check or (None if other.second_check is None else SecondCheck()),
            )
        known = self._without_building(doors, base)
        of_building = structs.replace(
            grown, rule=finding.rule, subject=finding.subject, device=None, place=finding.place, doors=known
        )
        return Gathered(of_building, tuple(other.id for other in found), join_addresses(known))

    def notify_others(self, tx: Transaction, base: Alert, merged: Collection[int]) -> None:
        """Whoever was called for a merged alert, and not for this one, is told that it goes on elsewhere."""
        known, called = self.escalator.community().people, {row.person for row in tx.store.deliveries(base.id)}
        responsible = self.processor.case_effects.supervision.responsible(tx, base)
        name = base.owner_name or "、".join(person.name for person, _ in responsible[:1])
        for number in merged:
            alert = tx.store.alert(number)
            for row in latest_calls(tx.store.deliveries(number)):
                if alert is not None and row.person in known and row.person not in called:
                    notice = Notice(MessageKind.MERGED, base.id, name=name or self.renderer.catalog.lapses["nobody"])
                    self.notices.notify(tx, alert, known[row.person], row.role, notice)

    def join_case(self, tx: Transaction, alert: Alert) -> Alert | None:
        """The alert after it was merged into the event of its building; None where it calls for itself. The owner of
        the event, or everybody called for it, is told of the report."""
        if alert.source != AlertSource.REPORT or alert.building is None or alert.exercise:
            return None
        own = self.escalator.ladder(alert)
        there = tx.store.alerts_of_building(alert.building)
        base = next((one for one in there if self._takes(tx, one, alert, own)), None)
        if base is None:
            return None
        merged = self._merge(tx, alert, base)
        grown = structs.replace(
            base,
            joined=base.joined + 1,
            doors=with_address(base, alert.address),
            second_check=base.second_check or SecondCheck(),
        )
        self.processor.apply(tx, grown, AlertEvent(Signal.ADDED, danger=danger_of(alert)))
        notices = self.escalator.choice.notices(alert, own, alert.ladder_rule, Occasion.OPENED, tx.now)
        self.escalator.companions.notify(tx, grown, own, notices, max(grown.rung, 0), Occasion.OPENED)
        return merged

    def can_reach(self, tx: Transaction, alert: Alert) -> bool:
        """Whether a person can be notified of what joins: the owner, or at least one person called who did not
        decline."""
        if alert.state in OWNED_STATES:
            return self.escalator.can_reach(alert, alert.owner, tx.now)
        return any(
            row.kind in DANGER_KINDS
            and row.round == alert.round
            and row.person not in alert.passed
            and (row.state in NOT_FAILED or row.code == OVER_BUDGET)
            for row in tx.store.deliveries(alert.id)
        )

    def _belongs(
        self, other: Alert, base: Alert, finding: Finding, rules: GatheredRules, own: Ladder, now: Instant
    ) -> bool:
        """Whether an alert is about the event, is in the hands of the same people, and calls nobody else."""
        is_member = other.rule in rules.rules or (other.source == AlertSource.REPORT and other.hazard == finding.hazard)
        same_hands = other.owner is None or other.owner == base.owner
        return (
            is_member
            and other.id != base.id
            and _is_live(other)
            and same_hands
            and now - other.opened_at <= GATHER_MS
            and self._calls_no_other(other, base, self.escalator.ladder(other), own)
        )

    def _takes(self, tx: Transaction, base: Alert, alert: Alert, own: Ladder) -> bool:
        """Whether this alert is the event of a building that the report is about, or of a device that would be part of
        one."""
        policy = self.escalator.choice.policy
        span_ms = JOIN_MS if policy.gathers(base.ladder_rule) is not None else GATHER_MS
        return (
            _is_live(base)
            and base.hazard == alert.hazard
            and (policy.gathers(base.ladder_rule) is not None or bool(policy.gathered_by(base.ladder_rule)))
            and tx.now - base.danger_at <= span_ms
            and self._calls_no_other(alert, base, own, self.escalator.ladder(base))
            and self.can_reach(tx, base)
        )

    def _calls_no_other(self, alert: Alert, base: Alert, own: Ladder, ladder: Ladder) -> bool:
        """Whether `ladder`, that of `base`, calls everybody whom the alert's own calls, and no later."""
        return (
            alert.cell == base.cell
            and own.rungs[0].roles == ladder.rungs[0].roles
            and own.roles <= ladder.roles
            and own.take_within >= ladder.take_within
            and own.arrive_within >= ladder.arrive_within
        )

    def _without_building(self, addresses: Collection[str], alert: Alert) -> tuple[str, ...]:
        """Each address once, without that of the building itself."""
        building = self.escalator.community().address(alert.building)
        return tuple(one for one in dict.fromkeys(addresses) if one and one != building)

    def _merge(self, tx: Transaction, alert: Alert, into: Alert) -> Alert:
        merged = self.processor.apply(tx, alert, AlertEvent(Signal.MERGE, SYSTEM, to=str(into.id)))
        tx.store.move_findings(alert.id, into.id)
        text = self.renderer.timeline_text(
            "absorbed",
            who=SYSTEM.name,
            of=alert.id,
            title=alert.title,
            address=alert.address or self.renderer.catalog.nowhere,
        )
        tx.store.add_timeline([TimelineEntry(into.id, tx.now, "absorbed", text)])
        return merged


def _is_live(alert: Alert) -> bool:
    """Whether people are called for it or have it; not an exercise, and not with a chosen body."""
    in_hand = alert.state in (State.OPEN, State.RETURNED, *OWNED_STATES) and alert.returned_to is None
    return in_hand and not alert.exercise and alert.ledger is Ledger.DANGER

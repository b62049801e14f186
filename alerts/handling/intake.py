"""Finding intake. A finding opens an alert, joins an active one, or updates the alert it belongs to.

Idempotent: a finding already recorded in this phase changes nothing. Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Final

from msgspec import Struct, structs

from alerts.alert import CANARY_RULE, Alert, AlertSource, State, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.policy import Occasion
from alerts.handling import joining
from alerts.handling.gathering import Gathering
from alerts.handling.informing import InformingAlerts
from alerts.handling.joining import Decision, Match, Recipients, Relation
from alerts.handling.processor import AlertProcessor
from alerts.handling.silencing import DevicesById, SilenceFilter, SilenceResult
from alerts.lifecycle.danger import Danger, joined_title, with_address
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.transitions import Signal
from alerts.message import CALL_KINDS, NOT_FAILED
from alerts.messages.bundles import BUNDLE_MS
from alerts.messages.renderer import LATE_MS, is_retained
from alerts.ports import Transaction
from domain import Finding, FindingPhase, Instant, Ledger, Severity
from domain.findings import ENDED_BY_RULE_CHANGE

_END_PHASES: Final = (FindingPhase.ENDED, FindingPhase.WITHDRAWN)
_SEVERE: Final = (Severity.CRITICAL, Severity.HIGH)
_SIGNALS: Final = {
    Decision.JOIN: Signal.ADDED,
    Decision.RAISE: Signal.SEVERITY_RAISED,
    Decision.RECUR: Signal.RECURRED,
}


class Disposition(StrEnum):
    """What was done with a finding. Every finding ends as exactly one of these."""

    OPENED = "opened"
    JOINED = "joined"
    CHANGED = "changed"
    REPEATED = "repeated"
    SILENCED = "silenced"
    """A silence matches it: stored, and processed when the silence ends if it is still active."""
    UNMATCHED = "unmatched"
    """It ends a finding that was never recorded here (its alert was opened before this ledger began)."""


class IntakeResult(Struct, frozen=True):
    """What was done with one finding, the alert concerned, and those that were merged into it."""

    finding: str
    disposition: Disposition
    alert: int | None = None
    merged: tuple[int, ...] = ()


class FindingIntake:
    """Turns findings into alerts."""

    def __init__(self, processor: AlertProcessor, escalator: Escalator, devices: DevicesById = dict) -> None:
        self.processor, self.escalator, self.renderer = processor, escalator, escalator.renderer
        self.silencing = SilenceFilter(escalator.community, devices)
        self.gathering = Gathering(processor, escalator)
        self.informing = InformingAlerts(processor, escalator, self.new_alert, self.opened_text)

    def process(self, tx: Transaction, findings: Sequence[Finding]) -> list[IntakeResult]:
        """Process findings in the order given."""
        return [self._process_one(tx, finding) for finding in findings]

    def release_silenced(self, tx: Transaction) -> list[int]:
        """Process findings whose silence is over; returns the alerts they opened or joined."""
        results = self.process(tx, self.silencing.release(tx))
        return [*(result.alert for result in results if result.alert is not None), *self.informing.end_silences(tx)]

    def _process_one(self, tx: Transaction, finding: Finding) -> IntakeResult:
        record = tx.store.finding_record(finding)
        if record.recorded:
            return IntakeResult(finding.id, Disposition.REPEATED, record.alert)
        alert = None if record.alert is None else tx.store.alert(record.alert)
        if alert is not None:
            tx.store.record_finding(finding, alert.id)
            self._update(tx, alert, finding)
            return IntakeResult(finding.id, Disposition.CHANGED, alert.id)
        if self.silencing.apply(tx, finding) is not SilenceResult.NO:
            return IntakeResult(finding.id, Disposition.SILENCED)
        if finding.phase in _END_PHASES:
            tx.store.record_finding(finding, None)
            return IntakeResult(finding.id, Disposition.UNMATCHED)
        silence = self.silencing.informing_silence(tx, finding)
        if silence is not None:
            return IntakeResult(finding.id, Disposition.SILENCED, self.informing.inform(tx, finding, silence))
        return self._open_or_join(tx, finding)

    def _open_or_join(self, tx: Transaction, finding: Finding) -> IntakeResult:
        community = self.escalator.community()
        building = community.building_of(finding.place)
        building_id = building.id if building is not None else None
        outdoors = building is None and community.household_of(finding.place) is None
        cell = community.cell_concerned(finding.subject, finding.place) if outdoors else None
        candidates = tx.store.alerts_to_join(finding, building_id, cell)
        of_building = self.gathering.related(tx, finding, building_id)
        recipients = partial(self._recipients, tx, finding)
        same = self.escalator.choice.policy.is_same_event
        match = joining.match_alert(finding, building_id, candidates, recipients, tx.now, of_building, cell, same)
        if match is not None and match.relation is Relation.GATHERS:
            return self._gather(tx, match, finding)
        if match is not None:
            tx.store.record_finding(finding, match.alert.id)
            self._join(tx, match, finding, self._danger(finding, tx.now))
            return IntakeResult(finding.id, Disposition.JOINED, match.alert.id)
        alert = tx.store.add_alert(self.new_alert(finding, building_id, tx.now))
        tx.store.record_finding(finding, alert.id)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "opened", self.opened_text(alert), person=None)])
        self.processor.start(tx, alert)
        return IntakeResult(finding.id, Disposition.OPENED, alert.id)

    def _recipients(self, tx: Transaction, finding: Finding, alert: Alert) -> Recipients:
        own = self.escalator.choice.of_finding(finding, alert, tx.now)
        same_cell = self.escalator.community().cell_concerned(finding.subject, finding.place) == alert.cell
        return joining.compare_recipients(
            finding, own, alert, self.escalator.ladder(alert), same_cell, self.gathering.can_reach(tx, alert)
        )

    def open_split(self, tx: Transaction, findings: Sequence[Finding], ids: Sequence[str], source: Alert) -> Alert:
        """A new alert of findings that leave `source`, the most severe first; its escalation begins at once."""
        first = findings[0]
        building = self.escalator.community().building_of(first.place)
        alert = structs.replace(
            self.new_alert(first, None if building is None else building.id, tx.now),
            joined=len(ids) - 1,
            late_ms=0,
            exercise=source.exercise,
        )
        for finding in findings[1:]:
            title = joined_title(alert.title, finding.title)
            alert = structs.replace(alert, title=title, doors=with_address(alert, self._address(finding)))
        alert = tx.store.add_alert(alert)
        tx.store.move_findings(source.id, alert.id, ids)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "opened", self.opened_text(alert))])
        return self.processor.start(tx, alert)

    def new_alert(self, finding: Finding, building: str | None, now: Instant) -> Alert:
        """The alert that this finding opens, without an id."""
        community = self.escalator.community()
        alert = Alert(
            id=0,
            rule=finding.rule,
            title=finding.title,
            hazard=finding.hazard,
            severity=finding.severity,
            ledger=finding.ledger,
            subject=finding.subject,
            started_at=finding.begin,
            opened_at=now,
            updated_at=now,
            state_since=now,
            danger_at=finding.begin,
            ladder_rule=finding.rule,
            device=finding.device,
            place=finding.place,
            building=building,
            cell=community.cell_concerned(finding.subject, finding.place),
            address=self._address(finding),
            advice=finding.advice,
            evidence=finding.evidence,
            late_ms=_delay_ms(finding, now),
            stale=finding.phase is FindingPhase.STALE,
            source=AlertSource.SYSTEM.value if finding.rule == CANARY_RULE else AlertSource.DEVICE.value,
            exercise=finding.rule == CANARY_RULE,
        )
        alert = self.escalator.choice.with_vulnerability(alert)
        return structs.replace(alert, due_at=now + self.escalator.ladder(alert).take_within)

    def opened_text(self, alert: Alert) -> str:
        """The first line of the timeline."""
        level = self.renderer.catalog.severities[alert.severity]
        address = alert.address or self.renderer.catalog.nowhere
        line = "opened_late" if alert.late_ms > LATE_MS else "opened"
        line = "opened_retained" if is_retained(alert) else line
        return self.renderer.timeline_text(
            line, level=level, title=alert.title, address=address, span=self.renderer.format_duration(alert.late_ms)
        )

    def _gather(self, tx: Transaction, match: Match, finding: Finding) -> IntakeResult:
        """A finding about a building raises the alert of one of its devices, which takes over those of the others."""
        gathered = self.gathering.gather(tx, match.alert, finding)
        tx.store.record_finding(finding, match.alert.id)
        danger = self._danger(finding, tx.now)
        named = structs.replace(danger, address=gathered.address or danger.address)
        after = self._join(tx, structs.replace(match, alert=gathered.alert), finding, named)
        tx.store.save_alert(structs.replace(after, address=danger.address))
        self.gathering.notify_others(tx, after, gathered.merged)
        if after.state is State.ON_SITE:
            self.processor.case_effects.supervision.notify_spread(tx, after)
        return IntakeResult(finding.id, Disposition.JOINED, match.alert.id, gathered.merged)

    def _join(self, tx: Transaction, match: Match, finding: Finding, danger: Danger) -> Alert:
        line = "again" if match.relation is Relation.SAME_DANGER else "joined"
        why, of = self.renderer.catalog.why[match.relation.value], finding.device or finding.subject.id
        address = danger.address or self.renderer.catalog.nowhere
        text = self.renderer.timeline_text(line, title=finding.title, why=why, address=address, of=of)
        tx.store.add_timeline([TimelineEntry(match.alert.id, tx.now, line, text)])
        alert = structs.replace(match.alert, joined=match.alert.joined + 1)
        already_notified = self._is_already_notified(tx, match, finding)
        event = AlertEvent(_SIGNALS[match.decision], danger=danger, already_notified=already_notified)
        after = self.processor.apply(tx, alert, event)
        # One person is not at six manholes: whoever can send others is told when the first joins.
        if match.relation is Relation.SAME_AREA and alert.joined == 1 and finding.severity in _SEVERE:
            self.processor.case_effects.supervision.notify_spread(tx, after)
        if after.rung >= 0:
            self.escalator.notify_extra(tx, after, Occasion.OPENED, finding)
        return after

    def _is_already_notified(self, tx: Transaction, match: Match, finding: Finding) -> bool:
        """True for another rule about the same event on the same device, or where a group's alert was opened, of a
        danger that people were notified of: as severe within BUNDLE_MS, less severe as long as that danger goes on (a
        manhole that overflows has high water); and for a rule about the building, whose title covers those of its
        devices.
        """
        if match.relation is Relation.GATHERS:
            return True
        alert, ladders = match.alert, self.escalator.choice.policy
        same_device = match.relation is Relation.SAME_DEVICE and finding.device == alert.device
        where_opened = match.relation is Relation.SAME_AREA and alert.device is None and finding.place == alert.place
        if finding.device is None or not (same_device or where_opened):
            return False
        if finding.severity.rank < alert.severity.rank or not ladders.is_same_event(finding.rule, alert.ladder_rule):
            return False
        calls = [row for row in tx.store.deliveries(alert.id) if row.kind in CALL_KINDS and row.round == alert.round]
        recent = all(tx.now - row.created_at <= BUNDLE_MS for row in calls)
        is_part_of_it = finding.severity.rank > alert.severity.rank and alert.recovered_at is None
        return (recent or is_part_of_it) and any(
            row.state in NOT_FAILED and row.person not in alert.passed for row in calls
        )

    def _danger(self, finding: Finding, now: Instant) -> Danger:
        return Danger(
            rule=finding.rule,
            hazard=finding.hazard,
            title=finding.title,
            severity=finding.severity,
            at=finding.begin,
            late_ms=_delay_ms(finding, now),
            advice=finding.advice,
            evidence=finding.evidence,
            address=self._address(finding),
        )

    def _address(self, finding: Finding) -> str:
        """The address; without one, the device."""
        community = self.escalator.community()
        cell = community.cells.get(finding.subject.id) if finding.subject.type == "cell" else None
        name = "" if cell is None else cell.name
        return community.address(finding.place) or name or self.renderer.unplaced_device(finding)

    def _update(self, tx: Transaction, alert: Alert, finding: Finding) -> None:
        if finding.phase in _END_PHASES:
            self._end_finding(tx, alert, finding)
            return
        if finding.phase is FindingPhase.STALE:
            tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "stale", self.renderer.timeline_text("stale"))])
            tx.store.save_alert(structs.replace(alert, stale=True, updated_at=tx.now))
            return
        if finding.severity.rank < alert.severity.rank:
            # It became more severe when it was graded, not when the lesser danger began.
            worse = structs.replace(self._danger(finding, tx.now), at=finding.at)
            self.processor.apply(tx, alert, AlertEvent(Signal.SEVERITY_RAISED, danger=worse))
            return
        if alert.state in (State.VERIFIED, State.CLOSED) and alert.ledger is Ledger.DANGER:
            # It was settled while its device was silent. Now the device is received again, and the danger still holds.
            self.processor.apply(tx, alert, AlertEvent(Signal.STILL_FIRING))
            return
        level = self.renderer.catalog.severities[finding.severity]
        tx.store.add_timeline(
            [
                TimelineEntry(
                    alert.id, tx.now, "graded", self.renderer.timeline_text("graded", level=level, title=finding.title)
                )
            ]
        )
        evidence = finding.evidence if finding.ledger is Ledger.HEALTH and finding.evidence else alert.evidence
        tx.store.save_alert(
            structs.replace(alert, stale=False, recovered_at=None, updated_at=tx.now, evidence=evidence)
        )

    def _end_finding(self, tx: Transaction, alert: Alert, finding: Finding) -> None:
        """The alert has recovered only when none of its findings is active."""
        if finding.phase is FindingPhase.WITHDRAWN:
            tx.store.add_timeline(
                [TimelineEntry(alert.id, tx.now, "withdrawn", self.renderer.timeline_text("withdrawn"))]
            )
        if alert.ledger is Ledger.DANGER and any(line.quantity == ENDED_BY_RULE_CHANGE for line in finding.evidence):
            # Its rule was removed: nothing evaluates it any more, which is no recovery.
            tx.store.add_timeline(
                [TimelineEntry(alert.id, tx.now, "unjudged", self.renderer.timeline_text("unjudged"))]
            )
            return
        if tx.store.has_active_findings(alert.id):
            return
        if self.informing.has_recovered(tx, alert):
            return
        signal = Signal.HEALTH_RECOVERED if alert.ledger is Ledger.HEALTH else Signal.RECOVERED
        self.processor.apply(tx, alert, AlertEvent(signal))


def _delay_ms(finding: Finding, now: Instant) -> int:
    """The delay in ms: late by event time, plus our own delay (the service may have been down)."""
    behind = now - finding.now
    return finding.late_ms + (behind if behind > LATE_MS else 0)

"""Opens the alert of a case, on the same path as that of a finding: ladder, outbox and timeline. No finding is behind
it, so only people end it. Runs inside the caller's transaction.
"""

from __future__ import annotations

from msgspec import Struct, structs

from alerts.alert import Actor, Alert, AlertSource, SecondCheck, TimelineEntry
from alerts.cases.request import SUBJECT_TYPE, CaseRequest
from alerts.escalation.escalator import Escalator
from alerts.handling.gathering import Gathering
from alerts.handling.processor import AlertProcessor
from alerts.messages.exercise import labelled
from alerts.messages.outside_words import location_words
from alerts.ports import Transaction
from domain import Instant, Subject


class OpenedCase(Struct, frozen=True):
    """The alert of a case; `is_new` is false when an earlier request with the same key had opened it."""

    alert: Alert
    is_new: bool


class CaseOpener:
    """Turns requests into alerts."""

    def __init__(self, processor: AlertProcessor, escalator: Escalator, gathering: Gathering) -> None:
        self.processor, self.escalator, self.renderer = processor, escalator, escalator.renderer
        self.gathering = gathering

    def open(self, tx: Transaction, request: CaseRequest, actor: Actor) -> OpenedCase:
        """The alert of this request, opened unless its key was used before; `actor` is whom the timeline names."""
        earlier = None if request.key is None else tx.store.alert_by_case_key(request.key)
        if earlier is not None:
            return OpenedCase(earlier, is_new=False)
        added = tx.store.add_alert(self._new_alert(request, tx.now))
        alert = structs.replace(added, subject=Subject(SUBJECT_TYPE, str(added.id)))
        address = alert.address or self.renderer.catalog.nowhere
        level = self.renderer.catalog.severities[alert.severity]
        text = self.renderer.timeline_text("opened", level=level, title=alert.title, address=address)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "opened", text, person=actor.id)])
        joined = self.gathering.join_case(tx, alert)
        return OpenedCase(self.processor.start(tx, alert) if joined is None else joined, is_new=True)

    def _new_alert(self, request: CaseRequest, now: Instant) -> Alert:
        community, at = self.escalator.community(), min(request.at or now, now)
        building = community.building_of(request.place)
        alert = Alert(
            id=0,
            rule=request.rule,
            title=labelled(request.title) if request.exercise else request.title,
            hazard=request.hazard,
            severity=request.severity,
            ledger=request.ledger,
            subject=Subject(SUBJECT_TYPE, ""),
            started_at=at,
            opened_at=now,
            updated_at=now,
            state_since=now,
            danger_at=at,
            ladder_rule=request.ladder_rule or request.rule,
            place=request.place,
            building=None if building is None else building.id,
            cell=community.cell_of(request.place),
            address=community.address(request.place) + location_words(request.address),
            advice=request.advice,
            late_ms=now - at,
            source=request.source.value,
            exercise=request.exercise,
            description=request.text,
            reference=request.reference,
            case_key=request.key,
            second_check=SecondCheck() if request.source is AlertSource.REPORT else None,
        )
        alert = self.escalator.choice.with_vulnerability(alert)
        return structs.replace(alert, due_at=now + self.escalator.ladder(alert).take_within)

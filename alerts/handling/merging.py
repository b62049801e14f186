"""Merging and splitting alerts by hand. Neither ever silences a danger (decision 0013).

Both happen in the caller's transaction: after a crash the alerts are as before or as after, never in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from alerts.alert import ACTIVE_STATES, OWNED_STATES, Actor, Alert, SecondCheck, State, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.notices import Notice, Notices
from alerts.handling.intake import FindingIntake
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.danger import danger_of, with_address
from alerts.lifecycle.event import AlertEvent, InvalidTransition
from alerts.lifecycle.transitions import ActionRefusal, Signal
from alerts.message import CALL_KINDS, NOT_FAILED, MessageKind
from alerts.messages.deliveries import latest_calls
from alerts.ports import RecordedFinding, Transaction
from domain import Ledger


class Merging:
    """Merges an alert into another one, and splits findings off."""

    def __init__(self, processor: AlertProcessor, escalator: Escalator, intake: FindingIntake) -> None:
        self.processor, self.escalator, self.intake = processor, escalator, intake
        self.renderer, self.notices = escalator.renderer, Notices(escalator)

    def merge(self, tx: Transaction, alert: Alert, into: Alert, actor: Actor, reason: str | None) -> list[Alert]:
        """The merged alert, closed, and the one that has its findings. Whoever was called or owns the merged one is
        told who has it. Raises InvalidTransition where it would silence a danger."""
        refusal = self._merge_refusal(alert, into)
        if refusal is not None:
            raise InvalidTransition(refusal, self.renderer.refusal_text(refusal, alert, tx.now))
        event = AlertEvent(Signal.MERGE, actor, reason=reason, to=str(into.id))
        called, owner = latest_calls(tx.store.deliveries(alert.id)), alert.owner
        merged = self.processor.apply(tx, alert, event)
        tx.store.move_findings(alert.id, into.id)
        absorbed = self._absorb(tx, alert, into, actor)
        self._notify_of_merge(tx, merged, absorbed, [owner, *(row.person for row in called)])
        return [merged, absorbed]

    def split(
        self, tx: Transaction, alert: Alert, findings: Sequence[str], actor: Actor, reason: str | None
    ) -> list[Alert]:
        """The alert without these findings, and a new one that has them. The new one begins its own escalation."""
        recorded = {finding.id: finding for finding in tx.store.recorded_findings(alert.id)}
        chosen = [recorded[name] for name in dict.fromkeys(findings) if name in recorded]
        refusal = _split_refusal(alert, findings, chosen, recorded)
        if refusal is not None:
            raise InvalidTransition(refusal, self.renderer.refusal_text(refusal, alert, tx.now))
        bodies = sorted((one.body for one in chosen if one.body is not None), key=lambda body: body.severity.rank)
        new = self.intake.open_split(tx, bodies, [one.id for one in chosen], alert)
        left = structs.replace(
            alert,
            joined=max(alert.joined - len(chosen), 0),
            doors=tuple(door for door in alert.doors if door not in {new.address, *new.doors}),
            updated_at=tx.now,
        )
        tx.store.save_alert(left)
        self._add_timeline(tx, left.id, actor, reason, "split_off", to=new.id, title=new.title)
        self._add_timeline(tx, new.id, actor, reason, "split_from", of=left.id, title=new.title)
        return [left, new]

    def _merge_refusal(self, alert: Alert, into: Alert) -> ActionRefusal | None:
        if alert.id == into.id:
            return ActionRefusal.MERGE_SELF
        if alert.ledger is not into.ledger:
            return ActionRefusal.MERGE_LEDGER
        if alert.exercise is not into.exercise:
            return ActionRefusal.MERGE_EXERCISE
        if alert.state not in ACTIVE_STATES:
            settled = into.state in (State.OPEN, State.RESOLVED, *OWNED_STATES)
            return None if settled else ActionRefusal.MERGE_INACTIVE
        if into.state not in (State.OPEN, *OWNED_STATES):
            return ActionRefusal.MERGE_INACTIVE
        return None if self._calls_the_same(alert, into) else ActionRefusal.MERGE_OTHERS

    def _calls_the_same(self, alert: Alert, into: Alert) -> bool:
        """Whether the people of the merged alert's first rung are called for the other one too: a danger may not lose
        those whose work it is. Once a named person has it, or for device faults, that is settled."""
        if alert.ledger is Ledger.HEALTH or alert.state in OWNED_STATES or into.state in OWNED_STATES:
            return True
        roles = {role for rung in self.escalator.ladder(into).rungs for role in rung.roles}
        return alert.cell in (None, into.cell) and self.escalator.ladder(alert).rungs[0].roles <= roles

    def _absorb(self, tx: Transaction, alert: Alert, into: Alert, actor: Actor) -> Alert:
        """The alert that takes the findings: raised by a more severe danger, or where nobody can be told of it."""
        address = alert.address or self.renderer.catalog.nowhere
        self._add_timeline(tx, into.id, actor, None, "absorbed", of=alert.id, title=alert.title, address=address)
        grown = structs.replace(
            into,
            joined=into.joined + alert.joined + 1,
            started_at=min(into.started_at, alert.started_at),
            doors=with_address(into, alert.address),
            second_check=into.second_check or (None if alert.second_check is None else SecondCheck()),
            updated_at=tx.now,
        )
        for door in alert.doors:
            grown = structs.replace(grown, doors=with_address(grown, door))
        tx.store.save_alert(grown)
        if alert.state not in ACTIVE_STATES:
            return grown
        return self.processor.apply(tx, grown, AlertEvent(self._signal(tx, alert, grown), danger=danger_of(alert)))

    def _signal(self, tx: Transaction, alert: Alert, into: Alert) -> Signal:
        own, other = self.escalator.ladder(alert), self.escalator.ladder(into)
        sooner = own.take_within < other.take_within or own.arrive_within < other.arrive_within
        worse = alert.severity.rank < into.severity.rank or sooner
        return Signal.SEVERITY_RAISED if worse or not self._has_listener(tx, into) else Signal.ADDED

    def _has_listener(self, tx: Transaction, alert: Alert) -> bool:
        """Whether the owner, or at least one person who was called, can be told of what joins."""
        if alert.state in OWNED_STATES:
            return self.escalator.can_reach(alert, alert.owner, tx.now)
        return any(
            row.kind in CALL_KINDS and row.round == alert.round and row.state in NOT_FAILED
            for row in tx.store.deliveries(alert.id)
            if row.person not in alert.passed
        )

    def _notify_of_merge(self, tx: Transaction, merged: Alert, into: Alert, people: Sequence[str | None]) -> None:
        """Everybody who was called for the merged alert, unless he has the other one."""
        known = self.escalator.community().people
        responsible = self.processor.case_effects.supervision.responsible(tx, into)
        name = into.owner_name or "、".join(person.name for person, _ in responsible[:1])
        roles = {row.person: row.role for row in tx.store.deliveries(merged.id)}
        notice = Notice(MessageKind.MERGED, into.id, name=name or self.renderer.catalog.lapses["nobody"])
        responsible_ids = {person.id for person, _ in responsible}
        for person in dict.fromkeys(people):
            if person is not None and person in known and person not in responsible_ids:
                self.notices.notify(tx, merged, known[person], roles.get(person, ""), notice)

    def _add_timeline(
        self, tx: Transaction, alert: int, actor: Actor, reason: str | None, line: str, **variables: object
    ) -> None:
        text = self.renderer.timeline_text(line, who=actor.name, **variables)
        if reason:
            text = self.renderer.timeline_text("reason", text=text, reason=reason)
        tx.store.add_timeline([TimelineEntry(alert, tx.now, line, text, person=actor.id)])


def _split_refusal(
    alert: Alert, wanted: Sequence[str], chosen: Sequence[RecordedFinding], recorded: dict[str, RecordedFinding]
) -> ActionRefusal | None:
    if alert.state is State.CLOSED:
        return ActionRefusal.CLOSED
    if len(chosen) < len(set(wanted)):
        return ActionRefusal.SPLIT_UNKNOWN
    if len(chosen) == len(recorded):
        return ActionRefusal.SPLIT_ALL
    return ActionRefusal.SPLIT_OLD if any(one.body is None for one in chosen) else None

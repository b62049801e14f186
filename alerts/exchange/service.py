"""CaseExchange: cases of outside systems and changes of their states come in, each in one transaction.

A case opens an alert like any other; the alert, its number there and the answer to a repeated push are one commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from alerts.alert import OWNED_STATES, UNACKNOWLEDGED_STATES, Actor, Alert, AlertSource, ResponseSource, TimelineEntry
from alerts.cases.request import CaseRequest
from alerts.exchange.incoming import IncomingCase, IncomingState, read_case, read_state
from alerts.exchange.location import FoundBy, FoundPlace, PlaceIndex
from alerts.exchange.mapping import IncomingAction, SystemMapping
from alerts.exchange.messages import (
    SYSTEM_PREFIX,
    CaseLink,
    Direction,
    OutgoingMessage,
    PushOutcome,
    PushResult,
    ReceivedEvent,
    ReceivedOutcome,
)
from alerts.exchange.ports import ExchangeStore, ExchangeTransact
from alerts.exchange.retries import Response
from alerts.exchange.state_sync import Decision, decide
from alerts.exchange.targets import SystemTarget
from alerts.lifecycle.danger import Danger
from alerts.lifecycle.event import AlertEvent, InvalidField, InvalidTransition
from alerts.lifecycle.transitions import Signal
from alerts.messages.outside_words import location_words
from alerts.ports import AlertStore, Transaction
from alerts.service import AlertService
from domain import Instant
from domain.people import Community

UPDATED: Final = "external_update"
STATE: Final = "external_state"
"""Kinds of timeline entries."""


class UnknownSystem(LookupError):
    """No system with this id is configured."""


class UnknownCase(LookupError):
    """The system has no case with this number here."""


class CaseExchange:
    """The entry for what outside systems send."""

    def __init__(
        self,
        transact: ExchangeTransact,
        desk: AlertService,
        systems: Mapping[str, SystemMapping],
        community: Callable[[], Community],
        clock: Callable[[], Instant],
    ) -> None:
        self._transact, self._desk, self._systems = transact, desk, systems
        self._community, self._clock = community, clock
        self._index: PlaceIndex | None = None
        self._indexing = asyncio.Lock()

    async def receive_case(self, system: str, body: Mapping[str, Any]) -> PushResult:
        """Open a case, or update it when its content changed. Raises UnknownSystem and UnmappableCase."""
        mapping, now = self._mapping(system), self._clock()
        case = read_case(mapping, body)
        found = (await self._place_index()).find(case)
        result = await self._transact(lambda alerts, store: self._push(alerts, store, system, case, found, now))
        if result.outcome is not PushOutcome.REPEATED:
            self._changed(result.link.alert)
        return result

    async def receive_state(self, system: str, external_id: str, body: Mapping[str, Any]) -> ReceivedEvent:
        """Apply a change of state of theirs. Raises UnknownSystem, UnknownCase and UnmappableCase."""
        mapping, now = self._mapping(system), self._clock()
        state = read_state(mapping, body)
        received, alert = await self._transact(
            lambda alerts, store: self._state(alerts, store, system, external_id, state, now)
        )
        if alert is not None:
            self._changed(alert)
        return received

    def record_their_id(self, target: SystemTarget | None, message: OutgoingMessage, response: Response,
                        store: ExchangeStore) -> None:  # fmt: skip
        """Keep the number that they gave a case, from their response to the hand-over."""
        number = None if target is None else target.their_id(response.body)
        link = store.link(target.system, str(message.event.data.get("external_id"))) if target is not None else None
        if link is not None and number is not None and link.direction is Direction.OUT:
            store.save_link(replace(link, their_id=number))

    def _mapping(self, system: str) -> SystemMapping:
        if system not in self._systems:
            raise UnknownSystem(system)
        return self._systems[system]

    async def _place_index(self) -> PlaceIndex:
        """The index of the present community, built beside the event loop: a district takes seconds."""
        async with self._indexing:
            community = self._community()
            if self._index is None or self._index.community is not community:
                self._index = await asyncio.to_thread(PlaceIndex, community)
            return self._index

    def _actor(self, system: str) -> Actor:
        return Actor(
            id=SYSTEM_PREFIX + system,
            name=self._systems[system].title.zh,
            via=ResponseSource.API,
            role="system",
            principal=SYSTEM_PREFIX + system,
        )

    def _changed(self, alert: int) -> None:
        self._desk.on_change(str(alert))
        self._desk.on_outbox()

    # Cases

    def _push(
        self, alerts: AlertStore, store: ExchangeStore, system: str, case: IncomingCase, found: FoundPlace, now: Instant
    ) -> PushResult:
        link = store.link(system, case.external_id)
        if link is None:
            return PushResult(PushOutcome.OPENED, self._open(alerts, store, system, case, found, now))
        if link.digest == case.digest:
            return PushResult(PushOutcome.REPEATED, link)
        alert = alerts.alert(link.alert)
        updated = replace(
            link, digest=case.digest, updated_at=now, fields=_shown(case, found), their_deadline=case.deadline
        )
        store.save_link(updated)
        if alert is not None:
            self._update(alerts, system, alert, case, found, now)
        return PushResult(PushOutcome.UPDATED, updated)

    def _open(
        self, alerts: AlertStore, store: ExchangeStore, system: str, case: IncomingCase, found: FoundPlace, now: Instant
    ) -> CaseLink:
        request = CaseRequest(
            source=AlertSource.EXTERNAL,
            hazard=case.hazard,
            title=case.title,
            severity=case.severity,
            text=case.text,
            place=found.place,
            address=self._words_beside(case, found),
            advice=case.advice,
            at=case.reported_at,
            reference=case.external_id,
            key=f"external:{system}:{case.external_id}",
        )
        tx, actor = Transaction(alerts, now), self._actor(system)
        alert = self._desk.cases.open(tx, request, actor).alert
        text = self._desk.renderer.timeline_text
        lines = [text("external_opened", who=actor.name, number=case.external_id, found=text(f"found_{found.by}"))]
        if case.deadline is not None:
            until = self._desk.renderer.format_time(case.deadline, now)
            lines.append(text("external_deadline", who=actor.name, until=until))
        alerts.add_timeline([TimelineEntry(alert.id, now, STATE, line, person=actor.id) for line in lines])
        link = CaseLink(
            system=system,
            external_id=case.external_id,
            alert=alert.id,
            direction=Direction.IN,
            digest=case.digest,
            opened_at=now,
            updated_at=now,
            fields=_shown(case, found),
            their_deadline=case.deadline,
        )
        store.save_link(link)
        return link

    def _words_beside(self, case: IncomingCase, found: FoundPlace) -> str:
        """Their words for the location, unless the registered address says the same."""
        return "" if found.by is FoundBy.ADDRESS else location_words(case.address)

    def _update(
        self, alerts: AlertStore, system: str, alert: Alert, case: IncomingCase, found: FoundPlace, now: Instant
    ) -> None:
        """The changed content, in the alert and in its timeline; one that became more severe calls people again."""
        community, actor = self._community(), self._actor(system)
        place = found.place or alert.place
        building = community.building_of(place)
        changed = replace(
            alert,
            title=case.title,
            description=case.text,
            place=place,
            building=None if building is None else building.id,
            cell=community.cell_of(place),
            address=community.address(place) + self._words_beside(case, found),
            updated_at=now,
        )
        content = "；".join(part for part in (case.title, case.text) if part)
        text = self._desk.renderer.timeline_text("external_updated", who=actor.name, text=content)
        alerts.add_timeline([TimelineEntry(alert.id, now, UPDATED, text, person=actor.id)])
        alerts.save_alert(changed)
        if case.severity.rank < alert.severity.rank:
            danger = Danger(
                rule=alert.ladder_rule,
                hazard=case.hazard,
                title=case.title,
                severity=case.severity,
                at=now,
                late_ms=0,
                advice=case.advice,
                evidence=(),
                address=changed.address,
            )
            event = AlertEvent(Signal.SEVERITY_RAISED, actor, danger=danger)
            self._desk.processor.apply(Transaction(alerts, now), changed, event)

    # States

    def _state(
        self,
        alerts: AlertStore,
        store: ExchangeStore,
        system: str,
        external_id: str,
        state: IncomingState,
        now: Instant,
    ) -> tuple[ReceivedEvent, int | None]:
        link = store.link(system, external_id)
        alert = None if link is None else alerts.alert(link.alert)
        if link is None or alert is None:
            raise UnknownCase(external_id)
        earlier = store.received(system, _event_key(link, state))
        if earlier is not None:
            return replace(earlier, outcome=ReceivedOutcome.REPEATED, detail=earlier.detail), None
        decision, detail = self._apply(alerts, store, link, alert, state, now)
        received = ReceivedEvent(
            system, _event_key(link, state), link.external_id, state.state, state.version, now, decision.outcome, detail
        )
        store.save_received(received)
        changed = decision.outcome not in (ReceivedOutcome.REPEATED, ReceivedOutcome.OUT_OF_ORDER)
        return received, alert.id if changed else None

    def _apply(
        self,
        alerts: AlertStore,
        store: ExchangeStore,
        link: CaseLink,
        alert: Alert,
        state: IncomingState,
        now: Instant,
    ) -> tuple[Decision, str]:
        decision = decide(link, alert, state)
        if decision.outcome in (ReceivedOutcome.REPEATED, ReceivedOutcome.OUT_OF_ORDER):
            return decision, ""
        actor, tx = self._actor(link.system), Transaction(alerts, now)
        store.save_link(
            replace(
                link,
                state=state.state,
                their_version=state.version,
                their_id=state.their_id or link.their_id,
                updated_at=now,
            )
        )
        words = "，".join(part for part in (state.state, state.reason) if part)
        sentence = self._desk.renderer.timeline_text("external_state", who=actor.name, state=words)
        alerts.add_timeline([TimelineEntry(alert.id, now, STATE, sentence, person=actor.id)])
        try:
            self._signal(tx, alert, decision, actor, state)
        except (InvalidTransition, InvalidField) as refused:
            return Decision(ReceivedOutcome.NOT_POSSIBLE), str(refused)
        return decision, ""

    def _signal(self, tx: Transaction, alert: Alert, decision: Decision, actor: Actor, state: IncomingState) -> None:
        reason = state.reason or state.state
        for signal in decision.signals:
            concludes = signal in (Signal.RESOLVE, Signal.CLOSE)
            event = AlertEvent(signal, actor, reason=reason, disposition=decision.disposition if concludes else None)
            if signal in (Signal.VERIFY, Signal.CLOSE):
                event = self._desk.due_alerts.with_finding_status(tx.store, alert, event, None)
            alert = self._desk.processor.apply(tx, alert, event)
        if state.action is IncomingAction.URGE:
            self._urge(tx, alert, actor, state.reason)

    def _urge(self, tx: Transaction, alert: Alert, actor: Actor, note: str) -> None:
        """催办: while nobody is responsible, the next rung is told at once in place of at its time; else the owner, and
        the next rung where a deadline of his has passed."""
        if alert.state in UNACKNOWLEDGED_STATES and alert.climb_at is not None and alert.climb_at > tx.now:
            tx.store.save_alert(replace(alert, climb_at=tx.now, updated_at=tx.now))
        elif alert.state in OWNED_STATES:
            after = self._desk.processor.case_effects.supervision.urge(tx, alert, actor.name, note)
            tx.store.save_alert(replace(after, updated_at=tx.now))


def _event_key(link: CaseLink, state: IncomingState) -> str:
    """Events are identified within their case: two cases may number theirs alike."""
    return f"{link.external_id}/{state.event_id}"


def _shown(case: IncomingCase, found: FoundPlace) -> dict[str, Any]:
    """What is kept of a case beside its alert; without personal data in clear."""
    return {
        "category": case.category,
        "urgency": case.urgency,
        "address": case.address,
        "reporter": case.reporter,
        "place_found_by": found.by.value,
    }

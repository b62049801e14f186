"""Watches a run: which text arrived on whose phone and what its alert is about, and why an incident told nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

from alerts.alert import Alert
from alerts.channels.channel import SendResult
from alerts.channels.logbook import Logbook
from alerts.message import DANGER_KINDS, Delivery, MessageKind
from alerts.messages.together import combined_alerts
from alerts.ports import AlertStore
from app.score.matching import Status, incidents_of_alert, match
from app.score.records import Danger, Explanation, Text
from app.score.sms_network import Situation
from app.server.service import Service
from domain import Device, Finding, Instant, Place
from domain.places import self_and_ancestors
from simulators.events import Incident
from simulators.providers.carrier import SubmittedMessage

CALLING_KINDS: Final = frozenset({*DANGER_KINDS, MessageKind.ASSIST, MessageKind.INFORM, MessageKind.DIGEST})
EXPLAINED_DEVICES_MAX: Final = 4
_SHOWN: Final = ("rule", "device", "phase", "title", "since", "heard", "reasons", "reasons_en")


class Message(Struct, frozen=True):
    """A delivery with its alert and the findings of the alert."""

    delivery: Delivery
    alert: Alert
    findings: tuple[Finding, ...]


class Deliveries(Protocol):
    """What the service knows: registered devices and places, and each delivery by its id."""

    @property
    def devices(self) -> Mapping[str, Device]: ...

    @property
    def places(self) -> Mapping[str, Place]: ...

    async def find(self, delivery_id: str) -> Message | None: ...


class ServiceDeliveries:
    """Of a service in this process."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def devices(self) -> Mapping[str, Device]:
        return self._service.registry.devices

    @property
    def places(self) -> Mapping[str, Place]:
        return self._service.registry.community.places

    async def find(self, delivery_id: str) -> Message | None:
        return await self._service.alerting.desk.transact(lambda store: found_message(store, delivery_id))


def found_message(store: AlertStore, delivery_id: str) -> Message | None:
    """A delivery with its alert and the findings that the alert has now."""
    delivery = store.delivery(delivery_id)
    alert = store.alert(delivery.alert) if delivery is not None else None
    if delivery is None or alert is None:
        return None
    findings = [record.body for record in store.recorded_findings(alert.id) if record.body is not None]
    return Message(delivery, alert, tuple(findings))


class RecordingLogbook(Logbook):
    """A logbook that shows each entry to `on_entry`."""

    def __init__(self) -> None:
        self.on_entry: Callable[[Delivery], None] = lambda _delivery: None

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        self.on_entry(delivery)
        return await super().send(delivery, now)


class Observer:
    """Reads every text as it arrives (app.score.sms_network.Recipients). `texts` and `explanations` grow."""

    def __init__(
        self,
        incidents: Sequence[Incident],
        texts: list[Text],
        explanations: list[Explanation],
    ) -> None:
        self._incidents = incidents
        self.texts, self.explanations = texts, explanations
        self.deliveries: Deliveries
        self._dangers: dict[int, tuple[Danger, ...]] = {}
        for text in texts:
            self._dangers[text.alert] = text.dangers
        self._entries: list[tuple[Instant, Delivery]] = []

    def logbook_entry(self, delivery: Delivery, at: Instant) -> None:
        """Take down an entry of the logbook; it is recorded with the next text, or at the end of the day."""
        self._entries.append((at, delivery))

    async def read(self, message: SubmittedMessage, at: Instant) -> tuple[int, ...]:
        """Record a text that is on a phone; returns its alert and the others that it names, nothing for none."""
        await self.record_entries()
        found = await self.deliveries.find(message.reference)
        if found is None or message.failure is not None:
            return ()
        self._record(found, at, message.phone, message.text)
        own = found.alert.id
        return (own, *(one for one in combined_alerts(found.delivery) if one != own))

    async def record_entries(self) -> None:
        """Record the entries of the logbook up to now."""
        entries, self._entries = self._entries, []
        for at, delivery in entries:
            if (found := await self.deliveries.find(delivery.id)) is not None:
                self._record(found, at, "", found.alert.title)

    def situation(self, alert: int, at: Instant) -> Situation:
        """What is at the door of an alert: over when its last incident, a nuisance too, is over."""
        found = incidents_of_alert(self._incidents, self._dangers.get(alert, ()), self.places_of)
        return Situation(
            is_real=any(incident.notify_by is not None for incident in found),
            over_at=max((incident.end for incident in found if incident.begin <= at), default=at),
        )

    def places_of(self, place: str | None) -> tuple[str, ...]:
        """A place and the places above it, the nearest first."""
        return tuple(node.id for node in self_and_ancestors(self.deliveries.places, place))

    def explain_if_not_notified(self, incident: Incident, at: Instant, service: Service) -> None:
        """Where nobody was told of an incident by now, what each rule of its hazard says about its devices."""
        outcome = match([incident], self.texts, self.places_of).outcomes[0]
        if outcome.status is Status.MISSED:
            self.explanations.append(Explanation(incident.id, at, tuple(_explained(incident, service))))

    def _record(self, message: Message, at: Instant, phone: str, text: str) -> None:
        delivery, alert = message.delivery, message.alert
        dangers = tuple(self._danger(finding) for finding in message.findings) or (self._danger_of_case(alert),)
        self._dangers[alert.id] = dangers
        self.texts.append(
            Text(
                at=at,
                phone=phone,
                person=delivery.person,
                role=delivery.role,
                kind=delivery.kind.value,
                alert=alert.id,
                ledger=alert.ledger.value,
                severity=alert.severity.value,
                title=alert.title,
                text=text,
                calls=delivery.kind in CALLING_KINDS,
                dangers=dangers,
            )
        )

    def _danger(self, finding: Finding) -> Danger:
        device = self.deliveries.devices.get(finding.device or "")
        person = finding.subject.id if finding.subject.type == "person" else None
        if person is None and device is not None and isinstance(device.attributes.get("person"), str):
            person = str(device.attributes["person"])
        return Danger(
            rule=finding.rule,
            hazard=finding.hazard,
            severity=finding.severity.value,
            begin=finding.begin,
            device=finding.device,
            places=self.places_of(finding.place),
            person=person,
            received=finding.now,
        )

    def _danger_of_case(self, alert: Alert) -> Danger:
        """Of an alert that no device opened."""
        places = self.places_of(alert.place)
        return Danger(alert.rule, alert.hazard, alert.severity.value, alert.started_at, None, places)


def _explained(incident: Incident, service: Service) -> Iterator[dict[str, object]]:
    registered = service.registry.devices
    devices = [device for device in incident.devices if device in registered][:EXPLAINED_DEVICES_MAX]
    for book in service.engine.books:
        for rule in book.rules:
            if book.hazard == incident.hazard and not rule.shadow:
                for device in devices:
                    result = service.rule_state.explain(rule.name, device)
                    if result.get("applies_to_kind"):
                        yield {name: result[name] for name in _SHOWN if name in result}

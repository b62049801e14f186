"""Makes the events of one transaction's changes, and decides who gets them. Pure but for the links it reads and saves.

Nothing of an exercise is sent to anybody outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from alerts.alert import Alert, State
from alerts.exchange import care, case_events
from alerts.exchange.mapping import IncomingAction, SystemMapping
from alerts.exchange.messages import SYSTEM_PREFIX, AlertChange, CaseLink, Changes, Direction, NewEvent
from alerts.exchange.ports import CaseLinks
from alerts.exchange.subscribers import EventFacts, Subscriber, Topic
from domain import Device, Finding
from domain.people import Community

REPORT_TYPE: Final = "cn.fengshao.exchange.state.v1"
HANDOVER_TYPE: Final = "cn.fengshao.exchange.handover.v1"
PHOTOS_MAX: Final = 10
"""The newest photos of an alert that a message to an outside system refers to."""
HANDED_OVER: Final = "handed_over"
TAKEN_BACK: Final = "taken_back"


class Partners(Struct, frozen=True):
    """Subscribers, and mappings of the systems that take part, by id. `reachable` are the systems that messages are
    sent to; the others send, and fetch what is for them."""

    subscribers: tuple[Subscriber, ...] = ()
    systems: Mapping[str, SystemMapping] = {}
    reachable: frozenset[str] = frozenset()

    def bodies(self) -> dict[str, str]:
        """The systems that a case can be handed over to: id of the body, and its name."""
        return {SYSTEM_PREFIX + name: self.systems[name].title.zh for name in sorted(self.reachable)}


class ExchangePlanner:
    """Plans events from changes."""

    def __init__(
        self, partners: Partners, community: Callable[[], Community], devices: Callable[[], Mapping[str, Device]]
    ) -> None:
        self._partners, self._community, self._devices = partners, community, devices

    def __call__(self, changes: Changes, links: CaseLinks) -> list[NewEvent]:
        """The events, in order."""
        events: list[NewEvent] = []
        for change in changes.alerts:
            if not change.after.exercise:
                events += self._case_events(change)
                events += self._care_events(change)
                events += self._system_events(change, links)
        for finding in changes.findings:
            events += self._finding_events(finding)
        return events

    def _targets(self, facts: EventFacts) -> tuple[str, ...]:
        community = self._community()
        return tuple(each.id for each in self._partners.subscribers if each.wants(facts, community))

    def _case_events(self, change: AlertChange) -> list[NewEvent]:
        kind, alert = case_events.case_event_type(change), change.after
        if kind is None:
            return []
        targets = self._targets(EventFacts(Topic.CASES, alert.hazard, alert.severity, alert.ledger, alert.place))
        return _events(kind, alert, case_events.case_data(change, self._community()), targets)

    def _care_events(self, change: AlertChange) -> list[NewEvent]:
        alert = change.after
        if not any(Topic.CARE in each.topics for each in self._partners.subscribers):
            return []
        person = care.care_person(self._community(), alert, self._devices().get(alert.device or ""))
        if person is None or case_events.case_event_type(change) is None:
            return []
        targets = self._targets(EventFacts(Topic.CARE, alert.hazard, alert.severity, alert.ledger, alert.place))
        return _events(care.CARE_TYPE, alert, care.care_event(alert, person), targets)

    def _finding_events(self, finding: Finding) -> list[NewEvent]:
        facts = EventFacts(Topic.FINDINGS, finding.hazard, finding.severity, finding.ledger, finding.place)
        targets = self._targets(facts)
        if not targets:
            return []
        data = case_events.finding_data(finding, self._community())
        kind, subject = case_events.FINDING_TYPES[finding.phase], f"finding:{finding.id}"
        return [NewEvent(kind, subject, None, finding.now, data, targets)]

    def _system_events(self, change: AlertChange, links: CaseLinks) -> list[NewEvent]:
        if not self._partners.systems:
            return []
        events = self._handover(change, links)
        for link in links.links_of(change.after.id):
            mapping = self._partners.systems.get(link.system)
            if mapping is not None:
                events += self._report(change, link, mapping, links)
        return events

    def _handover(self, change: AlertChange, links: CaseLinks) -> list[NewEvent]:
        """An alert that was just returned to an outside system is sent to it, once for each time."""
        before, alert = change.before, change.after
        system = handed_to(alert, self._partners.systems)
        if system is None or (before is not None and handed_to(before, self._partners.systems) == system):
            return []
        number = case_events.case_number(alert)
        link = links.link(system, number) or CaseLink(
            system, number, alert.id, Direction.OUT, "", alert.updated_at, alert.updated_at
        )
        # Their numbering of an earlier hand-over of the same case does not order the new one.
        links.save_link(replace(link, state=HANDED_OVER, updated_at=alert.updated_at, their_version=0))
        data = self._system_data(change, link, links) | {
            "text": case_events.without_numbers(alert.description),
            "report": HANDED_OVER,
        }
        return _events(HANDOVER_TYPE, alert, data, self._target_of(system))

    def _report(self, change: AlertChange, link: CaseLink, mapping: SystemMapping, links: CaseLinks) -> list[NewEvent]:
        before, alert = change.before, change.after
        if before is not None and before.state is alert.state:
            return []
        if handed_to(alert, self._partners.systems) == link.system or _is_their_own(mapping, link, alert.state):
            return []
        state = self._reported_state(before, alert, link)
        word = mapping.state_word(state)
        if word is None or word == link.state:
            return []
        links.save_link(replace(link, state=word, updated_at=alert.updated_at))
        data = self._system_data(change, link, links) | {"state": word, "report": state}
        return _events(REPORT_TYPE, alert, data, self._target_of(link.system))

    def _target_of(self, system: str) -> tuple[str, ...]:
        """Also of a system without a URL: its messages wait until it fetches them."""
        return (SYSTEM_PREFIX + system,) if system in self._partners.systems else ()

    def _reported_state(self, before: Alert | None, alert: Alert, link: CaseLink) -> str:
        """Our state for them; a case that we handed over and others deal with now was taken back."""
        was_theirs = before is not None and handed_to(before, self._partners.systems) == link.system
        return TAKEN_BACK if was_theirs else alert.state.value

    def _system_data(self, change: AlertChange, link: CaseLink, links: CaseLinks) -> dict[str, Any]:
        alert = change.after
        return {
            **case_events.case_data(change, self._community()),
            "external_id": link.external_id,
            "their_id": link.their_id,
            "case_number": case_events.case_number(alert),
            "note": alert.escalation.note if alert.state is State.RETURNED else "",
            "photos": links.photos_of(alert.id)[-PHOTOS_MAX:],
            "category": link.fields.get("category", alert.hazard),
        }


def handed_to(alert: Alert, systems: Mapping[str, SystemMapping]) -> str | None:
    """The outside system that an alert is handed over to now."""
    if alert.state is not State.RETURNED or alert.returned_to is None:
        return None
    name = alert.returned_to.removeprefix(SYSTEM_PREFIX)
    return name if name in systems else None


def _is_their_own(mapping: SystemMapping, link: CaseLink, state: State) -> bool:
    """Whether the alert entered this state because they reported theirs: they need not be told."""
    action = mapping.event.states.get(link.state)
    return action is not None and _ENTERED_BY.get(action) is state


_ENTERED_BY: Final = {
    IncomingAction.RESOLVE: State.RESOLVED,
    IncomingAction.REFUSE: State.OPEN,
    IncomingAction.VERIFY: State.VERIFIED,
    IncomingAction.CLOSE: State.CLOSED,
    IncomingAction.REOPEN: State.OPEN,
}


def _events(kind: str, alert: Alert, data: dict[str, Any], targets: Sequence[str]) -> list[NewEvent]:
    if not targets:
        return []
    return [NewEvent(kind, case_events.case_subject(alert.id), alert.id, alert.updated_at, data, tuple(targets))]

"""Notifies those who are not responsible: they assist or are informed. The escalation does not depend on them.

Each person is told once in a round of calls; whoever has been called as responsible is not also informed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec.structs import replace

from alerts.alert import Alert, TimelineEntry
from alerts.escalation.calls import CallWriter
from alerts.escalation.policy import Ladder, Notice, Occasion, Recipient, Responsibility
from alerts.escalation.recipients import Groups
from alerts.message import CALL_KINDS, COMPANION_KINDS, POSSIBLY_SEEN, Delivery, MessageKind
from alerts.messages.outbox import CallRequest, without_door
from alerts.ports import Outbox, Transaction
from domain import Instant, Person
from domain.levels import LevelRole
from domain.people import Community
from domain.roles import RoleKind

KINDS = {Responsibility.ASSIST: MessageKind.ASSIST, Responsibility.INFORM: MessageKind.INFORM}

FindGroups = Callable[[Alert, Recipient, Instant], Groups]


class Companions:
    """Enqueues the messages to those who assist or are informed."""

    def __init__(
        self,
        calls: CallWriter,
        community: Callable[[], Community],
        groups: FindGroups,
        kind_of: Callable[[str], RoleKind],
    ) -> None:
        self._calls, self._community, self._groups, self._kind_of = calls, community, groups, kind_of
        self.renderer, self.outbox = calls.renderer, calls.outbox

    def notify(
        self,
        tx: Transaction,
        alert: Alert,
        ladder: Ladder,
        recipients: Iterable[Recipient],
        step: int,
        occasion: Occasion = Occasion.OPENED,
        further: bool = False,
    ) -> None:
        """Notify these recipients: of each the first group of which at least one person can be reached. `further` goes
        on behind those who were told before."""
        for recipient in recipients:
            rows = tx.store.deliveries(alert.id)
            notified = _already_notified(rows, alert, occasion)
            for group in self._groups(alert, recipient, tx.now):
                people = [person for person in group if person.id not in notified]
                if not people and not further:
                    break
                reached = [one for one in people if self._send(tx, alert, ladder, one, recipient, step, occasion, rows)]
                if reached:
                    self._add_line(tx, alert, recipient, reached)
                    break

    def try_next_channel(self, tx: Transaction, alert: Alert, ladder: Ladder, failed: Delivery) -> bool:
        """Tell the same person by a channel not yet tried; False when there is none."""
        recipient = next((one for one in companions_of(ladder) if one.role == failed.role), None)
        person = self._community().people.get(failed.person)
        if recipient is None or person is None:
            return False
        rows = [row for row in tx.store.deliveries(alert.id) if row.person == person.id and row.kind is failed.kind]
        tried = {row.channel for row in rows if row.round == failed.round}
        left = [way for way in (*recipient.channels, *recipient.fallback) if way not in tried]
        channels = [way for way in self.outbox.reachable_channels(person, left) if way not in tried]
        request = self._request(alert, ladder, person, recipient, failed.rung, Occasion.OPENED, rows, tx.now)
        return bool(channels and self.outbox.enqueue_call(tx, alert, request, channels[:1]))

    def _send(
        self,
        tx: Transaction,
        alert: Alert,
        ladder: Ladder,
        person: Person,
        recipient: Recipient,
        step: int,
        occasion: Occasion,
        rows: Sequence[Delivery],
    ) -> bool:
        request = self._request(alert, ladder, person, recipient, step, occasion, rows, tx.now)
        channels = self._calls.channels(person, recipient)
        return bool(channels and self.outbox.enqueue_call(tx, alert, request, channels))

    def _request(
        self,
        alert: Alert,
        ladder: Ladder,
        person: Person,
        recipient: Recipient,
        step: int,
        occasion: Occasion,
        rows: Sequence[Delivery],
        now: Instant,
    ) -> CallRequest:
        kind, audience = KINDS[recipient.responsibility], self._kind_of(recipient.role)
        request = self._calls.request(ladder, person, recipient.role, step, kind, now)
        after = recipient.after if isinstance(recipient, Notice) else 0
        return replace(
            request,
            not_before=max(request.not_before, now + after),
            audience=audience,
            address=self._address_without_door(alert) if audience is RoleKind.VOLUNTEER else None,
            name=alert.owner_name or self._in_charge(rows),
            occasion="" if occasion is Occasion.OPENED else occasion.value,
        )

    def without_door(self, alert: Alert, role: str) -> Alert:
        """The alert as people of this role may know it before they accept."""
        address = self._address_without_door(alert) if self._kind_of(role) is RoleKind.VOLUNTEER else None
        return alert if address is None else without_door(alert, address)

    def audience(self, role: str) -> str:
        """The variant of texts for this role; empty for staff."""
        kind = self._kind_of(role)
        return "" if kind is RoleKind.STAFF else kind.value

    def _address_without_door(self, alert: Alert) -> str:
        """The public place itself, else the building or compound: a volunteer learns the door after accepting. What a
        person wrote behind the place is left out, because it may name the door."""
        community, place = self._community(), alert.place
        if community.nearest(place, LevelRole.HOUSEHOLD, LevelRole.ROOM) is not None:
            around = community.building_of(place) or community.compound_of(place)
            place = None if around is None else around.id
        return community.address(place)

    def _in_charge(self, rows: Sequence[Delivery]) -> str:
        """Role and name of the first person called."""
        called = next((row for row in rows if row.kind in CALL_KINDS), None)
        return "" if called is None else f"{self.renderer.catalog.role_name(called.role)}{called.name}"

    def _add_line(self, tx: Transaction, alert: Alert, recipient: Recipient, people: Sequence[Person]) -> None:
        line = "asking_help" if recipient.responsibility is Responsibility.ASSIST else "informing"
        names = "、".join(person.name for person in people)
        role = self.renderer.catalog.role_name(recipient.role)
        text = self.renderer.timeline_text(line, role=role, names=f" {names}")
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "told", text)])


def companions_of(ladder: Ladder) -> list[Recipient]:
    """Everybody on a ladder who is not responsible."""
    return [*(one for rung in ladder.rungs for one in rung.others), *ladder.notify]


def asked_to_help(store: Outbox, alert: Alert, role: str) -> list[Delivery]:
    """The requests for help to people of this role that may have been seen, the newest for each person and channel; of
    the last round of calls in which any were asked."""
    rows = [row for row in store.deliveries(alert.id) if row.kind is MessageKind.ASSIST and row.role == role]
    last = max((row.round for row in rows), default=0)
    seen = {(row.person, row.channel): row for row in rows if row.round == last and row.state in POSSIBLY_SEEN}
    return list(seen.values())


def _already_notified(rows: Sequence[Delivery], alert: Alert, occasion: Occasion) -> Collection[str]:
    """Those who need no message on this occasion."""
    if occasion is not Occasion.OPENED:
        suffix = f":{occasion.value}"
        return {row.person for row in rows if row.kind in COMPANION_KINDS and row.key.endswith(suffix)}
    return {row.person for row in rows if row.round == alert.round and row.kind in (*CALL_KINDS, *COMPANION_KINDS)}

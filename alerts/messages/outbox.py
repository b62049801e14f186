"""Building the rows of the outbox: one message for one person on one channel. Who is on duty is for `dispatch`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from msgspec import Struct, structs

from alerts.alert import Alert, State
from alerts.message import Delivery, MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.deliveries import (
    EXPIRES_MS,
    LOGBOOK,
    SMS,
    WECOM,
    address_of,
    answer_key_prefix,
    delivery_id,
    follow_up,
    postponed,
    priority_of,
)
from alerts.messages.renderer import MessageContext, MessageRenderer
from alerts.ports import AlertStore
from domain import Instant, Person, Role


class CallRequest(Struct, frozen=True):
    """Whom to call by what, at which rung, for which kind of message."""

    person: Person
    role: Role
    rung: int
    kind: MessageKind
    limit_ms: int
    not_before: Instant


PageUrl = Callable[[int, str, Instant], str]
"""Where this person works on this alert: a signed address, or nothing when there is no page to reach."""


def no_page_url(_alert: int, _person: str, _now: Instant) -> str:
    """Where nobody outside can reach us, a card has no link."""
    return ""


AffectedName = Callable[[Alert], str]
"""Who may need help, as a text may name them: empty where the site does not allow it or nobody is known."""


class OutboxWriter:
    """Writes messages into the book, in the transaction of the change that causes them."""

    def __init__(self, wording: MessageRenderer, channels: Collection[str], page: PageUrl, who: AffectedName) -> None:
        self.renderer, self.page_url, self.affected_name = wording, page, who
        self.cards = CardRenderer(wording)
        self.enabled = frozenset(channels) | {LOGBOOK}

    def reachable_channels(self, person: Person, wanted: Sequence[str]) -> list[str]:
        """The wanted channels that are set up and that reach this person.

        A site without any provider still keeps its logbook: then that is the way to reach everybody.
        """
        if self.enabled == {LOGBOOK}:
            return [LOGBOOK]
        return [channel for channel in wanted if channel in self.enabled and address_of(person, channel)]

    def enqueue_call(
        self, book: AlertStore, alert: Alert, call: CallRequest, channels: Sequence[str], now: Instant
    ) -> list[Delivery]:
        """One row a channel. A phone whose 99 numbers are all in use gets no text: it could not be answered."""
        number = book.next_delivery_number()
        rows: list[Delivery] = []
        for channel in channels:
            task = delivery_id(now, number + len(rows))
            row = self._call_row(book, alert, call, channel, task, now)
            if row is not None:
                rows.append(row)
        book.enqueue(rows)
        return rows

    def enqueue_update(
        self,
        book: AlertStore,
        alert: Alert,
        told: Delivery,
        kind: MessageKind,
        name: str,
        now: Instant,
        not_before: Instant = 0,
    ) -> Delivery | None:
        """One who was called hears how it went on: a text by text, his card changed in place."""
        kind = _kind_for(alert, told, kind)
        task = delivery_id(now, book.next_delivery_number())
        payload = self._update_payload(book, alert, told, kind, name, now)
        if payload is None:
            return None
        key = f"{alert.id}:{alert.round}:{kind}:{told.person}:{told.channel}:{alert.taken_at or now}"
        row = follow_up(told, task, key, kind, payload, now)
        row = structs.replace(row, ref=told.id) if told.channel == WECOM else postponed(row, not_before)
        book.enqueue([row])
        return row

    def draft(self, alert: Alert, call: CallRequest, channel: str, now: Instant) -> Delivery:
        """A message to this person by this channel, not written yet."""
        return self._delivery(alert, call, channel, "", {}, now)

    def enqueue_answer(
        self,
        book: AlertStore,
        alert: Alert,
        told: Delivery,
        kind: MessageKind,
        now: Instant,
        numbers: Sequence[int],
        reason: str,
    ) -> None:
        """A text back to one who wrote; `numbers` are those his phone holds of open alerts."""
        delivery = book.next_delivery_number()
        speech = MessageContext(
            kind=kind,
            now=now,
            limit_ms=0,
            number=book.assign_reply_code(told.address, alert.id, told.person, now),
            name=told.name,
            count=len(numbers),
            numbers=tuple(numbers),
            reason=reason,
        )
        payload = structs.asdict(self.renderer.sms(alert, speech))
        key = f"{answer_key_prefix(told.address)}{delivery}"
        book.enqueue([follow_up(told, delivery_id(now, delivery), key, kind, payload, now)])

    def enqueue_digest(
        self, book: AlertStore, worst: Alert, told: Delivery, person: Person, count: int, now: Instant
    ) -> bool:
        """One message for everything that waits for this person; False when he cannot be reached or had today's."""
        ways = self.reachable_channels(person, (WECOM, SMS))
        if not ways or ways[0] == LOGBOOK:
            return False
        speech = MessageContext(kind=MessageKind.DIGEST, now=now, limit_ms=0, count=count)
        key = f"digest:{person.id}:{self.renderer.local_date(now)}"
        payload = structs.asdict(self.renderer.sms(worst, speech))
        row = follow_up(told, delivery_id(now, book.next_delivery_number()), key, MessageKind.DIGEST, payload, now)
        book.enqueue([structs.replace(row, channel=ways[0], address=address_of(person, ways[0]))])
        return True

    def enqueue_owner_card(self, book: AlertStore, alert: Alert, told: Delivery, now: Instant) -> None:
        """The one who took it gets the buttons he needs next: 我已到场, 处置完毕."""
        task = delivery_id(now, book.next_delivery_number())
        key = f"{alert.id}:{alert.round}:{alert.state}:{told.person}:{told.channel}:{alert.taken_at}"
        payload: dict[str, object] = {
            "card": self.cards.owner_card(alert, now, task, self.page_url(alert.id, told.person, now))
        }
        book.enqueue([follow_up(told, task, key, MessageKind.ACKNOWLEDGED, payload, now)])

    def _update_payload(
        self, book: AlertStore, alert: Alert, told: Delivery, kind: MessageKind, name: str, now: Instant
    ) -> dict[str, object] | None:
        if told.channel == WECOM:
            return {"button": self.cards.button_text(kind, name)}
        if told.channel != SMS:
            return None
        number = book.assign_reply_code(told.address, alert.id, told.person, now)
        speech = MessageContext(kind=kind, now=now, limit_ms=0, number=number, name=name, at=now)
        return structs.asdict(self.renderer.sms(alert, speech))

    def _call_row(
        self, book: AlertStore, alert: Alert, call: CallRequest, channel: str, task: str, now: Instant
    ) -> Delivery | None:
        address = address_of(call.person, channel)
        payload = self._call_payload(book, alert, call, channel, address, task, now)
        return None if payload is None else self._delivery(alert, call, channel, task, payload, now)

    def _delivery(
        self, alert: Alert, call: CallRequest, channel: str, task: str, payload: dict[str, object], now: Instant
    ) -> Delivery:
        return Delivery(
            id=task,
            key=f"{alert.id}:{alert.round}:{call.rung}:{call.person.id}:{channel}:{call.kind}",
            alert=alert.id,
            round=alert.round,
            rung=call.rung,
            person=call.person.id,
            name=call.person.name,
            role=call.role.value,
            channel=channel,
            kind=call.kind,
            priority=priority_of(alert),
            address=address_of(call.person, channel),
            payload=payload,
            created_at=now,
            not_before=call.not_before,
            expires_at=call.not_before + EXPIRES_MS,
        )

    def _call_payload(
        self, book: AlertStore, alert: Alert, call: CallRequest, channel: str, address: str, task: str, now: Instant
    ) -> dict[str, object] | None:
        name = alert.owner_name or ""
        speech = MessageContext(
            kind=call.kind,
            now=now,
            limit_ms=call.limit_ms,
            name=name,
            affected_name=self.affected_name(alert),
            coded=channel == SMS,
        )
        if channel == WECOM:
            return {"card": self.cards.call_card(alert, speech, task, self.page_url(alert.id, call.person.id, now))}
        if channel == SMS:
            number = book.assign_reply_code(address, alert.id, call.person.id, now)
            if number is None:
                return None
            speech = structs.replace(speech, number=number)
        return structs.asdict(self.renderer.sms(alert, speech))


def _kind_for(alert: Alert, told: Delivery, kind: MessageKind) -> MessageKind:
    """Everybody hears who has it; he who has it hears, by text, what he can answer next."""
    if kind is not MessageKind.ACKNOWLEDGED or told.channel != SMS or told.person != alert.owner:
        return kind
    return MessageKind.ARRIVED if alert.state is State.ON_SITE else MessageKind.OWNED

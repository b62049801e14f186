"""Building the rows of the outbox: one message for one person on one channel. Who is on duty is for `dispatch`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import Struct, structs

from alerts.alert import SETTLED, Alert, State
from alerts.message import CALLS, SENT, Delivery, DeliveryState, Kind
from alerts.messages.cards import Cards
from alerts.messages.renderer import Speech, Wording
from alerts.ports import Book
from alerts.reply_parsing import codes as reply_codes
from domain import HOUR, Instant, Ledger, Person, Role

SMS: Final = "sms"
WECOM: Final = "wecom"
LOGBOOK: Final = "logbook"
CALLED_OFF: Final = ("taken", "settled", "renewed", "shelved", "returned")
"""Codes of calls that never left because they were not wanted any more."""
EXPIRES_MS: Final = 2 * HOUR
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Call(Struct, frozen=True):
    """Whom to call by what, at which rung, for which kind of message."""

    person: Person
    role: Role
    rung: int
    kind: Kind
    limit_ms: int
    not_before: Instant


Page = Callable[[int, str, Instant], str]
"""Where this person works on this alert: a signed address, or nothing when there is no page to reach."""


def no_page(_alert: int, _person: str, _now: Instant) -> str:
    """Where nobody outside can reach us, a card has no link."""
    return ""


Who = Callable[[Alert], str]
"""Who may need help, as a text may name them: empty where the site does not allow it or nobody is known."""


class Outbox:
    """Writes messages into the book, in the transaction of the change that causes them."""

    def __init__(self, wording: Wording, channels: Collection[str], page: Page, who: Who) -> None:
        self.wording, self.page, self.who = wording, page, who
        self.cards = Cards(wording)
        self.enabled = frozenset(channels) | {LOGBOOK}

    def ways(self, person: Person, wanted: Sequence[str]) -> list[str]:
        """The wanted channels that are set up and that reach this person.

        A site without any provider still keeps its logbook: then that is the way to reach everybody.
        """
        if self.enabled == {LOGBOOK}:
            return [LOGBOOK]
        return [channel for channel in wanted if channel in self.enabled and address_of(person, channel)]

    def call(self, book: Book, alert: Alert, call: Call, channels: Sequence[str], now: Instant) -> list[Delivery]:
        """One row a channel. A phone whose 99 numbers are all in use gets no text: it could not be answered."""
        number = book.next_delivery()
        rows: list[Delivery] = []
        for channel in channels:
            task = delivery_id(now, number + len(rows))
            row = self._row(book, alert, call, channel, task, now)
            if row is not None:
                rows.append(row)
        book.post(rows)
        return rows

    def tell(
        self, book: Book, alert: Alert, told: Delivery, kind: Kind, name: str, now: Instant, not_before: Instant = 0
    ) -> Delivery | None:
        """One who was called hears how it went on: a text by text, his card changed in place."""
        kind = _for_owner(alert, told, kind)
        task = delivery_id(now, book.next_delivery())
        payload = self._news(book, alert, told, kind, name, now)
        if payload is None:
            return None
        key = f"{alert.id}:{alert.round}:{kind}:{told.person}:{told.channel}:{alert.taken_at or now}"
        row = fresh(told, task, key, kind, payload, now)
        row = structs.replace(row, ref=told.id) if told.channel == WECOM else postponed(row, not_before)
        book.post([row])
        return row

    def addressed(self, alert: Alert, call: Call, channel: str, now: Instant) -> Delivery:
        """A message to this person by this channel, not written yet."""
        return self._delivery(alert, call, channel, "", {}, now)

    def answer(
        self, book: Book, alert: Alert, told: Delivery, kind: Kind, now: Instant, numbers: Sequence[int], reason: str
    ) -> None:
        """A text back to one who wrote; `numbers` are those his phone holds of open alerts."""
        delivery = book.next_delivery()
        speech = Speech(
            kind=kind,
            now=now,
            limit_ms=0,
            number=book.code(told.address, alert.id, told.person, now),
            name=told.name,
            count=len(numbers),
            numbers=tuple(numbers),
            reason=reason,
        )
        payload = structs.asdict(self.wording.sms(alert, speech))
        key = f"{answers_to(told.address)}{delivery}"
        book.post([fresh(told, delivery_id(now, delivery), key, kind, payload, now)])

    def digest(self, book: Book, worst: Alert, told: Delivery, person: Person, count: int, now: Instant) -> bool:
        """One message for everything that waits for this person; False when he cannot be reached or had today's."""
        ways = self.ways(person, (WECOM, SMS))
        if not ways or ways[0] == LOGBOOK:
            return False
        speech = Speech(kind=Kind.DIGEST, now=now, limit_ms=0, count=count)
        key = f"digest:{person.id}:{self.wording.day(now)}"
        payload = structs.asdict(self.wording.sms(worst, speech))
        row = fresh(told, delivery_id(now, book.next_delivery()), key, Kind.DIGEST, payload, now)
        book.post([structs.replace(row, channel=ways[0], address=address_of(person, ways[0]))])
        return True

    def owner_card(self, book: Book, alert: Alert, told: Delivery, now: Instant) -> None:
        """The one who took it gets the buttons he needs next: 我已到场, 处置完毕."""
        task = delivery_id(now, book.next_delivery())
        key = f"{alert.id}:{alert.round}:{alert.state}:{told.person}:{told.channel}:{alert.taken_at}"
        payload: dict[str, object] = {
            "card": self.cards.owner_card(alert, now, task, self.page(alert.id, told.person, now))
        }
        book.post([fresh(told, task, key, Kind.TAKEN, payload, now)])

    def _news(
        self, book: Book, alert: Alert, told: Delivery, kind: Kind, name: str, now: Instant
    ) -> dict[str, object] | None:
        if told.channel == WECOM:
            return {"button": self.cards.button(kind, name)}
        if told.channel != SMS:
            return None
        number = book.code(told.address, alert.id, told.person, now)
        speech = Speech(kind=kind, now=now, limit_ms=0, number=number, name=name, at=now)
        return structs.asdict(self.wording.sms(alert, speech))

    def _row(self, book: Book, alert: Alert, call: Call, channel: str, task: str, now: Instant) -> Delivery | None:
        address = address_of(call.person, channel)
        payload = self._payload(book, alert, call, channel, address, task, now)
        return None if payload is None else self._delivery(alert, call, channel, task, payload, now)

    def _delivery(
        self, alert: Alert, call: Call, channel: str, task: str, payload: dict[str, object], now: Instant
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

    def _payload(
        self, book: Book, alert: Alert, call: Call, channel: str, address: str, task: str, now: Instant
    ) -> dict[str, object] | None:
        name = alert.owner_name or ""
        speech = Speech(
            kind=call.kind, now=now, limit_ms=call.limit_ms, name=name, who=self.who(alert), coded=channel == SMS
        )
        if channel == WECOM:
            return {"card": self.cards.card(alert, speech, task, self.page(alert.id, call.person.id, now))}
        if channel == SMS:
            number = book.code(address, alert.id, call.person.id, now)
            if number is None:
                return None
            speech = structs.replace(speech, number=number)
        return structs.asdict(self.wording.sms(alert, speech))


def fresh(told: Delivery, task: str, key: str, kind: Kind, payload: dict[str, object], now: Instant) -> Delivery:
    """A new message to one who was told before, by the same way."""
    return Delivery(
        id=task,
        key=key,
        alert=told.alert,
        round=told.round,
        rung=told.rung,
        person=told.person,
        name=told.name,
        role=told.role,
        channel=told.channel,
        kind=kind,
        priority=told.priority,
        address=told.address,
        payload=payload,
        created_at=now,
        not_before=now,
        expires_at=now + EXPIRES_MS,
    )


def called_off(row: Delivery, code: str) -> Delivery:
    """Not sent, because nobody is to answer it now. Its key is free again: this person may yet be called."""
    return structs.replace(
        row,
        key=f"{row.key}:off:{row.id}",
        state=DeliveryState.SKIPPED,
        lease_until=None,
        outcome="skipped",
        code=code,
    )


def why_called_off(alert: Alert | None) -> str:
    """The code of a call that is not wanted any more: by what became of its alert."""
    if alert is None or alert.state in SETTLED:
        return "settled"
    if alert.owner is not None:
        return "taken"
    return {State.SHELVED: "shelved", State.RETURNED: "returned"}.get(alert.state, "renewed")


def is_called_off(row: Delivery) -> bool:
    """True for a call that never left because somebody had taken the alert, or it was dealt with."""
    return row.state is DeliveryState.SKIPPED and row.code in CALLED_OFF


def postponed(row: Delivery, not_before: Instant) -> Delivery:
    """The message not before an instant; it expires as long after that as any other."""
    later = max(row.not_before, not_before)
    return structs.replace(row, not_before=later, expires_at=later + EXPIRES_MS)


def _for_owner(alert: Alert, told: Delivery, kind: Kind) -> Kind:
    """Everybody hears who has it; he who has it hears, by text, what he can answer next."""
    if kind is not Kind.TAKEN or told.channel != SMS or told.person != alert.owner:
        return kind
    return Kind.ARRIVED if alert.state is State.ON_SITE else Kind.OWNED


def answers_to(phone: str) -> str:
    """What the keys of all answers to a phone begin with."""
    return f"answer:{phone}:"


def address_of(person: Person, channel: str) -> str:
    """Where this channel finds the person; empty when it cannot."""
    if channel == SMS:
        return reply_codes.plain_phone(person.phone or "")
    return (person.wecom or "") if channel == WECOM else person.id


def told(rows: Sequence[Delivery], since: Instant = 0) -> list[Delivery]:
    """The calls that may have been seen since then, one for each person and channel, the newest of each."""
    seen: dict[tuple[str, str], Delivery] = {}
    for row in rows:
        if row.kind in CALLS and row.state in SENT and row.created_at >= since:
            seen[row.person, row.channel] = row
    return list(seen.values())


def priority_of(alert: Alert) -> int:
    """Dangers before device health, the worse first."""
    return alert.severity.rank + (4 if alert.ledger is Ledger.HEALTH else 0)


def delivery_id(now: Instant, number: int) -> str:
    """Short (a voice vendor takes 15 bytes), and never used twice even when the ledger was begun anew.

    >>> delivery_id(1767323045000, 36)
    'mjx2cdm010'
    """
    return _base36(now) + _base36(number)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits

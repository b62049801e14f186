"""Messages that belong to a person and to no alert: into the outbox, cancelled, and sent again by another channel.

They pass the same outbox as all others. Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from alerts.channel_specs import EMAIL, LOGBOOK, SMS, WECHAT, WECOM, spec_of
from alerts.message import Delivery, DeliveryState, MessageKind
from alerts.messages.deliveries import address_of, cancelled, delivery_id
from alerts.messages.outbox import OutboxWriter
from alerts.messages.personal import PersonalMessage, PersonalRenderer, message_of
from alerts.ports import Transaction
from domain import Person
from domain.people import Community

CHANNELS: Final = (WECOM, SMS, WECHAT, EMAIL)
"""Channels that reach one person, in the order they are tried."""
PRIORITY: Final = 8
"""After every call and every message about an alert (alerts/messages/deliveries.py)."""
WITHDRAWN: Final = "withdrawn"
"""Outcome code of a message that was cancelled because its matter is settled."""


class PersonalMessages:
    """Writes messages to persons into the outbox."""

    def __init__(self, outbox: OutboxWriter, renderer: PersonalRenderer, community: Callable[[], Community]) -> None:
        self._outbox, self._renderer, self._community = outbox, renderer, community

    def enqueue(self, tx: Transaction, message: PersonalMessage, channels: Sequence[str] = CHANNELS) -> Delivery | None:
        """Write the message for the first of these channels that reaches the person; None when none does."""
        person = self._community().people.get(message.person)
        reachable = [] if person is None else self._outbox.reachable_channels(person, channels)
        if person is None or not reachable:
            return None
        row = self._row(tx, message, person, reachable[0])
        return next(iter(self._outbox.admission.enqueue(tx, [row])), None)

    def cancel(self, tx: Transaction, about: str, kind: MessageKind) -> None:
        """Cancel what is not sent yet of the messages of this kind about a matter."""
        for row in tx.store.deliveries_about(about):
            if row.kind is kind and row.state is DeliveryState.PENDING:
                tx.store.update_delivery(row, cancelled(row, WITHDRAWN), tx.now, WITHDRAWN)

    def try_next_channel(self, tx: Transaction, failed: Delivery) -> Delivery | None:
        """The same message by the person's next channel, while it is still of use."""
        message = message_of(failed)
        if tx.now >= message.expires_at or failed.channel == LOGBOOK:
            return None
        used = {row.channel for row in tx.store.deliveries_about(message.about) if row.person == failed.person}
        return self.enqueue(tx, message, [channel for channel in CHANNELS if channel not in used])

    def _row(self, tx: Transaction, message: PersonalMessage, person: Person, channel: str) -> Delivery:
        return Delivery(
            id=delivery_id(tx.now, tx.store.next_delivery_number()),
            key=f"{message.about}:{message.kind}:{person.id}:{channel}",
            alert=None,
            round=0,
            rung=-1,
            person=person.id,
            name=person.name,
            role="",
            channel=channel,
            kind=message.kind,
            priority=PRIORITY,
            address=address_of(person, channel),
            payload=self._renderer.payload(spec_of(channel), message),
            created_at=tx.now,
            not_before=max(message.not_before, tx.now),
            expires_at=message.expires_at,
        )

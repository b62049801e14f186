"""Messages that tell several things at once: dangers that joined an alert, and calls over a person's budget.

The first goes out at once; what follows within a span waits in the outbox and goes out as one message.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct, convert, structs, to_builtins
from msgspec.structs import replace

from alerts.alert import SETTLED_STATES, UNACKNOWLEDGED_STATES, Alert, State
from alerts.lifecycle.danger import Danger, described_by, joined_title
from alerts.message import CALL_KINDS, FOLLOW_UP_KINDS, NOT_FAILED, OVER_BUDGET, Delivery, DeliveryState, MessageKind
from alerts.messages.deliveries import SMS, WECOM, delivery_id, follow_up, postponed, priority_of
from alerts.messages.outbox import OutboxWriter
from alerts.messages.renderer import MessageContext
from alerts.ports import AlertStore, Transaction
from domain import MINUTE, Instant, Severity

BUNDLE_MS: Final = MINUTE
"""After one message about a danger that joined, further ones to that person wait so long, and go out together."""
MAX_BUNDLE_MS: Final = 15 * MINUTE
"""What a person was told before, word for word, waits twice as long each time, at most this: a sensor that flaps must
not use up what his phone may still be sent."""
SUMMARY_EVERY_MS: Final = 5 * MINUTE
_CALLS: Final = "calls"
_FOLLOW_UPS: Final = "news"
_MAX_LIST: Final = 30
"""Signs of a list of addresses that still leave room in one text segment."""


class ListedDanger(Struct, frozen=True):
    """One danger in a message about several; kept in the payload of its delivery until that is sent."""

    title: str
    address: str
    severity: Severity


class JoinedDanger(Struct, frozen=True):
    """A danger that joined an alert, with the time its own ladder allows. `doors`, when given, are told in its place:
    the addresses of a storm, for a person who takes it."""

    danger: Danger
    limit_ms: int
    not_before: Instant
    doors: tuple[str, ...] = ()


class BundledMessages:
    """Writes bundled messages into the store, in the transaction of the change that causes them."""

    def __init__(self, outbox: OutboxWriter) -> None:
        self.outbox = outbox

    def enqueue_joined(self, tx: Transaction, alert: Alert, to: Delivery, added: JoinedDanger) -> None:
        """A further danger, to one person by one channel: at once, those within BUNDLE_MS after it in one message."""
        mine = [
            row
            for row in tx.store.deliveries(alert.id)
            if row.kind is MessageKind.ADDED
            and (row.person, row.channel) == (to.person, to.channel)
            and row.state in NOT_FAILED
        ]
        told = [one for row in mine for one in listed_dangers(row)]
        new = _untold_dangers(alert, added, {one.address for one in told})
        if not new:
            return
        waiting = next((row for row in mine if row.state is DeliveryState.PENDING), None)
        begin = max(added.not_before, _earliest_send([row for row in mine if row is not waiting], new, tx.now))
        priority = priority_of(structs.replace(alert, severity=added.danger.severity))
        if waiting is not None:
            entries = listed_dangers(waiting)
            entries += [one for one in new if not one.address or one not in entries]
            payload = self._joined_payload(tx, alert, waiting, added, entries)
            # What is urgent does not wait with what may wait until the morning.
            sooner = structs.replace(
                waiting,
                payload=payload,
                not_before=min(waiting.not_before, begin),
                priority=min(waiting.priority, priority),
            )
            tx.store.update_delivery(waiting, sooner, tx.now, "bundled")
            return
        task = delivery_id(tx.now, tx.store.next_delivery_number())
        row = follow_up(
            to, task, f"{alert.id}:{alert.round}:added:{to.person}:{to.channel}:{task}", MessageKind.ADDED, {}, tx.now
        )
        row = postponed(row, begin)
        payload = self._joined_payload(tx, alert, row, added, new)
        tx.store.enqueue([structs.replace(row, priority=min(priority, row.priority), payload=payload)])

    def refresh(self, tx: Transaction, row: Delivery) -> Delivery | None:
        """A message that leaves now, as things stand: whoever was the owner may not be, what was waited for may be
        taken. None: it need not leave."""
        alert = tx.store.alert(row.alert)
        if row.kind is MessageKind.ADDED and alert is not None:
            if not should_hear(alert, row.person):
                return None
            return structs.replace(
                row,
                payload=self._joined_payload(tx, alert, row, _joined_danger_of(row, tx.now), listed_dangers(row)),
            )
        if row.kind is MessageKind.SUMMARY and row.payload.get("summary") == _CALLS:
            return self._refresh_summary(tx, row)
        return row

    def _refresh_summary(self, tx: Transaction, row: Delivery) -> Delivery | None:
        waiting = unacknowledged_alerts(tx.store, withheld_calls(tx.store, row))
        if not waiting:
            return None
        shown = min(waiting, key=lambda one: one.severity.rank)
        payload = self._summary_payload(tx, shown, row, _CALLS, len(waiting))
        return structs.replace(row, payload=payload, alert=shown.id)

    def enqueue_on_channel(self, tx: Transaction, alert: Alert, failed: Delivery, to: Delivery) -> None:
        """The same dangers to the same person by a channel that has not failed."""
        task = delivery_id(tx.now, tx.store.next_delivery_number())
        key = f"{alert.id}:{alert.round}:added:{to.person}:{to.channel}:{task}"
        row = structs.replace(follow_up(to, task, key, MessageKind.ADDED, {}, tx.now), priority=failed.priority)
        payload = self._joined_payload(tx, alert, row, _joined_danger_of(failed, tx.now), listed_dangers(failed))
        tx.store.enqueue([structs.replace(row, payload=payload)])

    def _joined_payload(
        self,
        tx: Transaction,
        alert: Alert,
        row: Delivery,
        added: JoinedDanger,
        entries: Sequence[ListedDanger],
    ) -> dict[str, object]:
        shown = combined(alert, added.danger, entries)
        variant = ("many-" if len(entries) > 1 or added.doors else "") + (
            "owner" if alert.owner == row.person else "called"
        )
        who = "" if len(entries) > 1 else self.outbox.affected_name(alert)
        context = MessageContext(
            MessageKind.ADDED,
            tx.now,
            added.limit_ms,
            variant=variant,
            count=len(entries),
            affected_name=who,
            coded=row.channel == SMS,
        )
        payload: dict[str, object] = {
            "added": to_builtins(entries),
            "danger": to_builtins(added.danger),
            "limit_ms": added.limit_ms,
            "listed": bool(added.doors),
        }
        if row.channel == WECOM:
            page = self.outbox.page_url(alert.id, row.person, tx.now)
            return {**payload, "card": self.outbox.cards.joined_card(shown, context, row.id, page)}
        if row.channel == SMS:
            context = structs.replace(
                context, number=tx.store.assign_reply_code(row.address, alert.id, row.person, tx.now)
            )
        return {**payload, **structs.asdict(self.outbox.renderer.sms(shown, context))}

    def enqueue_summary(self, tx: Transaction, alert: Alert, over: Delivery) -> None:
        """In place of messages over a person's budget: one text for all of them, every SUMMARY_EVERY_MS.

        Calls are told by how many wait and the worst of them, with its reply code; news by how many and the newest.
        """
        variant = _FOLLOW_UPS if over.kind in FOLLOW_UP_KINDS else _CALLS
        rows = tx.store.deliveries_to(over.channel, over.address, tx.now - SUMMARY_EVERY_MS)
        withheld = [
            row
            for row in rows
            if row.code == OVER_BUDGET and (row.kind in FOLLOW_UP_KINDS) == (over.kind in FOLLOW_UP_KINDS)
        ]
        shown = alert if over.kind in FOLLOW_UP_KINDS else self._worst(tx.store, alert, withheld)
        count = len({row.alert for row in withheld} | {alert.id})
        payload = self._summary_payload(tx, shown, over, variant, count)
        sent = [row for row in rows if row.kind is MessageKind.SUMMARY and row.payload.get("summary") == variant]
        waiting = next((row for row in sent if row.state is DeliveryState.PENDING), None)
        if waiting is not None:
            tx.store.update_delivery(
                waiting, structs.replace(waiting, payload=payload, alert=shown.id), tx.now, "bundled"
            )
            return
        task = delivery_id(tx.now, tx.store.next_delivery_number())
        row = follow_up(over, task, f"summary:{over.address}:{task}", MessageKind.SUMMARY, payload, tx.now)
        begin = max((row.created_at + SUMMARY_EVERY_MS for row in sent), default=tx.now)
        tx.store.enqueue([postponed(structs.replace(row, alert=shown.id), begin)])

    def _summary_payload(
        self, tx: Transaction, shown: Alert, to: Delivery, variant: str, count: int
    ) -> dict[str, object]:
        number = tx.store.assign_reply_code(to.address, shown.id, to.person, tx.now)
        context = MessageContext(MessageKind.SUMMARY, tx.now, limit_ms=0, number=number, variant=variant, count=count)
        return {"summary": variant, **structs.asdict(self.outbox.renderer.sms(shown, context))}

    def _worst(self, store: AlertStore, alert: Alert, withheld: Sequence[Delivery]) -> Alert:
        """The most severe of the alerts whose calls were withheld and that nobody is on; the newest of equals."""
        return min([alert, *unacknowledged_alerts(store, withheld)], key=lambda one: one.severity.rank)


def withheld_calls(store: AlertStore, summary: Delivery) -> list[Delivery]:
    """The calls that a summary stands for."""
    rows = store.deliveries_to(summary.channel, summary.address, summary.created_at - SUMMARY_EVERY_MS)
    return [row for row in rows if row.kind in CALL_KINDS and row.code == OVER_BUDGET]


def unacknowledged_alerts(store: AlertStore, withheld: Sequence[Delivery]) -> list[Alert]:
    """Those of their alerts that nobody is on, the newest first."""
    found = [store.alert(name) for name in sorted({row.alert for row in withheld}, reverse=True)]
    return [one for one in found if one is not None and one.state in UNACKNOWLEDGED_STATES]


def should_hear(alert: Alert, person: str) -> bool:
    """Whether this person is to hear of what joined: the owner, or, while there is none, those who were called."""
    if alert.state is State.SHELVED or alert.state in SETTLED_STATES:
        return False
    return alert.owner == person or (alert.owner is None and person not in alert.passed)


def _untold_dangers(alert: Alert, added: JoinedDanger, told: Collection[str]) -> list[ListedDanger]:
    """What this message tells: the danger, or those doors of a storm that the person was not told of."""
    if not added.doors:
        danger = added.danger
        return [ListedDanger(danger.title, danger.address, danger.severity)]
    return [ListedDanger(alert.title, door, alert.severity) for door in added.doors if door not in told]


def _earliest_send(sent: Sequence[Delivery], new: Sequence[ListedDanger], now: Instant) -> Instant:
    """When the next message may leave after those sent: the longer, the more of them told just this."""
    if not sent:
        return now
    same = sum(all(one in listed_dangers(row) for one in new) for row in sent)
    span = min(BUNDLE_MS << max(same - 1, 0), MAX_BUNDLE_MS)
    return max(row.not_before for row in sent) + span


def _joined_danger_of(row: Delivery, now: Instant) -> JoinedDanger:
    doors = tuple(one.address for one in listed_dangers(row)) if row.payload["listed"] else ()
    return JoinedDanger(convert(row.payload["danger"], Danger), convert(row.payload["limit_ms"], int), now, doors)


def listed_dangers(delivery: Delivery) -> list[ListedDanger]:
    """The dangers a message names."""
    return convert(delivery.payload.get("added", []), list[ListedDanger])


def combined(alert: Alert, danger: Danger, entries: Sequence[ListedDanger]) -> Alert:
    """The alert as a message about these dangers shows it: the newest danger's own words, or all of them in short."""
    shown = described_by(alert, danger)
    if len(entries) == 1:
        return replace(shown, address=entries[0].address or alert.address)
    title = entries[0].title
    for one in entries[1:]:
        title = joined_title(title, one.title)
    worst = min((one.severity for one in entries), key=lambda severity: severity.rank)
    return replace(shown, title=title, severity=worst, address=join_addresses([one.address for one in entries]))


def join_addresses(addresses: Collection[str]) -> str:
    """Addresses in one line, what they have in common written once.

    >>> listed(["枫林苑3栋2单元104", "枫林苑3栋2单元105", "枫林苑3栋2单元105"])
    '枫林苑3栋2单元104、105'
    """
    doors = [door for door in dict.fromkeys(addresses) if door]
    common = _common_prefix_length(doors) if len(doors) > 1 else 0
    line = doors[0] if doors else ""
    for door in doors[1:]:
        if len(line) + len(door) - common >= _MAX_LIST:
            return f"{line}等"
        line = f"{line}、{door[common:]}"
    return line


def _common_prefix_length(doors: Sequence[str]) -> int:
    """How many signs all addresses begin with, not counting digits of a number that goes on differently."""
    shortest = min(doors, key=len)
    length = next(
        (n for n, sign in enumerate(shortest) if any(door[n] != sign for door in doors)), max(len(shortest) - 1, 0)
    )
    while length and shortest[length - 1].isalnum() and shortest[length - 1].isascii():
        length -= 1
    return length

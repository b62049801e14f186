"""Messages that tell several things at once: dangers that joined an alert, and calls over a person's budget.

The first goes out at once; what follows within a span waits in the outbox and goes out as one message.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct, convert, structs, to_builtins
from msgspec.structs import replace

from alerts.alert import SETTLED, UNTAKEN, Alert, State
from alerts.lifecycle.danger import Danger, in_words_of, joined_title
from alerts.message import CALLS, NEWS, OVER_BUDGET, REACHING, Delivery, DeliveryState, Kind
from alerts.messages.outbox import SMS, WECOM, Outbox, delivery_id, fresh, postponed, priority_of
from alerts.messages.renderer import Speech
from alerts.ports import Book
from domain import MINUTE, Instant, Severity

BUNDLE_MS: Final = MINUTE
"""After one message about a danger that joined, further ones to that person wait so long, and go out together."""
LONGEST_BUNDLE_MS: Final = 15 * MINUTE
"""What a person was told before, word for word, waits twice as long each time, at most this: a sensor that flaps must
not use up what his phone may still be sent."""
SUMMARY_EVERY_MS: Final = 5 * MINUTE
_CALLS: Final = "calls"
_NEWS: Final = "news"
_LIST_MAX: Final = 30
"""Signs of a list of addresses that still leave room in one text segment."""


class AddedEntry(Struct, frozen=True):
    """One danger in a message about several; kept in the payload of its delivery until that is sent."""

    title: str
    address: str
    severity: Severity


class Added(Struct, frozen=True):
    """A danger that joined an alert, with the time its own ladder allows. `doors`, when given, are told in its place:
    the addresses of a storm, for a person who takes it."""

    danger: Danger
    limit_ms: int
    not_before: Instant
    doors: tuple[str, ...] = ()


class Bundles:
    """Writes bundled messages into the book, in the transaction of the change that causes them."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def added(self, book: Book, alert: Alert, to: Delivery, added: Added, now: Instant) -> None:
        """A further danger, to one person by one channel: at once, those within BUNDLE_MS after it in one message."""
        mine = [
            row
            for row in book.deliveries(alert.id)
            if row.kind is Kind.ADDED and (row.person, row.channel) == (to.person, to.channel) and row.state in REACHING
        ]
        told = [one for row in mine for one in entries_of(row)]
        new = _entries(alert, added, {one.address for one in told})
        if not new:
            return
        waiting = next((row for row in mine if row.state is DeliveryState.PENDING), None)
        begin = max(added.not_before, _free_from([row for row in mine if row is not waiting], new, now))
        priority = priority_of(structs.replace(alert, severity=added.danger.severity))
        if waiting is not None:
            entries = entries_of(waiting)
            entries += [one for one in new if not one.address or one not in entries]
            payload = self._added_payload(book, alert, waiting, added, entries, now)
            # What is urgent does not wait with what may wait until the morning.
            sooner = structs.replace(
                waiting,
                payload=payload,
                not_before=min(waiting.not_before, begin),
                priority=min(waiting.priority, priority),
            )
            book.settle(waiting, sooner, now, "bundled")
            return
        task = delivery_id(now, book.next_delivery())
        row = fresh(to, task, f"{alert.id}:{alert.round}:added:{to.person}:{to.channel}:{task}", Kind.ADDED, {}, now)
        row = postponed(row, begin)
        payload = self._added_payload(book, alert, row, added, new, now)
        book.post([structs.replace(row, priority=min(priority, row.priority), payload=payload)])

    def current(self, book: Book, row: Delivery, now: Instant) -> Delivery | None:
        """A message that leaves now, as things stand: whoever was the owner may not be, what was waited for may be
        taken. None: it need not leave."""
        alert = book.alert(row.alert)
        if row.kind is Kind.ADDED and alert is not None:
            if not concerns(alert, row.person):
                return None
            return structs.replace(
                row, payload=self._added_payload(book, alert, row, _added_of(row, now), entries_of(row), now)
            )
        if row.kind is Kind.SUMMARY and row.payload.get("summary") == _CALLS:
            return self._current_summary(book, row, now)
        return row

    def _current_summary(self, book: Book, row: Delivery, now: Instant) -> Delivery | None:
        waiting = waiting_alerts(book, withheld_calls(book, row))
        if not waiting:
            return None
        shown = min(waiting, key=lambda one: one.severity.rank)
        payload = self._summary_payload(book, shown, row, _CALLS, len(waiting), now)
        return structs.replace(row, payload=payload, alert=shown.id)

    def by_other_channel(self, book: Book, alert: Alert, failed: Delivery, to: Delivery, now: Instant) -> None:
        """The same dangers to the same person by a channel that has not failed."""
        task = delivery_id(now, book.next_delivery())
        key = f"{alert.id}:{alert.round}:added:{to.person}:{to.channel}:{task}"
        row = structs.replace(fresh(to, task, key, Kind.ADDED, {}, now), priority=failed.priority)
        payload = self._added_payload(book, alert, row, _added_of(failed, now), entries_of(failed), now)
        book.post([structs.replace(row, payload=payload)])

    def _added_payload(
        self, book: Book, alert: Alert, row: Delivery, added: Added, entries: Sequence[AddedEntry], now: Instant
    ) -> dict[str, object]:
        shown = shown_together(alert, added.danger, entries)
        variant = ("many-" if len(entries) > 1 or added.doors else "") + (
            "owner" if alert.owner == row.person else "called"
        )
        who = "" if len(entries) > 1 else self.outbox.who(alert)
        speech = Speech(
            Kind.ADDED, now, added.limit_ms, variant=variant, count=len(entries), who=who, coded=row.channel == SMS
        )
        payload: dict[str, object] = {
            "added": to_builtins(entries),
            "danger": to_builtins(added.danger),
            "limit_ms": added.limit_ms,
            "listed": bool(added.doors),
        }
        if row.channel == WECOM:
            page = self.outbox.page(alert.id, row.person, now)
            return {**payload, "card": self.outbox.cards.added_card(shown, speech, row.id, page)}
        if row.channel == SMS:
            speech = structs.replace(speech, number=book.code(row.address, alert.id, row.person, now))
        return {**payload, **structs.asdict(self.outbox.wording.sms(shown, speech))}

    def summary(self, book: Book, alert: Alert, over: Delivery, now: Instant) -> None:
        """In place of messages over a person's budget: one text for all of them, every SUMMARY_EVERY_MS.

        Calls are told by how many wait and the worst of them, with its reply code; news by how many and the newest.
        """
        variant = _NEWS if over.kind in NEWS else _CALLS
        rows = book.to_address(over.channel, over.address, now - SUMMARY_EVERY_MS)
        withheld = [row for row in rows if row.code == OVER_BUDGET and (row.kind in NEWS) == (over.kind in NEWS)]
        shown = alert if over.kind in NEWS else self._worst(book, alert, withheld)
        count = len({row.alert for row in withheld} | {alert.id})
        payload = self._summary_payload(book, shown, over, variant, count, now)
        sent = [row for row in rows if row.kind is Kind.SUMMARY and row.payload.get("summary") == variant]
        waiting = next((row for row in sent if row.state is DeliveryState.PENDING), None)
        if waiting is not None:
            book.settle(waiting, structs.replace(waiting, payload=payload, alert=shown.id), now, "bundled")
            return
        task = delivery_id(now, book.next_delivery())
        row = fresh(over, task, f"summary:{over.address}:{task}", Kind.SUMMARY, payload, now)
        begin = max((row.created_at + SUMMARY_EVERY_MS for row in sent), default=now)
        book.post([postponed(structs.replace(row, alert=shown.id), begin)])

    def _summary_payload(
        self, book: Book, shown: Alert, to: Delivery, variant: str, count: int, now: Instant
    ) -> dict[str, object]:
        number = book.code(to.address, shown.id, to.person, now)
        speech = Speech(Kind.SUMMARY, now, limit_ms=0, number=number, variant=variant, count=count)
        return {"summary": variant, **structs.asdict(self.outbox.wording.sms(shown, speech))}

    def _worst(self, book: Book, alert: Alert, withheld: Sequence[Delivery]) -> Alert:
        """The most severe of the alerts whose calls were withheld and that nobody is on; the newest of equals."""
        return min([alert, *waiting_alerts(book, withheld)], key=lambda one: one.severity.rank)


def withheld_calls(book: Book, summary: Delivery) -> list[Delivery]:
    """The calls that a summary stands for."""
    rows = book.to_address(summary.channel, summary.address, summary.created_at - SUMMARY_EVERY_MS)
    return [row for row in rows if row.kind in CALLS and row.code == OVER_BUDGET]


def waiting_alerts(book: Book, withheld: Sequence[Delivery]) -> list[Alert]:
    """Those of their alerts that nobody is on, the newest first."""
    found = [book.alert(name) for name in sorted({row.alert for row in withheld}, reverse=True)]
    return [one for one in found if one is not None and one.state in UNTAKEN]


def concerns(alert: Alert, person: str) -> bool:
    """Whether this person is to hear of what joined: the owner, or, while there is none, those who were called."""
    if alert.state is State.SHELVED or alert.state in SETTLED:
        return False
    return alert.owner == person or (alert.owner is None and person not in alert.passed)


def _entries(alert: Alert, added: Added, told: Collection[str]) -> list[AddedEntry]:
    """What this message tells: the danger, or those doors of a storm that the person was not told of."""
    if not added.doors:
        danger = added.danger
        return [AddedEntry(danger.title, danger.address, danger.severity)]
    return [AddedEntry(alert.title, door, alert.severity) for door in added.doors if door not in told]


def _free_from(sent: Sequence[Delivery], new: Sequence[AddedEntry], now: Instant) -> Instant:
    """When the next message may leave after those sent: the longer, the more of them told just this."""
    if not sent:
        return now
    same = sum(all(one in entries_of(row) for one in new) for row in sent)
    span = min(BUNDLE_MS << max(same - 1, 0), LONGEST_BUNDLE_MS)
    return max(row.not_before for row in sent) + span


def _added_of(row: Delivery, now: Instant) -> Added:
    doors = tuple(one.address for one in entries_of(row)) if row.payload["listed"] else ()
    return Added(convert(row.payload["danger"], Danger), convert(row.payload["limit_ms"], int), now, doors)


def entries_of(delivery: Delivery) -> list[AddedEntry]:
    """The dangers a message names."""
    return convert(delivery.payload.get("added", []), list[AddedEntry])


def shown_together(alert: Alert, danger: Danger, entries: Sequence[AddedEntry]) -> Alert:
    """The alert as a message about these dangers shows it: the newest danger's own words, or all of them in short."""
    shown = in_words_of(alert, danger)
    if len(entries) == 1:
        return replace(shown, address=entries[0].address or alert.address)
    title = entries[0].title
    for one in entries[1:]:
        title = joined_title(title, one.title)
    worst = min((one.severity for one in entries), key=lambda severity: severity.rank)
    return replace(shown, title=title, severity=worst, address=listed([one.address for one in entries]))


def listed(addresses: Collection[str]) -> str:
    """Addresses in one line, what they have in common written once.

    >>> listed(["枫林苑3栋2单元104", "枫林苑3栋2单元105", "枫林苑3栋2单元105"])
    '枫林苑3栋2单元104、105'
    """
    doors = [door for door in dict.fromkeys(addresses) if door]
    common = _common_start(doors) if len(doors) > 1 else 0
    line = doors[0] if doors else ""
    for door in doors[1:]:
        if len(line) + len(door) - common >= _LIST_MAX:
            return f"{line}等"
        line = f"{line}、{door[common:]}"
    return line


def _common_start(doors: Sequence[str]) -> int:
    """How many signs all addresses begin with, not counting digits of a number that goes on differently."""
    shortest = min(doors, key=len)
    length = next(
        (n for n, sign in enumerate(shortest) if any(door[n] != sign for door in doors)), max(len(shortest) - 1, 0)
    )
    while length and shortest[length - 1].isalnum() and shortest[length - 1].isascii():
        length -= 1
    return length

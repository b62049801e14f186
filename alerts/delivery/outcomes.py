"""What an answer of a provider means: the delivery's next state, its line in the timeline, and the way round a failure.

It works on a book inside the host's transaction. It sends nothing.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from alerts.alert import SETTLED, TAKEN, UNTAKEN, Actor, Alert, State, Via
from alerts.channels.channel import Found, Receipt, Said, SendResult, Sighting
from alerts.handling.intake import Hearing
from alerts.handling.processor import Casework
from alerts.lifecycle.advance import Happening
from alerts.lifecycle.transitions import Signal
from alerts.message import CALLS, OVER_BUDGET, Delivery, DeliveryState, Kind
from alerts.messages.bundles import withheld_calls
from alerts.messages.outbox import CALLED_OFF, LOGBOOK, called_off, why_called_off
from alerts.ports import Book
from domain import SECOND, Finding, Instant, Ledger, Phase, Severity, Subject

MOST_ATTEMPTS: Final = 5
FIRST_BACKOFF_MS: Final = 2 * SECOND
LONGEST_BACKOFF_MS: Final = 60 * SECOND
LOOK_AFTER_MS: Final = 6 * SECOND
PROBE_MS: Final = 30 * SECOND

_SENT_LINE: Final = {
    Kind.ALERT: "accepted",
    Kind.ESCALATE: "accepted",
    Kind.TAKEN: "taken_sent",
    Kind.CLEAR: "clear_sent",
    Kind.OVERDUE: "overdue_sent",
    Kind.HINT: "hint_sent",
    Kind.ADDED: "added_sent",
    Kind.SUMMARY: "summary_sent",
    Kind.DIGEST: "digest_sent",
    Kind.OWNED: "codes_sent",
    Kind.ARRIVED: "codes_sent",
    Kind.CODES: "answer_sent",
    Kind.DETAILS: "answer_sent",
    Kind.STATUS: "answer_sent",
    Kind.PASSED: "answer_sent",
}
_HARD: Final = (Said.RATE, Said.RECIPIENT, Said.CONTENT)
_DONE: Final = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.DEAD)


class Settling:
    """From what was said to what is written."""

    def __init__(self, casework: Casework, hearing: Hearing) -> None:
        self.casework, self.hearing = casework, hearing
        self._up: set[str] = set()
        """Channels of which no alert stands: a cache, so that each message sent does not ask the book."""

    def sent(self, book: Book, leased: Delivery, result: SendResult, now: Instant) -> list[int]:
        """The outcome of one send, and which alerts it changed. A receipt may have overtaken it."""
        row = book.delivery(leased.id) or leased
        if row.state is not DeliveryState.SENDING:
            if result.provider_id and row.provider_id is None:
                book.settle(row, structs.replace(row, provider_id=result.provider_id), now, "answer after receipt")
            return [row.alert]
        free = structs.replace(row, lease_until=None, code=result.code or None, outcome=result.said.value)
        touched = [row.alert, *self._watch(book, row.channel, result.said, now)]
        if result.said is Said.ACCEPTED:
            self._accepted(book, row, free, result, now)
        elif result.said in _HARD:
            self._failed(book, row, structs.replace(free, state=DeliveryState.FAILED), result.said.value, now)
        elif row.attempts >= MOST_ATTEMPTS and result.said is not Said.CONFIG:
            self._failed(book, row, structs.replace(free, state=DeliveryState.DEAD), "dead", now)
        else:
            self._later(book, row, free, result, now)
        return touched

    def found(self, book: Book, leased: Delivery, found: Found, now: Instant) -> bool:
        """What a lookup says of an unknown one. True: it was never sent, send it now."""
        if found.sighting is Sighting.ABSENT:
            alert = book.alert(leased.alert)
            if alert is not None and wanted(leased, alert):
                return True
            self.skipped(book, leased, why_called_off(alert), now)
            return False
        if found.sighting is Sighting.CANNOT_TELL:
            self.sent(book, leased, SendResult(Said.UNKNOWN, code=found.code), now)
        else:
            self.sent(book, leased, SendResult(Said.ACCEPTED, found.provider_id, code=found.code), now)
        if found.sighting in (Sighting.DELIVERED, Sighting.FAILED):
            good = found.sighting is Sighting.DELIVERED
            self._end(book, book.delivery(leased.id) or leased, good, found.code, now)
        return False

    def receipt(self, book: Book, receipt: Receipt, channel: str, now: Instant) -> int | None:
        """A receipt; the alert it changed. One that is about nothing we sent changes nothing."""
        row = book.delivery(receipt.delivery) if receipt.delivery else None
        if row is None and receipt.provider_id:
            row = book.by_provider(channel, receipt.provider_id)
        if row is None or row.channel != channel:
            return None
        if row.provider_id is None and receipt.provider_id:
            row = structs.replace(row, provider_id=receipt.provider_id)
        self._end(book, row, receipt.delivered, receipt.code, now)
        return row.alert

    def expired(self, book: Book, row: Delivery, now: Instant) -> None:
        gone = structs.replace(row, state=DeliveryState.EXPIRED, lease_until=None)
        self._failed(book, row, gone, "expired", now)

    def skipped(self, book: Book, row: Delivery, problem: str, now: Instant) -> None:
        """Not sent, and nobody misses it."""
        gone = structs.replace(row, state=DeliveryState.SKIPPED, lease_until=None, outcome="skipped", code=problem)
        gone = called_off(row, problem) if problem in CALLED_OFF else gone
        book.settle(row, gone, now, problem)
        book.note([self.casework.message_entry(gone, "skipped", now, problem)])

    def current(self, book: Book, row: Delivery, now: Instant) -> Delivery | None:
        """A leased message in the words that are true when it leaves; None when it tells nobody anything any more."""
        said = self.casework.dispatch.bundles.current(book, row, now)
        if said is None:
            self.skipped(book, row, why_called_off(book.alert(row.alert)), now)
            return None
        leased = book.delivery(row.id)
        if said is not row and leased is not None:
            book.settle(leased, structs.replace(leased, payload=said.payload, alert=said.alert), now, "reworded")
        return said

    def over_budget(self, book: Book, row: Delivery, alert: Alert, now: Instant) -> None:
        """This phone has had its share of single texts: a summary tells of this one with the others."""
        self.skipped(book, row, OVER_BUDGET, now)
        self.casework.dispatch.bundles.summary(book, alert, row, now)

    def postponed(self, book: Book, row: Delivery, until: Instant, now: Instant, why: str) -> None:
        """Sent later: its card is still under way, or this minute has had its share."""
        later = structs.replace(row, state=DeliveryState.PENDING, lease_until=None, not_before=until)
        book.settle(row, later, now, why)

    def _watch(self, book: Book, channel: str, said: Said, now: Instant) -> list[int]:
        """A channel that refuses us is an alert of its own: maintenance hears of it by the others."""
        if said not in (Said.CONFIG, Said.ACCEPTED):
            return []
        fails = said is Said.CONFIG
        if not fails and channel in self._up:
            return []
        trouble = self._trouble(channel, now)
        standing = book.standing(_family(trouble))
        # Only what the book says counts: this transaction may yet fail, and what it would have written with it.
        self._up.discard(channel)
        if not fails and not standing:
            self._up.add(channel)
        over = [structs.replace(trouble, id=old, phase=Phase.ENDED) for old in standing]
        begun = [] if standing else [trouble]
        return [one.alert for one in self.hearing.hear(book, begun if fails else over, now) if one.alert is not None]

    def _trouble(self, channel: str, now: Instant) -> Finding:
        words = self.casework.wording.book
        return Finding(
            id=f"channel-down@1/system:{channel}/{now}",
            rule="channel-down",
            version="1",
            phase=Phase.BEGAN,
            hazard="device",
            title=words.house.channel_down.format(channel=words.channels.get(channel, channel)),
            severity=Severity.HIGH,
            ledger=Ledger.HEALTH,
            subject=Subject("system", f"channel:{channel}"),
            begin=now,
            at=now,
            now=now,
            advice=words.house.channel_advice,
        )

    def _accepted(self, book: Book, row: Delivery, free: Delivery, result: SendResult, now: Instant) -> None:
        state = DeliveryState.DELIVERED if row.channel == LOGBOOK else DeliveryState.ACCEPTED
        done = structs.replace(
            free, state=state, provider_id=result.provider_id or row.provider_id, handle=result.handle, sent_at=now
        )
        book.settle(row, done, now, "sent")
        line = "next_sent" if row.kind is Kind.TAKEN and "card" in row.payload else _SENT_LINE[row.kind]
        book.note([self.casework.message_entry(done, line, now)])
        card = book.delivery(row.ref) if row.ref else None
        if card is not None:
            # A card's handle may be used once; the answer to the change may bring the next one.
            book.settle(card, structs.replace(card, handle=result.handle), now, "handle used")

    def _later(self, book: Book, row: Delivery, free: Delivery, result: SendResult, now: Instant) -> None:
        unknown = result.said is Said.UNKNOWN
        state = DeliveryState.UNKNOWN if unknown else DeliveryState.PENDING
        wait = {Said.UNKNOWN: LOOK_AFTER_MS, Said.CONFIG: PROBE_MS}.get(result.said, backoff(row.attempts))
        wait = max(wait, result.wait_ms)
        waiting = structs.replace(free, state=state, not_before=now + wait)
        book.settle(row, waiting, now, result.said.value)
        if row.outcome != result.said.value:
            line = "unknown" if unknown else "retrying"
            book.note([self.casework.message_entry(waiting, line, now, result.said.value)])
            self._another_way(book, waiting, now)

    def _failed(self, book: Book, old: Delivery, new: Delivery, problem: str, now: Instant) -> None:
        book.settle(old, new, now, problem)
        book.note([self.casework.message_entry(new, "failed", now, problem)])
        if new.kind is Kind.ADDED:
            self._added_failed(book, new, now)
        elif new.kind is Kind.SUMMARY:
            self._summary_failed(book, new, problem, now)
        else:
            self._fall_back(book, new, now)

    def _fall_back(self, book: Book, failed: Delivery, now: Instant) -> None:
        alert = self._asking(book, failed)
        if alert is not None:
            after = self.casework.dispatch.fall_back(book, alert, failed, now)
            if after is not None:
                book.save(after)

    def _added_failed(self, book: Book, failed: Delivery, now: Instant) -> None:
        """The owner cannot be told of a danger that joined: others are called, for nobody else would hear of it."""
        alert = book.alert(failed.alert)
        if alert is None or alert.state in SETTLED:
            return
        told = self.casework.joining.by_other_channel(book, alert, failed, now)
        if not told and alert.state in TAKEN and alert.owner == failed.person:
            owner = Actor(failed.person, failed.name, Via.SYSTEM)
            self.casework.happen(book, alert, Happening(Signal.UNREACHED, owner), now)

    def _summary_failed(self, book: Book, summary: Delivery, problem: str, now: Instant) -> None:
        """The calls that it stood for have failed with it."""
        for row in withheld_calls(book, summary):
            lost = structs.replace(row, state=DeliveryState.FAILED, code=problem)
            book.settle(row, lost, now, problem)
            self._fall_back(book, lost, now)

    def _another_way(self, book: Book, row: Delivery, now: Instant) -> None:
        """While one channel is in doubt, the person's other channel speaks; the ladder keeps its own time."""
        alert = book.alert(row.alert) if row.kind is Kind.ADDED else self._asking(book, row)
        if alert is not None and row.kind is Kind.ADDED:
            self.casework.joining.by_other_channel(book, alert, row, now)
        elif alert is not None:
            self.casework.dispatch.other_channel(book, alert, row, now)

    def _end(self, book: Book, row: Delivery, delivered: bool, code: str, now: Instant) -> None:
        if row.state in _DONE and not (row.state is not DeliveryState.DELIVERED and delivered):
            book.settle(row, row, now, f"late receipt: {code}")
            return
        if delivered:
            done = structs.replace(
                row,
                state=DeliveryState.DELIVERED,
                lease_until=None,
                code=code or row.code,
                receipt_at=now,
                sent_at=row.sent_at or now,
            )
            book.settle(row, done, now, "receipt")
            if row.kind in CALLS:
                book.note([self.casework.message_entry(done, "delivered", now)])
            return
        lost = structs.replace(row, state=DeliveryState.FAILED, lease_until=None, code=code, receipt_at=now)
        self._failed(book, row, lost, "undelivered", now)

    def _asking(self, book: Book, row: Delivery) -> Alert | None:
        """The alert, when this message was a call that still waits for an answer."""
        alert = book.alert(row.alert) if row.kind in CALLS else None
        return alert if alert is not None and alert.state in UNTAKEN and alert.round == row.round else None


def _family(finding: Finding) -> str:
    """What the ids of all findings like this begin with."""
    return finding.id.removesuffix(str(finding.begin))


def wanted(row: Delivery, alert: Alert) -> bool:
    """Looked at again just before sending: a call for an alert that somebody has taken is not made."""
    if row.kind in CALLS:
        return (alert.state in UNTAKEN and alert.round == row.round) or alert.owner == row.person
    if row.kind is Kind.ADDED:
        return alert.state not in SETTLED
    if row.kind is Kind.TAKEN:
        return alert.owner is not None
    if row.kind in (Kind.OWNED, Kind.ARRIVED):
        return alert.owner == row.person
    if row.kind is Kind.OVERDUE:
        return alert.state in (State.ON_SITE, State.RESOLVED)
    return True


def backoff(attempts: int) -> int:
    """How long to wait before the next try.

    >>> [backoff(n) for n in (1, 2, 3, 9)]
    [2000, 4000, 8000, 60000]
    """
    return int(min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempts - 1)))

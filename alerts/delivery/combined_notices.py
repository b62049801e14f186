"""Combines notices that wait for one person with the one that is sent now: one text names them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import structs

from alerts.alert import Alert
from alerts.channel_specs import spec_of
from alerts.delivery.still_wanted import is_still_wanted
from alerts.lifecycle.addresses import join_addresses
from alerts.message import COMBINED, SUPERSEDED, Delivery, DeliveryState, MessageKind
from alerts.messages.deliveries import postponed
from alerts.messages.outbox import OutboxWriter
from alerts.messages.renderer import MessageContext
from alerts.messages.together import (
    LATER_MS,
    MOST_TOGETHER,
    is_overdue_notice,
    is_superseded,
    may_combine,
    overdue_text,
    waiting_with,
)
from alerts.ports import Transaction
from domain import Instant

_NAMED, _ALONE = "combined", "alone"
"""In the payload of a combined text: the deliveries that it names, and its own text."""

Skip = Callable[[Transaction, Delivery, str], None]
IsOffDuty = Callable[[Transaction, Delivery, Alert], bool]


class CombinedNotices:
    """Combines, in the transaction in which a notice is leased."""

    def __init__(self, outbox: OutboxWriter, skip: Skip, is_off: IsOffDuty) -> None:
        self._outbox, self._skip, self._is_off = outbox, skip, is_off

    def one_of_each(self, tx: Transaction, leased: Sequence[Delivery]) -> list[Delivery]:
        """Of notices to one person that were leased together only the first: the others wait again, still due, so that
        its text may name them. A summary of news that a newer one replaces is skipped."""
        first, kept = dict[tuple[object, ...], str](), list[Delivery]()
        for row in leased:
            if row.state is DeliveryState.PENDING and is_superseded(tx.store, row, tx.now):
                self._skip(tx, row, SUPERSEDED)
                continue
            is_notice = may_combine(row) and row.state is DeliveryState.PENDING and row.expires_at > tx.now
            if not is_notice or first.setdefault((row.kind, row.channel, row.address, row.person), row.id) == row.id:
                kept.append(row)
            else:
                tx.store.update_delivery(row, structs.replace(row, lease_until=None), tx.now, "waits for another")
        return kept

    def combine(self, tx: Transaction, row: Delivery) -> Delivery | None:
        """The message as it is sent: with the notices that waited for this person. They are skipped, each with the
        code COMBINED in its own alert's timeline. None when what was overdue has been done while it waited."""
        alert = tx.store.alert(row.alert) if may_combine(row) and spec_of(row.channel).coded else None
        is_supervision = row.kind is MessageKind.SUPERVISE
        # What is urgent for a supervisor never waits, and is a text of its own.
        if alert is None or (is_supervision and not (is_overdue_notice(row) and row.not_before > row.created_at)):
            return row
        if not _is_current(row, alert):
            return None
        most = MOST_TOGETHER[row.kind]
        named, skipped = {alert.id: alert}, list[str]()
        for other in waiting_with(tx.store, row, tx.now):
            concerned = tx.store.alert(other.alert)
            if concerned is None or concerned.exercise is not alert.exercise or not _is_current(other, concerned):
                continue
            if self._is_off(tx, other, concerned):
                continue  # it is handed on when it is due itself
            together = {**named, concerned.id: concerned}
            if len(together) <= most and (is_supervision or self._names_each(tx, row, list(together.values()))):
                named = together
                skipped.append(other.id)
                self._skip(tx, other, COMBINED)
        if len(named) == 1 and not is_supervision:
            return row
        payload = self._payload(tx, row, list(named.values()))
        return structs.replace(row, payload={**payload, _NAMED: skipped, _ALONE: row.payload})

    def release(self, tx: Transaction, row: Delivery, at: Instant) -> Delivery:
        """A message that was not sent, with its own text again, to be sent at `at` if at all. The notices that it named
        wait again, a little longer than it: it may fail for good, or not be wanted then, and they are."""
        alone, named = row.payload.get(_ALONE), row.payload.get(_NAMED)
        if not isinstance(alone, dict) or not isinstance(named, list):
            return row
        for other in (tx.store.delivery(str(one)) for one in named):
            if other is not None and (other.state, other.code) == (DeliveryState.SKIPPED, COMBINED):
                free = structs.replace(other, state=DeliveryState.PENDING, outcome=None, code=None)
                tx.store.update_delivery(other, postponed(free, at + LATER_MS), tx.now, "not combined")
        return structs.replace(row, payload=alone)

    def _names_each(self, tx: Transaction, row: Delivery, alerts: list[Alert]) -> bool:
        """Whether the text has room for all doors, each by its own name: nobody verifies a door that he was not told,
        or does not know by which code."""
        addresses = [self._outbox.renderer.address(one) for one in _worst_first(alerts, tx.now)]
        line = join_addresses(addresses)
        is_whole = len(line.split("、")) == len(addresses)
        return len(alerts) == 1 or (is_whole and line in str(self._payload(tx, row, alerts).get("text")))

    def _payload(self, tx: Transaction, row: Delivery, alerts: list[Alert]) -> dict[str, object]:
        named = _worst_first(alerts, tx.now)
        worst = named[0]
        numbers = [tx.store.assign_reply_code(row.address, one.id, row.person, tx.now) for one in named]
        context = MessageContext(
            row.kind,
            tx.now,
            limit_ms=0,
            name=worst.owner_name or self._outbox.renderer.catalog.lapses["nobody"],
            variant="many" if len(named) > 1 else "",
            reason=overdue_text(self._outbox.renderer, worst, tx.now),
            count=len(named),
            number=numbers[0],
            each=tuple(number for number in numbers if number is not None),
            answer="here" if row.kind is MessageKind.OWNED else "verified",
        )
        addresses = [self._outbox.renderer.address(one) for one in named]
        shown = structs.replace(worst, doors=(), address=join_addresses(addresses)) if len(named) > 1 else worst
        page = self._outbox.page_url(worst.id, row.person, tx.now)
        payload = self._outbox.contents.payload(spec_of(row.channel), shown, context, page)
        return {**payload, "together": [one.id for one in named]}


def _worst_first(alerts: list[Alert], now: Instant) -> list[Alert]:
    worst = min(alerts, key=lambda one: (one.severity.rank, one.overdue_since or now))
    return [worst, *(one for one in alerts if one is not worst)]


def _is_current(row: Delivery, alert: Alert) -> bool:
    """Whether it is still wanted: what was overdue may have been done."""
    done = row.kind is MessageKind.SUPERVISE and alert.overdue_since is None
    return is_still_wanted(row, alert) and not done

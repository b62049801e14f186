"""Messages about several things at once: dangers that joined an alert, and calls over a person's budget.

The first is sent at once; what follows within a span waits in the outbox and is sent as one message.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct, convert, structs, to_builtins
from msgspec.structs import replace

from alerts.alert import SETTLED_STATES, Alert, State
from alerts.channel_specs import Content, spec_of
from alerts.lifecycle.addresses import join_addresses
from alerts.lifecycle.danger import Danger, described_by, joined_title
from alerts.message import CALL_KINDS, FOLLOW_UP_KINDS, NOT_FAILED, OVER_BUDGET, Delivery, DeliveryState, MessageKind
from alerts.messages import exercise
from alerts.messages.deliveries import alerts_of, delivery_id, follow_up, postponed, priority_of
from alerts.messages.outbox import OutboxWriter
from alerts.messages.renderer import MessageContext
from alerts.messages.together import NEWS, SUMMARY_EVERY_MS
from alerts.ports import AlertRepository, Outbox, Transaction
from domain import HOUR, MINUTE, Instant, Severity

BUNDLE_MS: Final = MINUTE
"""After one notice about a danger that joined, further ones to that person wait this long and are sent together."""
LESSER_BUNDLE_MS: Final = 30 * MINUTE
MAX_LESSER_MS: Final = HOUR
"""The same for a lesser danger, where an hour or more is left to arrive: whoever has one manhole in the rain is told of
the others of his street together, and less often as the rain goes on."""
MAX_BUNDLE_MS: Final = 15 * MINUTE
"""Maximum wait of a notice with the same content as before; it doubles each time, so that a flapping sensor does not
use up the person's budget of texts.
"""
SEPARATE_NOTICES: Final = 3
MAX_OTHERS_MS: Final = 5 * MINUTE
"""After SEPARATE_NOTICES of one alert to one person the wait doubles, up to MAX_OTHERS_MS: he is at this event, and one
text names the doors that were added."""
_LESSER: Final = (Severity.MEDIUM, Severity.LOW)
_CALLS: Final = "calls"


class ListedDanger(Struct, frozen=True):
    """One danger in a combined message. Field names are stored in the payload of its delivery."""

    title: str
    address: str
    severity: Severity


class JoinedDanger(Struct, frozen=True):
    """A danger that joined an alert, with the time its own ladder allows. `addresses`, when given, are listed instead:
    those of a grouped alert, for the person who acknowledges it.
    """

    danger: Danger
    limit_ms: int
    not_before: Instant
    addresses: tuple[str, ...] = ()


class BundledMessages:
    """Enqueues combined messages, in the transaction of the change that causes them."""

    def __init__(self, outbox: OutboxWriter) -> None:
        self.outbox = outbox

    def enqueue_joined(self, tx: Transaction, alert: Alert, to: Delivery, joined: JoinedDanger) -> None:
        """A further danger to one person on one channel: sent at once, later ones within BUNDLE_MS as one message."""
        notices = [
            row
            for row in tx.store.deliveries(alert.id)
            if row.kind is MessageKind.ADDED
            and (row.person, row.channel) == (to.person, to.channel)
            and row.state in NOT_FAILED
        ]
        listed = [item for row in notices for item in listed_dangers(row)]
        new = _unlisted_dangers(alert, joined, {item.address for item in listed})
        if not new:
            return
        waiting = next((row for row in notices if row.state is DeliveryState.PENDING), None)
        begin = max(joined.not_before, _earliest_send([row for row in notices if row is not waiting], new, tx.now))
        priority = priority_of(structs.replace(alert, severity=joined.danger.severity))
        if waiting is not None:
            entries = listed_dangers(waiting)
            entries += [item for item in new if not item.address or item not in entries]
            payload = self._joined_payload(tx, alert, waiting, joined, entries)
            # An urgent danger does not wait with one that may wait until the morning.
            sooner = structs.replace(
                waiting,
                payload=payload,
                not_before=min(waiting.not_before, begin),
                priority=min(waiting.priority, priority),
            )
            tx.store.update_delivery(waiting, sooner, tx.now, "bundled")
            return
        task = delivery_id(tx.now, tx.store.next_delivery_number())
        key = f"{alert.id}:{alert.round}:added:{to.person}:{to.channel}:{task}"
        row = postponed(follow_up(to, task, key, MessageKind.ADDED, {}, tx.now), begin)
        payload = self._joined_payload(tx, alert, row, joined, new)
        row = structs.replace(row, priority=min(priority, row.priority), payload=payload)
        self.outbox.admission.enqueue(tx, [row], alert)

    def fixed_text(self, alert: Alert | None) -> str:
        """The text of a message whose own was refused, as the phone shows it."""
        renderer = self.outbox.renderer
        text = renderer.catalog.house.fixed
        return f"【{renderer.sign}】{exercise.labelled(text) if alert is not None and alert.exercise else text}"

    def refresh(self, tx: Transaction, row: Delivery) -> Delivery | None:
        """The message with its text rendered from the present state, directly before sending; None when it is not
        needed."""
        alert = tx.store.alert(row.alert)
        if row.kind is MessageKind.ADDED and alert is not None:
            if not should_be_notified(alert, row.person):
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
        shown = min(waiting, key=_urgency)
        payload = self._summary_payload(tx, shown, row, _CALLS, _count_like(shown, waiting))
        return structs.replace(row, payload=payload, alert=shown.id)

    def enqueue_on_channel(self, tx: Transaction, alert: Alert, failed: Delivery, to: Delivery) -> None:
        """The same dangers to the same person on another channel."""
        task = delivery_id(tx.now, tx.store.next_delivery_number())
        key = f"{alert.id}:{alert.round}:added:{to.person}:{to.channel}:{task}"
        row = structs.replace(follow_up(to, task, key, MessageKind.ADDED, {}, tx.now), priority=failed.priority)
        payload = self._joined_payload(tx, alert, row, _joined_danger_of(failed, tx.now), listed_dangers(failed))
        self.outbox.admission.enqueue(tx, [structs.replace(row, payload=payload)], alert)

    def _joined_payload(
        self,
        tx: Transaction,
        alert: Alert,
        row: Delivery,
        joined: JoinedDanger,
        entries: Sequence[ListedDanger],
    ) -> dict[str, object]:
        shown = combined(alert, joined.danger, entries)
        variant = ("many-" if len(entries) > 1 or joined.addresses else "") + (
            "owner" if alert.owner == row.person else "called"
        )
        spec = spec_of(row.channel)
        who = "" if len(entries) > 1 else self.outbox.affected_name(alert)
        context = MessageContext(
            MessageKind.ADDED,
            tx.now,
            joined.limit_ms,
            variant=variant,
            count=len(entries),
            affected_name=who,
            coded=spec.coded,
        )
        payload: dict[str, object] = {
            "added": to_builtins(entries),
            "danger": to_builtins(joined.danger),
            "limit_ms": joined.limit_ms,
            "listed": bool(joined.addresses),
        }
        if spec.content is Content.CARD:
            page = self.outbox.page_url(alert.id, row.person, tx.now)
            return {**payload, "card": self.outbox.cards.joined_card(shown, context, row.id, page)}
        if spec.coded:
            context = structs.replace(
                context, number=tx.store.assign_reply_code(row.address, alert.id, row.person, tx.now)
            )
        page = self.outbox.page_url(alert.id, row.person, tx.now)
        return {**payload, **self.outbox.contents.payload(spec, shown, context, page)}

    def enqueue_summary(self, tx: Transaction, alert: Alert, over: Delivery) -> None:
        """Replace messages over a person's budget by one text, at most every SUMMARY_EVERY_MS.

        Calls: how many are waiting, and the most severe with its reply code. Follow-ups: how many, and their doors. An
        exercise is neither shown in place of real alerts nor counted with them: its label would apply to all.
        """
        variant = NEWS if over.kind in FOLLOW_UP_KINDS else _CALLS
        rows = tx.store.deliveries_to(over.channel, over.address, tx.now - SUMMARY_EVERY_MS)
        is_news = over.kind in FOLLOW_UP_KINDS
        withheld = [row for row in rows if row.code == OVER_BUDGET and (row.kind in FOLLOW_UP_KINDS) == is_news]
        found = [tx.store.alert(name) for name in alerts_of(withheld) if name != alert.id]
        concerned = [alert, *(one for one in found if one is not None)]
        shown = _news(concerned, over) if is_news else self._worst(tx.store, alert, withheld)
        payload = self._summary_payload(tx, shown, over, variant, _count_like(shown, concerned))
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
        self.outbox.admission.enqueue(tx, [postponed(structs.replace(row, alert=shown.id), begin)], shown)

    def _summary_payload(
        self, tx: Transaction, shown: Alert, to: Delivery, variant: str, count: int
    ) -> dict[str, object]:
        spec = spec_of(to.channel)
        number = tx.store.assign_reply_code(to.address, shown.id, to.person, tx.now) if spec.coded else None
        context = MessageContext(
            MessageKind.SUMMARY,
            tx.now,
            limit_ms=0,
            number=number,
            variant=variant,
            count=count,
            coded=spec.coded,
        )
        page = self.outbox.page_url(shown.id, to.person, tx.now)
        return {"summary": variant, **self.outbox.contents.payload(spec, shown, context, page)}

    def _worst(self, store: AlertRepository, alert: Alert, withheld: Sequence[Delivery]) -> Alert:
        """The most severe of the alerts whose calls were withheld and that nobody acknowledged; the newest of
        equals."""
        return min([alert, *unacknowledged_alerts(store, withheld)], key=_urgency)


def _urgency(alert: Alert) -> tuple[bool, int]:
    """Real alerts before exercises, then by severity."""
    return alert.exercise, alert.severity.rank


def _news(alerts: Sequence[Alert], over: Delivery) -> Alert:
    """The newest real alert, with the doors of the others like it. A helper may not know them all."""
    shown = min(alerts, key=lambda one: one.exercise)
    if over.kind is MessageKind.HELPED:
        return shown
    like = [one.address for one in alerts if one.exercise is shown.exercise]
    return replace(shown, address=join_addresses([shown.address, *like]))


def _count_like(shown: Alert, alerts: Sequence[Alert]) -> int:
    """How many of these are real, or exercises, as the one that is shown."""
    return sum(one.exercise is shown.exercise for one in alerts)


def withheld_calls(store: Outbox, summary: Delivery) -> list[Delivery]:
    """The calls that a summary replaced."""
    rows = store.deliveries_to(summary.channel, summary.address, summary.created_at - SUMMARY_EVERY_MS)
    return [row for row in rows if row.kind in CALL_KINDS and row.code == OVER_BUDGET]


def unacknowledged_alerts(store: AlertRepository, withheld: Sequence[Delivery]) -> list[Alert]:
    """The unacknowledged alerts among them, newest first."""
    found = [store.alert(name) for name in alerts_of(withheld)]
    return [item for item in found if item is not None and item.is_calling]


def should_be_notified(alert: Alert, person: str) -> bool:
    """Whether this person is notified of what joins: the owner, or, without one, those who were called."""
    if alert.state is State.SHELVED or alert.state in SETTLED_STATES:
        return False
    return alert.owner == person or (alert.owner is None and person not in alert.passed)


def _unlisted_dangers(alert: Alert, joined: JoinedDanger, listed: Collection[str]) -> list[ListedDanger]:
    """The danger itself, or the addresses of a grouped alert that no earlier message listed."""
    if not joined.addresses:
        danger = joined.danger
        return [ListedDanger(danger.title, danger.address, danger.severity)]
    return [ListedDanger(alert.title, address, alert.severity) for address in joined.addresses if address not in listed]


def _earliest_send(sent: Sequence[Delivery], new: Sequence[ListedDanger], now: Instant) -> Instant:
    """Earliest time of the next notice: the more messages listed the same dangers, or others of this event, the
    later."""
    if not sent:
        return now
    same = sum(all(item in listed_dangers(row) for item in new) for row in sent)
    others = min(BUNDLE_MS << max(len(sent) - SEPARATE_NOTICES, 0), MAX_OTHERS_MS)
    span = max(min(BUNDLE_MS << max(same - 1, 0), MAX_BUNDLE_MS), others)
    if all(item.severity in _LESSER for item in new):
        span = min(LESSER_BUNDLE_MS << max(len(sent) - SEPARATE_NOTICES, 0), MAX_LESSER_MS)
    return max(row.not_before for row in sent) + span


def _joined_danger_of(row: Delivery, now: Instant) -> JoinedDanger:
    addresses = tuple(item.address for item in listed_dangers(row)) if row.payload["listed"] else ()
    return JoinedDanger(convert(row.payload["danger"], Danger), convert(row.payload["limit_ms"], int), now, addresses)


def listed_dangers(delivery: Delivery) -> list[ListedDanger]:
    """The dangers listed in a message."""
    return convert(delivery.payload.get("added", []), list[ListedDanger])


def combined(alert: Alert, danger: Danger, entries: Sequence[ListedDanger]) -> Alert:
    """The alert as shown in a combined message: the newest danger's own texts, or a short list."""
    shown = described_by(alert, danger)
    if len(entries) == 1:
        return replace(shown, address=entries[0].address or alert.address)
    title = entries[0].title
    for item in entries[1:]:
        title = joined_title(title, item.title)
    worst = min((item.severity for item in entries), key=lambda severity: severity.rank)
    return replace(shown, title=title, severity=worst, address=join_addresses([item.address for item in entries]))

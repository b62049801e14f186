"""Rows of the outbox as values: names, addresses, postponing, cancelling. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from alerts.alert import SETTLED_STATES, Alert, State
from alerts.channel_specs import FollowUp, spec_of, stored_address
from alerts.message import (
    CALL_KINDS,
    COMBINED,
    DANGER_KINDS,
    NOT_FAILED,
    POSSIBLY_SEEN,
    Delivery,
    DeliveryState,
    MessageKind,
)
from alerts.reply_parsing import codes as reply_codes
from domain import HOUR, Instant, Ledger, Person

CANCEL_REASONS: Final = ("taken", "settled", "renewed", "shelved", "returned")
"""Codes of calls that were cancelled because nobody needs to answer them any more."""
_NAMES_AN_OWNER: Final = (MessageKind.ACKNOWLEDGED,)
EXPIRES_MS: Final = 2 * HOUR
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def follow_up(
    earlier: Delivery, task: str, key: str, kind: MessageKind, payload: dict[str, object], now: Instant
) -> Delivery:
    """A new message to the recipient of an earlier one, on the same channel."""
    return Delivery(
        id=task,
        key=key,
        alert=earlier.alert,
        round=earlier.round,
        rung=earlier.rung,
        person=earlier.person,
        name=earlier.name,
        role=earlier.role,
        channel=earlier.channel,
        kind=kind,
        priority=earlier.priority,
        address=earlier.address,
        payload=payload,
        created_at=now,
        not_before=now,
        expires_at=now + EXPIRES_MS,
    )


def cancelled(row: Delivery, code: str) -> Delivery:
    """The message cancelled. Its key is released, so that this person may still be called."""
    return structs.replace(
        row,
        key=f"{row.key}:off:{row.id}",
        state=DeliveryState.SKIPPED,
        lease_until=None,
        outcome="skipped",
        code=code,
    )


def cancel_reason(alert: Alert | None) -> str:
    """The code for cancelling a call, from the state of its alert."""
    if alert is None or alert.state in SETTLED_STATES:
        return "settled"
    if alert.owner is not None:
        return "taken"
    return {State.SHELVED: "shelved", State.RETURNED: "returned"}.get(alert.state, "renewed")


def is_cancelled(row: Delivery) -> bool:
    """True for a call that was cancelled before it was sent."""
    return row.state is DeliveryState.SKIPPED and row.code in CANCEL_REASONS


def postponed(row: Delivery, not_before: Instant) -> Delivery:
    """The message not before this instant; it expires EXPIRES_MS later."""
    later = max(row.not_before, not_before)
    return structs.replace(row, not_before=later, expires_at=later + EXPIRES_MS)


def answer_key_prefix(phone: str) -> str:
    """The prefix of the keys of all replies to this phone."""
    return f"answer:{phone}:"


def address_of(person: Person, channel: str) -> str:
    """The person's address on this channel; empty when he has none."""
    address = stored_address(person, channel)
    return reply_codes.normalize_phone(address) if spec_of(channel).address == "phone" else address


def latest_calls(rows: Sequence[Delivery], since: Instant = 0) -> list[Delivery]:
    """Calls since then that may have been seen: the newest for each person and channel."""
    seen: dict[tuple[str, str], Delivery] = {}
    for row in rows:
        if row.kind in CALL_KINDS and row.state in POSSIBLY_SEEN and row.created_at >= since:
            seen[row.person, row.channel] = row
    return list(seen.values())


def knows_of_an_owner(rows: Sequence[Delivery], call: Delivery, *, waiting: bool = True) -> bool:
    """Whether this person is told, since he was last told of a danger, that somebody has the alert. Who has stood down
    is not told of each further owner; a card shows him. A text that waits counts with `waiting` only."""
    if spec_of(call.channel).follow_up is not FollowUp.MESSAGE:
        return False
    own = [row for row in rows if (row.person, row.channel) == (call.person, call.channel)]
    notified_at = max((row.created_at for row in own if row.kind in DANGER_KINDS), default=0)
    news = [row for row in own if row.kind in _NAMES_AN_OWNER and row.created_at > notified_at and _is_sent(row)]
    return any(waiting or row.state is not DeliveryState.PENDING for row in news)


def _is_sent(row: Delivery) -> bool:
    """Whether it was sent, alone or in another text, or will be."""
    return row.state in NOT_FAILED or row.code == COMBINED


def alerts_of(rows: Sequence[Delivery]) -> list[int]:
    """The alerts of these messages, newest first."""
    return sorted({alert for row in rows for alert in row.alerts}, reverse=True)


def priority_of(alert: Alert) -> int:
    """Lower is sent first: dangers before device health, then by severity."""
    return alert.severity.rank + (4 if alert.ledger is Ledger.HEALTH else 0)


def delivery_id(now: Instant, number: int) -> str:
    """An id of at most 15 bytes (a limit of voice vendors), unique even when the database is created again.

    >>> delivery_id(1767323045000, 36)
    'mjwaid1k10'
    """
    return _base36(now) + _base36(number)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


def is_call_of_round(row: Delivery, alert: Alert) -> bool:
    """Whether the message is a call of the alert's present round that was not cancelled."""
    return row.kind in CALL_KINDS and row.round == alert.round and not is_cancelled(row)

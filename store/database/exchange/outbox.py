"""Events for outside systems and their messages: written with the change that causes them, sent in order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, func, insert, select, update

from alerts.exchange.messages import Failure, MessageState, NewEvent, OutgoingMessage, StoredEvent, TargetStatus
from domain import Instant
from store.database.exchange.tables import exchange_events as events
from store.database.exchange.tables import exchange_messages as messages
from store.database.exchange.tables import exchange_targets as targets
from store.database.sql import Page, page_of, upsert

PURGE_BATCH: Final = 500
_PENDING: Final = MessageState.PENDING.value
_EARLIER = messages.alias("earlier")
_BEHIND_ANOTHER: Final = exists().where(
    _EARLIER.c.target == messages.c.target,
    _EARLIER.c.state == _PENDING,
    _EARLIER.c.subject == messages.c.subject,
    _EARLIER.c.n < messages.c.n,
)
"""An earlier message of the same subject is not settled: this one waits for it."""
_COLUMNS: Final = (
    messages,
    events.c.n.label("event_n"),
    events.c.type.label("event_type"),
    events.c.subject.label("event_subject"),
    events.c.alert.label("event_alert"),
    events.c.at.label("event_at"),
    events.c.data.label("event_data"),
)


class MessageFilter(Struct, frozen=True):
    """Which messages to list; empty fields match all."""

    state: MessageState | None = None
    target: str | None = None


def append(tx: Connection, new: Sequence[NewEvent], now: Instant) -> None:
    """Store events, each with one pending message for each of its targets."""
    for event in new:
        values = {name: getattr(event, name) for name in ("type", "subject", "alert", "at", "data")}
        key = tx.execute(insert(events), values).inserted_primary_key
        assert key is not None
        rows = [
            {
                "event": int(key[0]),
                "target": target,
                "subject": event.subject,
                "state": _PENDING,
                "attempts": 0,
                "created_at": now,
                "not_before": now,
                "error": "",
            }
            for target in event.targets
        ]
        tx.execute(insert(messages), rows)


def due_messages(tx: Connection, target: str, now: Instant, limit: int) -> list[OutgoingMessage]:
    """Due messages of a target, oldest first; of each subject only the oldest that is not settled."""
    waiting = _waiting(target)
    query = _select().where(*waiting, messages.c.not_before <= now).order_by(messages.c.n).limit(limit)
    return [_message(row) for row in tx.execute(query)]


def next_due(tx: Connection, target: str) -> Instant | None:
    """When the first message of a target that waits for no other one becomes due."""
    return tx.execute(select(func.min(messages.c.not_before)).where(*_waiting(target))).scalar()


def get_message(tx: Connection, number: int) -> OutgoingMessage | None:
    """One message with its event."""
    row = tx.execute(_select().where(messages.c.n == number)).first()
    return None if row is None else _message(row)


def list_messages(
    tx: Connection, filters: MessageFilter, limit: int, after: str | None = None
) -> Page[OutgoingMessage]:
    """Messages, newest first; `after` is the cursor of the page before."""
    equal = ((messages.c.state, filters.state), (messages.c.target, filters.target))
    query = _select().where(*(column == value for column, value in equal if value is not None))
    if after is not None and after.isdecimal():
        query = query.where(messages.c.n < int(after))
    rows = [_message(row) for row in tx.execute(query.order_by(messages.c.n.desc()).limit(limit + 1))]
    return page_of([(str(row.n), row) for row in rows], limit)


def fetch(tx: Connection, target: str, limit: int) -> list[OutgoingMessage]:
    """Pending messages of a target that fetches them, oldest first; each is marked as handed out."""
    waiting = messages.c.target == target, messages.c.state == _PENDING
    found = [_message(row) for row in tx.execute(_select().where(*waiting).order_by(messages.c.n).limit(limit))]
    numbers = messages.c.n.in_([message.n for message in found])
    tx.execute(update(messages).where(numbers).values(attempts=messages.c.attempts + 1))
    return found


def confirm_fetched(tx: Connection, target: str, through: int, now: Instant) -> int:
    """A target has every message up to this event that was handed out to it: they are delivered. Returns their
    number."""
    pending = and_(messages.c.target == target, messages.c.state == _PENDING, messages.c.attempts > 0)
    fetched = and_(pending, messages.c.event <= through)
    values = {"state": MessageState.DELIVERED.value, "settled_at": now, "error": "", "failure": None}
    done = tx.execute(update(messages).where(fetched).values(**values)).rowcount
    if done:
        record_success(tx, target, now)
    return done


def give_up_unfetched(tx: Connection, names: Collection[str], created_before: Instant, now: Instant) -> int:
    """Give up messages that a target should have fetched since an instant; returns their number."""
    old = and_(messages.c.state == _PENDING, messages.c.target.in_(list(names)))
    values = {"state": MessageState.DEAD.value, "settled_at": now, "error": "not fetched"}
    late = and_(old, messages.c.created_at < created_before)
    return tx.execute(update(messages).where(late).values(**values, failure=Failure.NOT_FETCHED)).rowcount


def settle(
    tx: Connection,
    number: int,
    state: MessageState,
    now: Instant,
    status: int | None,
    error: str,
    failure: Failure | None = None,
) -> None:
    """A message was delivered or is given up."""
    values = {"state": state.value, "settled_at": now, "status": status, "error": error, "failure": failure}
    tx.execute(update(messages).where(messages.c.n == number).values(**values, attempts=messages.c.attempts + 1))


def postpone(
    tx: Connection, number: int, not_before: Instant, status: int | None, error: str, failure: Failure | None = None
) -> None:
    """An attempt failed; the next at `not_before`."""
    values = {"not_before": not_before, "status": status, "error": error, "failure": failure}
    tx.execute(update(messages).where(messages.c.n == number).values(**values, attempts=messages.c.attempts + 1))


def resend(tx: Connection, number: int, now: Instant) -> bool:
    """Make a dead message pending, as if it had been created now. False unless it is dead."""
    dead = and_(messages.c.n == number, messages.c.state == MessageState.DEAD.value)
    values = {"state": _PENDING, "settled_at": None, "attempts": 0, "created_at": now, "not_before": now}
    return tx.execute(update(messages).where(dead).values(**values)).rowcount > 0


def give_up_unknown(tx: Connection, known: Collection[str], now: Instant) -> int:
    """Give up messages whose target is not among these; returns their number."""
    unknown = and_(messages.c.state == _PENDING, messages.c.target.not_in(list(known)))
    values = {"state": MessageState.DEAD.value, "settled_at": now, "error": "the target is no longer configured"}
    values["failure"] = Failure.UNCONFIGURED
    return tx.execute(update(messages).where(unknown).values(**values)).rowcount


def target_status(tx: Connection, target: str) -> TargetStatus:
    """Successes and failures of a target, and how many of its messages wait or were given up."""
    state = tx.execute(select(targets).where(targets.c.id == target)).first()
    counted = select(messages.c.state, func.count(), func.min(messages.c.created_at))
    settled = messages.c.state.in_((_PENDING, MessageState.DEAD.value))
    rows = tx.execute(counted.where(messages.c.target == target, settled).group_by(messages.c.state)).all()
    counts = {name: (int(number), oldest) for name, number, oldest in rows}
    pending, oldest = counts.get(_PENDING, (0, None))
    return TargetStatus(
        target,
        None if state is None else state.failing_since,
        None if state is None else state.last_success_at,
        "" if state is None else state.last_error,
        pending,
        counts.get(MessageState.DEAD.value, (0, None))[0],
        oldest,
    )


def record_success(tx: Connection, target: str, now: Instant) -> Instant | None:
    """A request was accepted; returns since when the target had failed, if it had."""
    since = tx.execute(select(targets.c.failing_since).where(targets.c.id == target)).scalar()
    upsert(tx, targets, {"id": target}, {"failing_since": None, "last_success_at": now, "last_error": ""})
    return None if since is None else int(since)


def record_failure(tx: Connection, target: str, now: Instant, error: str) -> Instant:
    """A request failed; returns since when requests to the target fail."""
    since = tx.execute(select(targets.c.failing_since).where(targets.c.id == target)).scalar()
    upsert(tx, targets, {"id": target}, {"failing_since": now if since is None else since, "last_error": error})
    return now if since is None else int(since)


def purge(tx: Connection, delivered_before: Instant, dead_before: Instant) -> int:
    """Delete messages settled before an instant, and events without a message, a batch; returns the messages."""
    old = [
        and_(messages.c.state == state.value, messages.c.settled_at < before)
        for state, before in ((MessageState.DELIVERED, delivered_before), (MessageState.DEAD, dead_before))
    ]
    deleted = sum(_delete_batch(tx, condition) for condition in old)
    orphans = select(events.c.n).where(~exists().where(messages.c.event == events.c.n)).limit(PURGE_BATCH)
    tx.execute(delete(events).where(events.c.n.in_(list(tx.execute(orphans).scalars()))))
    return deleted


def _delete_batch(tx: Connection, condition: ColumnElement[bool]) -> int:
    numbers = list(tx.execute(select(messages.c.n).where(condition).limit(PURGE_BATCH)).scalars())
    return tx.execute(delete(messages).where(messages.c.n.in_(numbers))).rowcount


def _waiting(target: str) -> tuple[ColumnElement[bool], ...]:
    return messages.c.target == target, messages.c.state == _PENDING, ~_BEHIND_ANOTHER


def _select() -> Select[Any]:
    return select(*_COLUMNS).join_from(messages, events, messages.c.event == events.c.n)


def _message(row: Row[Any]) -> OutgoingMessage:
    columns = row._mapping
    event = StoredEvent(**{name: columns[f"event_{name}"] for name in StoredEvent.__struct_fields__})
    own = ("event", "state", "failure")
    same = {name: columns[name] for name in OutgoingMessage.__struct_fields__ if name not in own}
    failure = None if columns["failure"] is None else Failure(columns["failure"])
    return OutgoingMessage(event=event, state=MessageState(columns["state"]), failure=failure, **same)

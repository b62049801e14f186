"""The alert room's book in the ledger: everything it keeps, inside the transaction it is given.

It complies with alerts/ports.py. It decides nothing: which alert, whom to tell and when are the room's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final, Protocol, TypeVar

from msgspec import structs
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from alerts import codes
from alerts.alert import (
    OVER_BUDGET,
    REACHING,
    SETTLED,
    TOLD_BY,
    UNSETTLED,
    UNTAKEN,
    Alert,
    Delivery,
    DeliveryState,
    Entry,
    Kind,
)
from alerts.grouping import is_stranger
from alerts.ports import Book, Coded, Known
from domain import DAY, Finding, Instant, Lane, Ledger, Person, Phase
from store.ledger.alertrows import alert_of, alert_values, delivery_of, delivery_values
from store.ledger.rows import upsert
from store.ledger.tables_alerts import alert_findings, alerts, deliveries, delivery_events, reply_codes, timeline
from store.ledger.tables_system import cursors

T = TypeVar("T")

READER: Final = "alerts"
_ENDS: Final = (Phase.ENDED.value, Phase.WITHDRAWN.value)
_ONCE: Final = (Phase.BEGAN, Phase.ENDED, Phase.WITHDRAWN)
_SETTLED: Final = tuple(state.value for state in SETTLED)
_UNSETTLED: Final = tuple(state.value for state in UNSETTLED)
_CODE_REST_MS: Final = DAY
_REACHING: Final = tuple(state.value for state in REACHING)
_TOLD_BY: Final = tuple(kind.value for kind in TOLD_BY)

# Statements are built once: SQLAlchemy compiles a statement object once and then only binds.
_ALERT = select(alerts).where(alerts.c.id == bindparam("alert"))
_SAVE = update(alerts).where(alerts.c.id == bindparam("b_id"))
_KNOWN = select(alert_findings.c.phase, alert_findings.c.at, alert_findings.c.alert).where(
    alert_findings.c.finding == bindparam("finding")
)
_CODES = (
    select(reply_codes.c.number, reply_codes.c.alert, alerts.c.state, alerts.c.updated_at)
    .join(alerts, alerts.c.id == reply_codes.c.alert)
    .where(reply_codes.c.phone == bindparam("phone"))
)
_DUE = select(alerts).where(alerts.c.wake_at <= bindparam("now")).order_by(alerts.c.wake_at, alerts.c.id)
_DELIVERIES = select(deliveries).where(deliveries.c.alert == bindparam("alert")).order_by(deliveries.c.n)
_DELIVERY = select(deliveries).where(deliveries.c.id == bindparam("id"))
_LEASABLE = or_(
    and_(
        deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value)),
        deliveries.c.not_before <= bindparam("now"),
    ),
    and_(deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.lease_until <= bindparam("now")),
)
_LEASE = (
    select(deliveries)
    .where(deliveries.c.channel == bindparam("channel"), _LEASABLE)
    .order_by(deliveries.c.priority, deliveries.c.not_before, deliveries.c.n)
)
_NEXT_DUE = select(
    func.min(deliveries.c.not_before).filter(
        deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value))
    ),
    func.min(deliveries.c.lease_until).filter(deliveries.c.state == DeliveryState.SENDING.value),
).where(
    deliveries.c.channel == bindparam("channel"),
    deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value, DeliveryState.SENDING.value)),
)


class SqlBook:
    """The book of one transaction."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._notes: list[Entry] = []

    def flush(self) -> None:
        """Write the story down, in one statement. Whoever opened the transaction calls this before it ends."""
        if self._notes:
            self._tx.execute(insert(timeline), [structs.asdict(entry) for entry in self._notes])
            self._notes.clear()

    # findings

    def known(self, finding: Finding) -> Known:
        rows = self._tx.execute(_KNOWN, {"finding": finding.id}).all()
        key = _phase_key(finding)
        heard = any(row.phase == key["phase"] and row.at == key["at"] for row in rows)
        return Known(heard, next((int(row.alert) for row in rows if row.alert is not None), None))

    def hear(self, finding: Finding, alert: int | None) -> None:
        row = {**_phase_key(finding), "alert": alert, "severity": finding.severity.value, "heard_at": finding.now}
        self._tx.execute(insert(alert_findings), {**row, "device": finding.device})

    def standing_findings(self, alert: int) -> list[tuple[str, str | None]]:
        mine = select(alert_findings.c.finding, alert_findings.c.device).where(alert_findings.c.alert == alert)
        ended = select(alert_findings.c.finding).where(
            alert_findings.c.alert == alert, alert_findings.c.phase.in_(_ENDS)
        )
        rows = self._tx.execute(mine.where(alert_findings.c.finding.not_in(ended)).distinct())
        return [(row.finding, row.device) for row in rows]

    def still_firing(self, alert: int) -> bool:
        return bool(self.standing_findings(alert))

    def standing(self, prefix: str) -> list[str]:
        mine = alert_findings.c.finding.startswith(prefix, autoescape=True)
        ended = select(alert_findings.c.finding).where(mine, alert_findings.c.phase.in_(_ENDS))
        begun = select(alert_findings.c.finding).where(mine, alert_findings.c.finding.not_in(ended))
        found = begun.group_by(alert_findings.c.finding).order_by(func.min(alert_findings.c.heard_at))
        return list(self._tx.execute(found).scalars())

    def candidates(self, finding: Finding, building: str | None) -> list[Alert]:
        subject = and_(alerts.c.subject_type == finding.subject.type, alerts.c.subject_id == finding.subject.id)
        ways = [subject]
        if finding.device is not None:
            ways.append(alerts.c.device == finding.device)
        elif is_stranger(finding):
            ways.append(and_(alerts.c.rule == finding.rule, alerts.c.device.is_(None)))
        if building is not None:
            ways.append(and_(alerts.c.rule == finding.rule, alerts.c.building == building))
        found = select(alerts).where(alerts.c.state.in_(_UNSETTLED), or_(*ways)).order_by(alerts.c.id.desc())
        return [alert_of(row) for row in self._tx.execute(found)]

    # alerts

    def open(self, alert: Alert) -> Alert:
        done = self._tx.execute(insert(alerts), alert_values(alert))
        key = done.inserted_primary_key
        assert key is not None
        return structs.replace(alert, id=int(key[0]))

    def save(self, alert: Alert) -> None:
        self._tx.execute(_SAVE, {**alert_values(alert), "b_id": alert.id})

    def alert(self, alert: int) -> Alert | None:
        row = self._tx.execute(_ALERT, {"alert": alert}).first()
        return None if row is None else alert_of(row)

    def due(self, now: Instant, limit: int) -> list[Alert]:
        return [alert_of(row) for row in self._tx.execute(_DUE.limit(limit), {"now": now})]

    def unsettled(self, ledger: Ledger) -> list[Alert]:
        found = select(alerts).where(alerts.c.state.in_(_UNSETTLED), alerts.c.ledger == ledger.value)
        return [alert_of(row) for row in self._tx.execute(found.order_by(alerts.c.id))]

    def next_wake(self) -> Instant | None:
        return self._tx.execute(select(func.min(alerts.c.wake_at))).scalar()

    def orphans(self, now: Instant, grace_ms: int) -> list[Alert]:
        late = or_(alerts.c.wake_at.is_(None), alerts.c.wake_at < now - grace_ms)
        found = select(alerts).where(alerts.c.state.in_(_UNSETTLED), late).order_by(alerts.c.id)
        return [alert_of(row) for row in self._tx.execute(found)]

    def untold(self, opened_before: Instant) -> list[Alert]:
        told = select(deliveries.c.alert).where(
            or_(deliveries.c.state.in_(_REACHING), deliveries.c.code == OVER_BUDGET),
            deliveries.c.kind.in_(_TOLD_BY),
            deliveries.c.round == alerts.c.round,
            deliveries.c.alert == alerts.c.id,
        )
        found = select(alerts).where(
            alerts.c.state.in_([state.value for state in UNTAKEN]),
            alerts.c.ledger == Ledger.DANGER.value,
            alerts.c.opened_at <= opened_before,
            ~told.exists(),
        )
        return [alert_of(row) for row in self._tx.execute(found.order_by(alerts.c.id))]

    def note(self, entries: Sequence[Entry]) -> None:
        self._notes.extend(entries)

    # deliveries

    def next_delivery(self) -> int:
        return int(self._tx.execute(select(func.coalesce(func.max(deliveries.c.n), 0))).scalar_one()) + 1

    def post(self, new: Sequence[Delivery]) -> None:
        if not new:
            return
        keys = [one.key for one in new]
        there = set(self._tx.execute(select(deliveries.c.key).where(deliveries.c.key.in_(keys))).scalars())
        rows = [delivery_values(one) for one in new if one.key not in there]
        if rows:
            self._tx.execute(insert(deliveries), rows)

    def deliveries(self, alert: int) -> list[Delivery]:
        return [delivery_of(row) for row in self._tx.execute(_DELIVERIES, {"alert": alert})]

    def delivery(self, delivery: str) -> Delivery | None:
        row = self._tx.execute(_DELIVERY, {"id": delivery}).first()
        return None if row is None else delivery_of(row)

    def by_provider(self, channel: str, provider_id: str) -> Delivery | None:
        found = select(deliveries).where(deliveries.c.provider_id == provider_id, deliveries.c.channel == channel)
        row = self._tx.execute(found.order_by(deliveries.c.n.desc())).first()
        return None if row is None else delivery_of(row)

    def settle(self, old: Delivery, new: Delivery, at: Instant, detail: str) -> None:
        self._tx.execute(update(deliveries).where(deliveries.c.id == new.id), delivery_values(new))
        step = {
            "delivery": new.id,
            "at": at,
            "from_state": old.state.value,
            "to_state": new.state.value,
            "code": new.code,
            "detail": detail,
        }
        self._tx.execute(insert(delivery_events), step)

    def lease(self, channel: str, now: Instant, lease_until: Instant, limit: int) -> list[Delivery]:
        rows = self._tx.execute(_LEASE.limit(limit), {"channel": channel, "now": now}).all()
        if rows:
            taken = update(deliveries).where(deliveries.c.n.in_([row._mapping["n"] for row in rows]))
            sending = {"state": DeliveryState.SENDING.value, "lease_until": lease_until}
            self._tx.execute(taken.values(**sending, attempts=deliveries.c.attempts + 1))
        return [delivery_of(row) for row in rows]

    def next_due(self, channel: str) -> Instant | None:
        row = self._tx.execute(_NEXT_DUE, {"channel": channel}).one()
        return min((at for at in row if at is not None), default=None)

    def to_address(self, channel: str, address: str, since: Instant) -> list[Delivery]:
        mine = and_(deliveries.c.address == address, deliveries.c.channel == channel, deliveries.c.created_at >= since)
        return [delivery_of(row) for row in self._tx.execute(select(deliveries).where(mine).order_by(deliveries.c.n))]

    def sent_since(self, channel: str, address: str, since: Instant, kinds: Collection[Kind]) -> int:
        mine = and_(
            deliveries.c.address == address,
            deliveries.c.channel == channel,
            deliveries.c.sent_at >= since,
            deliveries.c.kind.in_([kind.value for kind in kinds]),
        )
        return int(self._tx.execute(select(func.count()).select_from(deliveries).where(mine)).scalar_one())

    # reply codes

    def code(self, phone: str, alert: int, person: str, now: Instant) -> int | None:
        held = self._tx.execute(_CODES, {"phone": phone}).all()
        known = next((row.number for row in held if row.alert == alert), None)
        if known is not None:
            return int(known)
        # A number rests for a day after its alert was closed: until then a late answer still finds the right one.
        rested = [row.number for row in held if row.state == "closed" and row.updated_at < now - _CODE_REST_MS]
        number = codes.smallest_free({row.number for row in held} - set(rested))
        if number is None:
            # All 99 in use: a number that can still be answered is worth more than one whose alert is dealt with.
            settled = [row for row in held if row.state in _SETTLED]
            if not settled:
                return None
            number = min(settled, key=lambda row: row.updated_at).number
            rested.append(number)
        if number in rested:
            old = and_(reply_codes.c.phone == phone, reply_codes.c.number == number)
            self._tx.execute(delete(reply_codes).where(old))
        row = {"phone": phone, "number": number, "alert": alert, "person": person, "since": now}
        self._tx.execute(insert(reply_codes), row)
        return number

    def coded(self, phone: str) -> list[Coded]:
        mine = select(reply_codes).where(reply_codes.c.phone == phone).order_by(reply_codes.c.since.desc())
        return [Coded(row.number, row.alert, row.person) for row in self._tx.execute(mine)]

    def person_of(self, phone: str) -> Person | None:
        mine = select(deliveries.c.person, deliveries.c.name).where(deliveries.c.address == phone)
        row = self._tx.execute(mine.order_by(deliveries.c.n.desc()).limit(1)).first()
        return None if row is None else Person(id=row.person, name=row.name, phone=phone)

    def move_cursor(self, lane: Lane, pos: int) -> None:
        upsert(self._tx, cursors, {"reader": READER, "lane": lane.value}, {"pos": pos})


class _Runs(Protocol):
    """A ledger, as far as this needs one."""

    def run(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


class Transactor:
    """`Transact` of alerts/ports.py over a ledger."""

    def __init__(self, ledger: _Runs) -> None:
        self._ledger = ledger

    def __call__(self, work: Callable[[Book], T]) -> Awaitable[T]:
        def within(tx: Connection) -> T:
            book = SqlBook(tx)
            result = work(book)
            book.flush()
            return result

        return self._ledger.run(within)


def position(tx: Connection) -> dict[Lane, int]:
    """How far in the journal the alerts of this ledger have come."""
    mine: Any = select(cursors.c.lane, cursors.c.pos).where(cursors.c.reader == READER)
    return {Lane(row.lane): int(row.pos) for row in tx.execute(mine)}


def _phase_key(finding: Finding) -> dict[str, Any]:
    """Once in a finding's life, or (graded, stale) once at that instant."""
    at = 0 if finding.phase in _ONCE else finding.at
    return {"finding": finding.id, "phase": finding.phase.value, "at": at}

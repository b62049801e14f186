"""`AlertStore` of alerts/ports.py on SQL, inside a transaction that the caller opened."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from msgspec import structs
from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from alerts.alert import ACTIVE_STATES, OWNED_STATES, Alert, State, TimelineEntry
from alerts.message import POSSIBLY_SEEN, Delivery, MessageKind
from alerts.messages.deliveries import answer_key_prefix
from alerts.ports import FindingRecord, RecordedFinding, ReplyCode
from alerts.silence import HeldFinding, HeldState, Silence
from domain import Finding, Instant, Lane, Ledger, Person
from store.database.alerts import (
    audits,
    callbacks,
    join_candidates,
    leases,
    milestones,
    reply_codes,
    second_checks,
    silences,
)
from store.database.alerts import findings as alert_findings
from store.database.alerts.change_log import ChangeLog
from store.database.alerts.row_cache import RowCache
from store.database.alerts.rows import alert_of, alert_values, delivery_of, delivery_values
from store.database.alerts.tables import alerts, deliveries, delivery_events, timeline
from store.database.system import journal_positions

READER: Final = "alerts"
"""Name of the journal position of the findings processed by alerts/."""
_ACTIVE: Final = tuple(state.value for state in ACTIVE_STATES)

# Built once: SQLAlchemy caches the compiled form of a statement object.
_ALERT = select(alerts).where(alerts.c.id == bindparam("alert"))
_SAVE = update(alerts).where(alerts.c.id == bindparam("b_id"))
_DUE = select(alerts).where(alerts.c.wake_at <= bindparam("now")).order_by(alerts.c.wake_at, alerts.c.id)
_DELIVERIES = select(deliveries).where(deliveries.c.alert == bindparam("alert")).order_by(deliveries.c.n)
_DELIVERY = select(deliveries).where(deliveries.c.id == bindparam("id"))
_LAST_DELIVERY = select(func.coalesce(func.max(deliveries.c.n), 0))
_HAS_KEY = select(deliveries.c.n).where(deliveries.c.key == bindparam("key"))
_TIMES = select(func.count()).where(timeline.c.alert == bindparam("alert"), timeline.c.kind == bindparam("kind"))
_INSERT_ALERT, _INSERT_TIMELINE = insert(alerts), insert(timeline)
_INSERT_DELIVERY, _INSERT_EVENT = insert(deliveries), insert(delivery_events)
_UPDATE_DELIVERY = update(deliveries).where(deliveries.c.id == bindparam("b_id"))
_LAST_MESSAGES = (
    select(deliveries)
    .where(
        deliveries.c.address == bindparam("address"),
        deliveries.c.channel == bindparam("channel"),
        deliveries.c.state.in_([state.value for state in POSSIBLY_SEEN]),
    )
    .order_by(deliveries.c.sent_at.is_(None).desc(), deliveries.c.sent_at.desc(), deliveries.c.n.desc())
)


class SqlAlertStore:
    """The alert store of one transaction. Methods: see alerts/ports.py."""

    def __init__(self, tx: Connection, *, records_changes: bool = False, caches: bool = False) -> None:
        self._tx, self.change_log = tx, ChangeLog() if records_changes else None
        self._cache = RowCache(caches)
        self._timeline: list[TimelineEntry] = []

    def flush(self) -> None:
        """Insert the collected timeline entries in one statement. Must be called before the transaction ends."""
        if self._timeline:
            self._tx.execute(_INSERT_TIMELINE, [structs.asdict(entry) for entry in self._timeline])
            self._timeline.clear()

    # findings

    def finding_record(self, finding: Finding) -> FindingRecord:
        return alert_findings.finding_record(self._tx, finding)

    def record_finding(self, finding: Finding, alert: int | None) -> None:
        alert_findings.record_finding(self._tx, finding, alert)
        if self.change_log is not None:
            self.change_log.finding_recorded(finding)

    def active_findings(self, alert: int) -> list[tuple[str, str | None]]:
        return alert_findings.active_findings(self._tx, alert)

    def has_active_findings(self, alert: int) -> bool:
        return bool(alert_findings.active_findings(self._tx, alert, limit=1))

    def recorded_findings(self, alert: int) -> list[RecordedFinding]:
        return alert_findings.recorded_findings(self._tx, alert)

    def move_findings(self, alert: int, into: int, findings: Sequence[str] | None = None) -> None:
        alert_findings.move_findings(self._tx, alert, into, findings)

    def active_finding_ids(self, prefix: str) -> list[str]:
        return alert_findings.active_finding_ids(self._tx, prefix)

    def alerts_to_join(self, finding: Finding, building: str | None, cell: str | None) -> list[Alert]:
        return join_candidates.alerts_to_join(self._tx, finding, building, cell)

    def alerts_of_building(self, building: str) -> list[Alert]:
        return join_candidates.alerts_of_building(self._tx, building)

    # alerts

    def add_alert(self, alert: Alert) -> Alert:
        key = self._tx.execute(_INSERT_ALERT, alert_values(alert)).inserted_primary_key
        assert key is not None
        milestones.open_milestones(self._tx, int(key[0]), alert.opened_at)
        added = structs.replace(alert, id=int(key[0]))
        self._cache.alert_added(added)
        if self.change_log is not None:
            self.change_log.alert_added(added)
        return added

    def save_alert(self, alert: Alert) -> None:
        if self.change_log is not None:
            self.change_log.alert_saved(alert, self.alert)
        self._tx.execute(_SAVE, {**alert_values(alert), "b_id": alert.id})
        self._cache.alert_saved(alert)
        milestones.reach_milestones(self._tx, alert)

    def alert(self, alert: int | None) -> Alert | None:
        return None if alert is None else self._cache.alert(alert, partial(self._load_alert, alert))

    def _load_alert(self, alert: int) -> Alert | None:
        row = self._tx.execute(_ALERT, {"alert": alert}).first()
        return None if row is None else alert_of(row)

    def alert_by_case_key(self, key: str) -> Alert | None:
        row = self._tx.execute(select(alerts).where(alerts.c.case_key == key)).first()
        return None if row is None else alert_of(row)

    def due_alerts(self, now: Instant, limit: int) -> list[Alert]:
        return [alert_of(row) for row in self._tx.execute(_DUE.limit(limit), {"now": now})]

    def active_alerts(self, ledger: Ledger) -> list[Alert]:
        query = select(alerts).where(alerts.c.state.in_(_ACTIVE), alerts.c.ledger == ledger.value)
        return [alert_of(row) for row in self._tx.execute(query.order_by(alerts.c.id))]

    def dangers_in_hand(self, people: Collection[str]) -> dict[str, int]:
        real = and_(alerts.c.ledger == Ledger.DANGER.value, alerts.c.exercise.is_(False))
        owned = and_(alerts.c.owner.in_(people), alerts.c.state.in_([state.value for state in OWNED_STATES]), real)
        query = select(alerts.c.owner, func.count()).where(owned)
        return {row[0]: row[1] for row in self._tx.execute(query.group_by(alerts.c.owner))}

    def informing_alerts(self) -> list[Alert]:
        query = select(alerts).where(alerts.c.state == State.SHELVED.value, alerts.c.silence.is_not(None))
        return [alert_of(row) for row in self._tx.execute(query.order_by(alerts.c.id))]

    def next_wake(self) -> Instant | None:
        return self._tx.execute(select(func.min(alerts.c.wake_at))).scalar()

    def alerts_without_next_step(self, now: Instant, grace_ms: int) -> list[Alert]:
        return audits.alerts_without_next_step(self._tx, now, grace_ms)

    def unnotified_alerts(self, opened_before: Instant) -> list[Alert]:
        return audits.unnotified_alerts(self._tx, opened_before)

    def record_second_check(self, alert: int, by: str, at: Instant) -> None:
        second_checks.record(self._tx, alert, by, at)

    def add_timeline(self, entries: Sequence[TimelineEntry]) -> None:
        self._timeline.extend(entries)

    def times_in_timeline(self, alert: int, kind: str) -> int:
        stored = int(self._tx.execute(_TIMES, {"alert": alert, "kind": kind}).scalar_one())
        return stored + sum((entry.alert, entry.kind) == (alert, kind) for entry in self._timeline)

    # deliveries

    def next_delivery_number(self) -> int:
        return int(self._tx.execute(_LAST_DELIVERY).scalar_one()) + 1

    def enqueue(self, new: Sequence[Delivery]) -> None:
        if not new:
            return
        self._cache.deliveries_changed()
        missing = [row for row in new if self._tx.execute(_HAS_KEY, {"key": row.key}).first() is None]
        if missing:
            self._tx.execute(_INSERT_DELIVERY, [delivery_values(row) for row in missing])

    def deliveries(self, alert: int) -> list[Delivery]:
        return self._cache.deliveries_of(alert, partial(self._load_deliveries, alert))

    def _load_deliveries(self, alert: int) -> list[Delivery]:
        return [delivery_of(row) for row in self._tx.execute(_DELIVERIES, {"alert": alert})]

    def deliveries_about(self, about: str) -> list[Delivery]:
        found = and_(deliveries.c.key >= f"{about}:", deliveries.c.key < f"{about};")
        return [delivery_of(row) for row in self._tx.execute(select(deliveries).where(found).order_by(deliveries.c.n))]

    def delivery(self, delivery: str) -> Delivery | None:
        return self._cache.delivery(delivery, partial(self._load_delivery, delivery))

    def _load_delivery(self, delivery: str) -> Delivery | None:
        row = self._tx.execute(_DELIVERY, {"id": delivery}).first()
        return None if row is None else delivery_of(row)

    def delivery_by_provider_id(self, channel: str, provider_id: str) -> Delivery | None:
        query = select(deliveries).where(deliveries.c.provider_id == provider_id, deliveries.c.channel == channel)
        row = self._tx.execute(query.order_by(deliveries.c.n.desc())).first()
        return None if row is None else delivery_of(row)

    def update_delivery(self, old: Delivery, new: Delivery, at: Instant, detail: str) -> None:
        self._tx.execute(_UPDATE_DELIVERY, {**delivery_values(new), "b_id": new.id})
        self._cache.delivery_saved(new)
        step = {
            "delivery": new.id,
            "at": at,
            "from_state": old.state.value,
            "to_state": new.state.value,
            "code": new.code,
            "detail": detail,
        }
        self._tx.execute(_INSERT_EVENT, step)

    def lease_deliveries(self, channel: str, now: Instant, lease_until: Instant, limit: int) -> list[Delivery]:
        self._cache.deliveries_changed()
        return leases.lease(self._tx, channel, now, lease_until, limit)

    def next_delivery_due(self, channel: str) -> Instant | None:
        return leases.next_due(self._tx, channel)

    def assign_provider(self, delivery: str, provider: str, template: str | None) -> None:
        self._cache.deliveries_changed()
        leases.assign_provider(self._tx, delivery, provider, template)

    def deliveries_to(self, channel: str, address: str, since: Instant) -> list[Delivery]:
        to_address = and_(deliveries.c.address == address, deliveries.c.channel == channel)
        query = select(deliveries).where(to_address, deliveries.c.created_at >= since).order_by(deliveries.c.n)
        return [delivery_of(row) for row in self._tx.execute(query)]

    def count_sent(self, channel: str, address: str, since: Instant, kinds: Collection[MessageKind]) -> int:
        sent = and_(
            deliveries.c.address == address,
            deliveries.c.channel == channel,
            deliveries.c.sent_at >= since,
            deliveries.c.ref.is_(None),
            deliveries.c.kind.in_([kind.value for kind in kinds]),
        )
        return int(self._tx.execute(select(func.count()).select_from(deliveries).where(sent)).scalar_one())

    def count_carried(
        self,
        channel: str,
        provider: str,
        since: Instant,
        address: str | None,
        template: str | None,
        besides: str,
    ) -> int:
        return leases.count_carried(self._tx, channel, provider, since, address, template, besides)

    def last_messages(self, channel: str, address: str, limit: int) -> list[Delivery]:
        query = _LAST_MESSAGES.limit(limit)
        return [delivery_of(row) for row in self._tx.execute(query, {"channel": channel, "address": address})]

    def count_answers(self, phone: str, since: Instant) -> int:
        # A range, not LIKE: LIKE of SQLite ignores case and therefore cannot use the index of the keys.
        prefix = answer_key_prefix(phone)
        replies = and_(deliveries.c.key >= prefix, deliveries.c.key < f"{prefix[:-1]};")
        recent = and_(replies, deliveries.c.created_at >= since)
        return int(self._tx.execute(select(func.count()).select_from(deliveries).where(recent)).scalar_one())

    # provider callbacks

    def record_callback(self, key: str, now: Instant) -> bool:
        return callbacks.record_once(self._tx, key, now)

    # silences

    def active_silences(self, now: Instant) -> list[Silence]:
        return self._cache.active_silences(now, partial(silences.active_silences, self._tx, now))

    def silence(self, silence: int) -> Silence | None:
        return silences.get_silence(self._tx, silence)

    def hold_finding(self, finding: Finding, silence: int, now: Instant) -> None:
        silences.hold_finding(self._tx, finding, silence, now)

    def held_finding(self, finding: str) -> HeldFinding | None:
        return silences.get_held(self._tx, finding)

    def silenced_findings(
        self, *, state: HeldState | None = None, silence: int | None = None, device: str | None = None
    ) -> list[HeldFinding]:
        return silences.list_held(self._tx, state=state, silence=silence, device=device)

    def settle_held(self, finding: str, state: HeldState, now: Instant) -> None:
        silences.settle_held(self._tx, finding, state, now)

    def next_silence_end(self) -> Instant | None:
        return silences.next_silence_end(self._tx)

    # reply codes

    def assign_reply_code(self, phone: str, alert: int, person: str, now: Instant) -> int | None:
        return reply_codes.assign_code(self._tx, phone, alert, person, now)

    def reply_codes(self, phone: str) -> list[ReplyCode]:
        return reply_codes.list_codes(self._tx, phone)

    def person_of(self, phone: str) -> Person | None:
        query = select(deliveries.c.person, deliveries.c.name).where(deliveries.c.address == phone)
        row = self._tx.execute(query.order_by(deliveries.c.n.desc()).limit(1)).first()
        return None if row is None else Person(id=row.person, name=row.name, phone=phone)

    def commit_position(self, lane: Lane, pos: int) -> None:
        journal_positions.advance(self._tx, READER, lane, pos)

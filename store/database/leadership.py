"""Which of several machines on one PostgreSQL ledger is active: a session's advisory lock, and a lease with a token.

The lock tells at once that the active machine's session is gone (killed, rebooted). The lease expires, by the server's
clock, when the machine is paused or cut off while its session seems to live. The token grows with each takeover, and
every write transaction compares it (`Database.fence`): a machine that wakes up after a takeover can claim no message.
"""

from __future__ import annotations

import logging
from time import CLOCK_BOOTTIME, clock_gettime
from typing import Final

from msgspec import Struct
from sqlalchemy import URL, Connection, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from domain import DAY, SECOND, Instant
from store.database.postgresql import ACTIVE, LOCK_TIMEOUT_MS, NOW, TAKE_LOCK, WRITER_LOCK, postgresql_engines
from store.database.sql import upsert
from store.database.system import machines
from store.database.system.tables import service_leases

log = logging.getLogger("fengshao.leadership")

STANDBY: Final = "standby"
STANDBY_MS: Final = 60 * SECOND
"""So long after its last sign of life a standby is reckoned with: it may be about to take over."""
KNOWN_STANDBY_MS: Final = 7 * DAY
"""After this a machine that gives no sign of life counts as taken out of service."""
LEADER_LOCK: Final = 0x66656E68
LEASE_MS: Final = 6 * SECOND
"""A machine that renewed nothing for this time is superseded, whatever its session looks like."""
MISSED_MS: Final = 3 * SECOND
"""A machine whose session is gone is superseded after this time: a server that restarts ends all sessions, and the
active machine is back with its next renewal."""
_MARGIN_MS: Final = 1 * SECOND
ANSWER_S: Final = 2.0
"""An answer later than this, beside the wait for the writers' lock, is none."""
_STANDBY_AT: Final = select(service_leases.c.renewed_at).where(service_leases.c.name == STANDBY)
_TRY_LOCK: Final = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=LEADER_LOCK)
_UNLOCK: Final = text("SELECT pg_advisory_unlock(:key)").bindparams(key=LEADER_LOCK)
_END_SESSIONS: Final = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid = 0 AND objid IN (:leader, :writer)"
).bindparams(leader=LEADER_LOCK, writer=WRITER_LOCK)


def monotonic() -> float:
    """Seconds, also those in which the machine was suspended."""
    return clock_gettime(CLOCK_BOOTTIME)


class Lease(Struct, frozen=True):
    """Who is active. `previous_renewed_at`: when the machine before it was last known to be active."""

    token: int
    holder: str
    address: str
    renewed_at: Instant
    previous_renewed_at: Instant | None = None


class Leadership:
    """One machine's part in it. Blocking; `try_lead` and `renew` are called from one thread at a time."""

    def __init__(self, url: URL, holder: str, address: str, version: str = "") -> None:
        self._engine, reader = postgresql_engines(url, LOCK_TIMEOUT_MS / 1000 + ANSWER_S)
        reader.dispose()
        self._holder, self._address, self._version = holder, address, version
        self._since: Instant = 0
        self._session: Connection | None = None
        self._has_lock = False
        self._valid_until = self._renewed_at = 0.0
        self._answers_since: float | None = 0.0
        self.token: int | None = None
        self.has_standby = False
        """Whether another machine was waiting to take over when the server answered last."""
        self.standby_silent_ms: int | None = None
        """Since its last sign of life then; None where none was seen for KNOWN_STANDBY_MS."""

    def is_valid(self) -> bool:
        """Whether no other machine can have become active yet. Asked before each message is sent."""
        return self.token is not None and monotonic() < self._valid_until

    @property
    def silent_s(self) -> float:
        """For how long this machine's lease was not renewed."""
        return monotonic() - self._renewed_at

    def active(self) -> Lease | None:
        """Who is active, or was last."""
        with self._engine.begin() as tx:
            return _lease(tx)

    def try_lead(self) -> Lease | None:
        """Become active where no other machine is; returns the lease then. Raises DBAPIError."""
        began = monotonic()
        try:
            has_lock = self._lock()
            with self._engine.begin() as tx:
                current, now = _lease(tx), int(tx.execute(NOW).scalar_one())
            silent_ms = LEASE_MS if current is None else now - current.renewed_at
            if silent_ms < (MISSED_MS if has_lock else LEASE_MS) or self._has_just_returned(began):
                self._unlock()
                self._announce(now)
                return None
            if not has_lock:
                self._end_sessions()
                if not self._lock():
                    return None
            lease = self._take(current)
        except DBAPIError:
            self._answers_since = None
            self._drop_session()
            raise
        if lease is not None:
            self.token = lease.token
            self._set_valid(began)
        return lease

    def renew(self) -> bool:
        """Extend the lease; False when another machine has become active. Raises DBAPIError."""
        began = monotonic()
        try:
            self._lock()
            with self._engine.begin() as tx:
                now = int(tx.execute(NOW).scalar_one())
                own_row = service_leases.c.name == ACTIVE, service_leases.c.token == self.token
                changed = tx.execute(
                    update(service_leases).where(*own_row).values(renewed_at=now, expires_at=now + LEASE_MS)
                )
                standby_at = tx.execute(_STANDBY_AT).scalar()
                self._seen(tx, machines.ACTIVE, now)
        except DBAPIError:
            self._drop_session()
            raise
        if changed.rowcount == 0:
            self.token = None
            return False
        self._set_valid(began)
        silent_ms = None if standby_at is None else now - int(standby_at)
        self.has_standby = silent_ms is not None and silent_ms < STANDBY_MS
        self.standby_silent_ms = silent_ms if silent_ms is not None and silent_ms < KNOWN_STANDBY_MS else None
        return True

    def release(self) -> None:
        """Let another machine become active at once: the lease counts as never renewed."""
        own_row = service_leases.c.name == ACTIVE, service_leases.c.token == self.token
        try:
            with self._engine.begin() as tx:
                tx.execute(update(service_leases).where(*own_row).values(renewed_at=0, expires_at=0))
        except DBAPIError as error:
            log.warning("the lease was not given back, it expires by itself: %s", error.orig)
        self.token = None
        self._drop_session()
        self._engine.dispose()

    def _set_valid(self, began: float) -> None:
        self._renewed_at, self._valid_until = began, began + (LEASE_MS - _MARGIN_MS) / 1000

    def _has_just_returned(self, now: float) -> bool:
        """A server that was away kept the active machine from renewing its lease: it may do so first."""
        if self._answers_since is None:
            self._answers_since = now
        return self._answers_since > 0 and now - self._answers_since < LEASE_MS / 1000

    def _announce(self, now: Instant) -> None:
        """Say that a second machine is there."""
        values = {"token": 0, "holder": self._holder, "address": self._address, "acquired_at": now}
        with self._engine.begin() as tx:
            upsert(tx, service_leases, {"name": STANDBY}, {**values, "renewed_at": now, "expires_at": now + STANDBY_MS})
            self._seen(tx, machines.STANDBY, now)

    def _seen(self, tx: Connection, role: str, now: Instant) -> None:
        self._since = self._since or now
        machine = machines.Machine(self._holder, self._address, role, self._version, self._since, now)
        machines.seen(tx, machine, now)

    def _take(self, seen: Lease | None) -> Lease | None:
        """Under the lock of the writers: no write of the former machine is under way, and each later one sees this."""
        with self._engine.begin() as tx:
            tx.execute(TAKE_LOCK)
            current, now = _lease(tx), int(tx.execute(NOW).scalar_one())
            if (current and current.token) != (seen and seen.token):
                return None
            token = 1 if current is None else current.token + 1
            values = {
                "token": token,
                "holder": self._holder,
                "address": self._address,
                "acquired_at": now,
                "renewed_at": now,
                "expires_at": now + LEASE_MS,
            }
            self._since = now
            self._seen(tx, machines.ACTIVE, now)
            machines.forget_old(tx, now)
            if current is None:
                tx.execute(insert(service_leases).values(name=ACTIVE, **values))
            else:
                tx.execute(update(service_leases).where(service_leases.c.name == ACTIVE).values(**values))
        before = None if current is None else current.renewed_at
        return Lease(token, self._holder, self._address, now, before)

    def _lock(self) -> bool:
        if self._session is None:
            self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._has_lock = False
        if not self._has_lock:
            self._has_lock = bool(self._session.execute(_TRY_LOCK).scalar_one())
        else:
            self._session.execute(text("SELECT 1"))
        return self._has_lock

    def _unlock(self) -> None:
        if self._session is not None and self._has_lock:
            self._session.execute(_UNLOCK)
            self._has_lock = False

    def _end_sessions(self) -> None:
        """End the sessions of a machine whose lease has expired: they may hold both locks for ever."""
        assert self._session is not None
        self._session.execute(_END_SESSIONS)

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.invalidate()
            self._session.close()
        self._session, self._has_lock = None, False


def active_lease(tx: Connection) -> Lease | None:
    """The lease of a service that is running on this ledger now; None also for a ledger that is older than leases."""
    if tx.dialect.name != "postgresql" or not inspect(tx).has_table(service_leases.name):
        return None
    lease = _lease(tx)
    return None if lease is None or int(tx.execute(NOW).scalar_one()) - lease.renewed_at >= LEASE_MS else lease


def _lease(tx: Connection) -> Lease | None:
    row = tx.execute(select(service_leases).where(service_leases.c.name == ACTIVE)).first()
    return None if row is None else Lease(row.token, row.holder, row.address, row.renewed_at)

"""Opens a database on a PostgreSQL server: one writer at a time, and commits whose outcome is always known.

Every write transaction holds one advisory lock of the database, as a SQLite writer holds the lock of its file: the
statements of the ledger assume a single writer. They are READ COMMITTED, so that each statement after the lock sees
everything that was committed before; readers see one snapshot (REPEATABLE READ, as in SQLite).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from store.database.sql import upsert
from store.database.system.tables import commit_marks, service_leases
from store.errors import CannotWrite, Superseded

log = logging.getLogger("fengshao.database")

WRITER_LOCK: Final = 0x66656E67
"""Key of the advisory lock of write transactions: the letters `feng`."""
CONNECT_TIMEOUT_S: Final = 5
LOCK_TIMEOUT_MS: Final = 10_000
"""How long a writer waits for another one, as SQLite's busy_timeout."""
IDLE_TRANSACTION_TIMEOUT_MS: Final = 10_000
"""The server ends the session of a writer that stops in the middle of a transaction (a paused process, a cut network):
its lock must not keep another machine from taking over."""
IDLE_READER_TIMEOUT_MS: Final = 120_000
"""The same for a reader, which keeps nobody waiting: it computes between statements, the figures of two years for half
a minute."""
GONE_CHECK_MS: Final = 2_000
"""How often the server looks, during a statement, whether its client is still there: a session whose client gave it up
keeps its locks until then."""
UNREACHABLE_TIMEOUT_MS: Final = 8_000
"""TCP gives a connection up when what was sent is not acknowledged for this time."""
ANSWER_TIMEOUT_S: Final = 20.0
"""How long a statement of a writer may take, the wait for its lock included. A server that is paused, or lost behind a
middlebox that keeps the connection open, answers neither yes nor no: it counts as gone after this time."""
READ_TIMEOUT_S: Final = 60.0
"""The same for a reader: the statistics of two years take half a minute. The end of a service waits for it too."""
MARK_LIFETIME_MS: Final = 24 * 3600 * 1000
"""The mark of a process that ended without removing it is deleted after this time."""
_COLLATIONS: Final = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8"})

_SESSION = f"""
SET lock_timeout = {LOCK_TIMEOUT_MS};
SET client_min_messages = warning;
SELECT set_config('client_connection_check_interval', '{GONE_CHECK_MS}', false)
 WHERE CAST(current_setting('server_version_num') AS integer) >= 140000;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
"""
NOW: Final = text("SELECT CAST(1000 * extract(epoch FROM clock_timestamp()) AS bigint)")
TAKE_LOCK: Final = text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=WRITER_LOCK)
ACTIVE: Final = "active"
"""Name of the lease of the active machine."""
_TOKEN: Final = service_leases.select().with_only_columns(service_leases.c.token).where(service_leases.c.name == ACTIVE)


class UnsuitableServer(CannotWrite):
    """The database exists, but its encoding or its collation is not what the ledger needs."""


def is_postgresql(url: URL) -> bool:
    """Whether this URL names a PostgreSQL server."""
    return url.get_backend_name() == "postgresql"


def postgresql_engines(url: URL, answer_s: float = ANSWER_TIMEOUT_S) -> tuple[Engine, Engine]:
    """One engine for write transactions, whose statements take at most `answer_s`, and one for reading."""
    arguments = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "fengshao",
        "client_encoding": "utf8",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": UNREACHABLE_TIMEOUT_MS,
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    address = url.set(drivername="postgresql+psycopg")
    writer = create_engine(address, connect_args=arguments, pool_size=1, use_native_hstore=False)
    reader = create_engine(
        address,
        connect_args=arguments,
        pool_size=1,
        use_native_hstore=False,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
    limits = (writer, answer_s, IDLE_TRANSACTION_TIMEOUT_MS), (reader, READ_TIMEOUT_S, IDLE_READER_TIMEOUT_MS)
    for engine, limit_s, idle_ms in limits:
        event.listen(engine, "do_connect", partial(_connect, limit_s))
        event.listen(engine, "connect", partial(_on_connect, idle_ms))
    return writer, reader


def _connect(answer_s: float, _dialect: object, _record: object, arguments: Any, settings: Any) -> Any:
    connection = _connection_class().connect(*arguments, **settings)
    connection.answer_s = answer_s
    return connection


@cache
def _connection_class() -> Any:
    """psycopg is imported here: a ledger in a file needs no driver of a server."""
    from psycopg import Connection, OperationalError
    from psycopg.pq import TransactionStatus

    class AnsweringConnection(Connection[Any]):
        """Closes itself where a statement got no answer in time: what the server sends later belongs to nothing."""

        answer_s: float | None = None

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(gen, interval, self.answer_s if timeout is None else timeout)
            except OperationalError as error:
                if self.closed or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                    raise
                self.close()
                raise OperationalError(f"no answer within {self.answer_s} s") from error

    return AnsweringConnection


@contextmanager
def unlimited_answers(tx: Connection) -> Iterator[None]:
    """Statements of this transaction may take as long as they do: a migration rewrites tables."""
    connection: Any = tx.connection.driver_connection
    before, connection.answer_s = connection.answer_s, None
    try:
        yield
    finally:
        connection.answer_s = before


def allow_idle(tx: Connection, idle_ms: int) -> None:
    """Let the server wait so long for each further statement of this transaction: for one that computes between its
    statements for longer than IDLE_TRANSACTION_TIMEOUT_MS. A machine that is paused within it keeps the lock of the
    writers for as long."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {idle_ms}")


def _on_connect(idle_ms: int, connection: Any, _record: object) -> None:
    _replace_nul(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {idle_ms}; {_SESSION}")
    connection.commit()


def _replace_nul(connection: Any) -> None:
    """PostgreSQL stores no NUL in a text, and a device may send one: what it sent must not stop the ledger."""
    from psycopg.types.string import StrDumper

    class _TextDumper(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    connection.adapters.register_dumper(str, _TextDumper)


def check_server(tx: Connection) -> None:
    """Raise UnsuitableServer for a database in which texts would be stored or compared otherwise than in SQLite."""
    query = (
        "SELECT pg_encoding_to_char(encoding), datcollate, datname FROM pg_database WHERE datname = current_database()"
    )
    encoding, collation, name = tx.exec_driver_sql(query).one()
    if encoding != "UTF8" or collation not in _COLLATIONS:
        raise UnsuitableServer(
            f"ledger.url: database {name} has encoding {encoding} and collation {collation}; create it with"
            f" CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )


class CommitMarks:
    """Tells whether a transaction was committed whose COMMIT got no answer.

    Each transaction writes its number into a row of this writer. A transaction number of the server would not do: after
    a crash it may be given again. See https://www.postgresql.org/docs/15/functions-info.html (pg_xact_status).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._writer, self._number = engine, secrets.token_hex(8), 0
        self._is_marked = False
        self.fence: int | None = None
        """The token of the lease under which this process writes; see store/database/leadership.py."""

    def begin(self, tx: Connection) -> None:
        """Take the lock of the writers; waits for another one LOCK_TIMEOUT_MS. Raises Superseded for an old token:
        it is read by a statement of its own, which sees what was committed before the lock was had."""
        tx.execute(TAKE_LOCK)
        if self.fence is not None and tx.execute(_TOKEN).scalar() != self.fence:
            raise Superseded("another machine has become active")

    def mark(self, tx: Connection) -> None:
        """Write the number of this transaction into it; where the tables do not exist yet nothing is written."""
        self._number += 1
        if not self._is_marked and not tx.dialect.has_table(tx, commit_marks.name):
            return
        now = int(tx.execute(NOW).scalar_one())
        if not self._is_marked:
            tx.execute(commit_marks.delete().where(commit_marks.c.at < now - MARK_LIFETIME_MS))
        upsert(tx, commit_marks, {"writer": self._writer}, {"number": self._number, "at": now})
        self._is_marked = True

    def was_committed(self) -> bool:
        """Whether the last marked transaction was committed. Waits until the transaction has ended on the server.

        Raises DBAPIError while the server cannot be asked.
        """
        with self._engine.begin() as tx:
            self.begin(tx)
            if not self._is_marked and not tx.dialect.has_table(tx, commit_marks.name):
                return False  # the first migration of all was not: it would have made the table
            query = commit_marks.select().where(commit_marks.c.writer == self._writer)
            row = tx.execute(query).first()
        return row is not None and row.number == self._number

    def remove(self) -> None:
        """Delete the row of this writer, at the end."""
        if not self._is_marked:
            return
        try:
            with self._engine.begin() as tx:
                tx.execute(commit_marks.delete().where(commit_marks.c.writer == self._writer))
        except DBAPIError as error:
            log.warning("the row of this writer stays in the ledger: %s", error.orig)

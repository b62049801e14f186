"""Opens the three stores of a data directory, and names their files: journal, history and database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import httpx2
from msgspec import Struct

from app.clock import Clock
from app.config.secrets import read_secret
from app.config.settings import HistorySettings, LedgerSettings
from app.config.unusable_settings import RAISING, UnusableSettings
from app.datadir import ledger_address
from app.datadir.copied_journal import CopiedJournal
from app.errors import UserError
from domain import Instant
from domain.kind import Kind
from domain.secret import Secret
from store.database import migration_process
from store.database.database import Database, sqlite_url
from store.database.refusals.history_refusals import store_history_refusals
from store.errors import NewerSchema, StoreError
from store.history import History
from store.history.duckdb.history import DuckDbHistory
from store.journal import SqliteJournal
from store.refused_values import RefusedValue

JOURNAL_FILE = "journal.db"
HISTORY_FILE = "history.duckdb"
SPOOL_FOLDER = "history-spool"
BLOB_FOLDER = "blobs"
PORT_MAX = 65535
NO_SERVER = "http://history.invalid"
"""Takes the place of an address that is none: a name that never resolves (RFC 2606)."""


class HistoryNotReached(UserError):
    """The history server cannot be used: the message says which setting is wrong, or that it does not answer."""


class Stores(Struct, frozen=True):
    """The open stores of one data directory."""

    journal: SqliteJournal
    history: History
    database: Database

    async def close(self) -> None:
        """Close all three, also when closing one fails: a remote history may be unreachable at shutdown."""
        async with AsyncExitStack() as stack:
            stack.callback(self.database.close)
            stack.callback(self.journal.close)
            stack.push_async_callback(self.history.close)


class LedgerNotReached(UserError):
    """The ledger's server cannot be used: the message says which setting is wrong, or that it does not answer."""


class NewerDatabase(UserError):
    """The data directory belongs to a newer version of the program."""


def open_database(data: Path, settings: LedgerSettings | None = None, *, migrate_apart: bool = False) -> Database:
    """Open the database, create it if needed, and migrate it to the present schema. `migrate_apart`: in another
    process, so that this one does not keep the memory of it.

    Raises BadLedgerUrl, and LedgerNotReached for a server that does not answer or a database that does not suit.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = ledger_address.ledger_url(data, settings)
    database = Database(url)
    try:
        if migrate_apart and not database.is_migrated():
            migration_process.migrate_apart(url)
        database.migrate()
    except NewerSchema as error:
        database.close()
        raise NewerDatabase(f"{data}: {error}") from error
    except StoreError as error:
        database.close()
        if not database.is_server:
            raise
        raise LedgerNotReached(f"ledger {ledger_address.printable(url)}: {error}") from error
    if database.is_server:
        ledger_address.remember(data, url, settings.password_env if settings else "")
    return database


def existing_database(data: Path) -> Database | None:
    """The database of DIR as it is, not migrated; None where there is none. A file is taken before what the environment
    names: DIR may be a copy, for a backtest."""
    file = data / ledger_address.DATABASE_FILE
    if file.exists() and not (data / ledger_address.ADDRESS_FILE).exists():
        return Database(sqlite_url(file))
    return Database(ledger_address.ledger_url(data)) if ledger_address.has_ledger(data) else None


def open_stores(
    data: Path,
    settings: HistorySettings,
    kinds: Mapping[str, Kind],
    clock: Callable[[], Instant] | None = None,
    ledger: LedgerSettings | None = None,
    unusable: UnusableSettings = RAISING,
    *,
    migrate_apart: bool = False,
) -> Stores:
    """Open the three stores; creates the directory if needed. What a history server refuses is kept in the database.
    With `unusable` no fault of a history server stops it."""
    database, clock = open_database(data, ledger, migrate_apart=migrate_apart), clock or Clock()

    def keep_refused(refused: Sequence[RefusedValue]) -> None:
        database.write_blocking(lambda tx: store_history_refusals(tx, refused, clock()))

    journal = CopiedJournal(data / JOURNAL_FILE, database) if database.is_server else SqliteJournal(data / JOURNAL_FILE)
    return Stores(journal, open_history(data, settings, kinds, keep_refused, unusable), database)


def open_history(
    data: Path,
    settings: HistorySettings,
    kinds: Mapping[str, Kind],
    keep_refused: Callable[[Sequence[RefusedValue]], None] = lambda _refused: None,
    unusable: UnusableSettings = RAISING,
) -> History:
    """The history store that the settings choose.

    With `unusable` readings wait on disk for a server that cannot be used. Without it raises MissingSecret for a remote
    one without its token, and HistoryNotReached for a server that does not answer, or does not know token, organisation
    or bucket, when it is used for the first time.
    """
    if settings.type == "duckdb":
        return DuckDbHistory(data / HISTORY_FILE)
    from store.history.remote.answers import Account
    from store.history.remote.history import LineProtocolHistory
    from store.history.remote.targets import Target

    token = Secret("")
    if settings.needs_token:
        token = unusable.attempt("history.token_env", partial(read_secret, settings.token_env, "history"), Secret)
    booleans = {
        name for kind in kinds.values() for name, quantity in kind.quantities.items() if quantity.type == "bool"
    }
    target: Target = settings.type

    def build(url: str, must_answer: bool) -> History:
        if not _is_url(url):
            raise HistoryNotReached(f"history.url: {url!r} is no address: write one like http://127.0.0.1:8086")
        try:
            return LineProtocolHistory(
                url,
                data / SPOOL_FOLDER,
                token=token.reveal(),
                account=Account(settings.org, settings.bucket, settings.token_env),
                target=target,
                boolean_quantities=booleans,
                keep_refused=keep_refused,
                spool_bytes_max=settings.spool_max_bytes,
                must_answer=must_answer,
            )
        except StoreError as error:
            raise HistoryNotReached(str(error)) from error

    spooled_only = settings.url if _is_url(settings.url) else NO_SERVER
    return unusable.attempt("history", partial(build, settings.url, True), lambda _reason: build(spooled_only, False))


def _is_url(text: str) -> bool:
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError):
        return False
    return url.scheme in ("http", "https") and bool(url.host) and (url.port or 1) <= PORT_MAX

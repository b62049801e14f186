"""Opens the three stores of a data directory, and names their files: journal, history and database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct

from app.config.secrets import read_secret
from app.config.settings import HistorySettings
from domain.kind import Kind
from store.database.database import Database, sqlite_url
from store.history import History
from store.history.duckdb.history import DuckDbHistory
from store.journal import SqliteJournal

JOURNAL_FILE = "journal.db"
HISTORY_FILE = "history.duckdb"
DATABASE_FILE = "ledger.db"
BLOB_FOLDER = "blobs"


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


def open_database(data: Path) -> Database:
    """Open the database, create it if needed, and migrate it to the present schema."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(sqlite_url(data / DATABASE_FILE))
    database.migrate()
    return database


def open_stores(data: Path, settings: HistorySettings, kinds: Mapping[str, Kind]) -> Stores:
    """Open the three stores; creates the directory if needed."""
    database = open_database(data)
    return Stores(SqliteJournal(data / JOURNAL_FILE), open_history(data, settings, kinds), database)


def open_history(data: Path, settings: HistorySettings, kinds: Mapping[str, Kind]) -> History:
    """The history store that the settings choose. Raises MissingSecret for a remote one without its token."""
    if settings.type == "duckdb":
        return DuckDbHistory(data / HISTORY_FILE)
    from store.history.remote.history import LineProtocolHistory

    token = read_secret(settings.token_env, "history").reveal() if settings.type == "influxdb" else ""
    booleans = {
        name for kind in kinds.values() for name, quantity in kind.quantities.items() if quantity.type == "bool"
    }
    return LineProtocolHistory(
        settings.url,
        token=token,
        org=settings.org,
        bucket=settings.bucket,
        target=settings.type,
        boolean_quantities=booleans,
    )

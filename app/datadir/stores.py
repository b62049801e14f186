"""Opens the three memories of a DIR: journal, history, ledger. The only place that knows which file is which."""

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


class Stores(Struct, frozen=True):
    """The open memories of one DIR."""

    journal: SqliteJournal
    history: History
    database: Database

    async def close(self) -> None:
        """All of them, also when one cannot: a history server may be down at the end, and then says so."""
        async with AsyncExitStack() as stack:
            stack.callback(self.database.close)
            stack.callback(self.journal.close)
            stack.push_async_callback(self.history.close)


def open_database(data: Path) -> Database:
    """The ledger of a DIR, its tables up to date."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    ledger = Database(sqlite_url(data / DATABASE_FILE))
    ledger.migrate()
    return ledger


def open_stores(data: Path, place: HistorySettings, kinds: Mapping[str, Kind]) -> Stores:
    """Everything a DIR remembers; the folder is made if need be."""
    ledger = open_database(data)
    return Stores(SqliteJournal(data / JOURNAL_FILE), open_history(data, place, kinds), ledger)


def open_history(data: Path, place: HistorySettings, kinds: Mapping[str, Kind]) -> History:
    """The history that the site asks for."""
    if place.type == "duckdb":
        return DuckDbHistory(data / HISTORY_FILE)
    from store.history.remote.history import LineProtocolHistory

    token = read_secret(place.token_env, "history").reveal() if place.type == "influxdb" else ""
    booleans = {
        name for kind in kinds.values() for name, quantity in kind.quantities.items() if quantity.type == "bool"
    }
    return LineProtocolHistory(
        place.url, token=token, org=place.org, bucket=place.bucket, target=place.type, boolean_quantities=booleans
    )

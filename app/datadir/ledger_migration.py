"""Moves the ledger of a data directory to a PostgreSQL server, or back into its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy import make_url

from app.config.settings import LedgerSettings
from app.datadir.ledger_address import (
    ADDRESS_FILE,
    DATABASE_FILE,
    forget,
    has_ledger,
    ledger_url,
    parse_url,
    printable,
    remember,
)
from app.datadir.lock import lock_data_dir
from app.errors import UserError
from store.database.database import Database, sqlite_url
from store.database.leadership import active_lease
from store.database.transfer import TableCopy, transfer
from store.errors import StoreError

IN_FILE: Final = "sqlite"
KEPT_FILE: Final = f"{DATABASE_FILE}.migrated"
"""The former ledger stays beside, until a person removes it."""


class MigrationRefused(UserError):
    """The ledger stays where it is, and why."""


class Migration(Struct, frozen=True):
    """Where the ledger was, where it is now, and what was copied."""

    source: str
    target: str
    tables: tuple[TableCopy, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def migrate_ledger(
    data: Path, to: str, environ: Mapping[str, str], progress: Callable[[TableCopy], None] = lambda _table: None
) -> Migration:
    """Copy the ledger of DIR to the database with this URL (`sqlite`: to DIR/ledger.db), verify it, and let DIR use it.

    Everything is copied in one transaction; interrupted, the ledger stays where it is, and the command can be repeated.
    Raises DataDirInUse beside a running service, BadLedgerUrl and MigrationRefused, also where a service with another
    DIR uses the ledger: it would go on in the former one, and both would notify people.
    """
    if not has_ledger(data, environ):
        raise MigrationRefused(f"{data} has no ledger: name the DIR of a service with --data")
    with lock_data_dir(data):
        in_file = (data / DATABASE_FILE).exists() and not (data / ADDRESS_FILE).exists()
        source = ledger_url(data, None, {} if in_file else environ)
        target = make_url(sqlite_url(data / DATABASE_FILE)) if to == IN_FILE else parse_url(to, "--to")
        if target.password is None and to != IN_FILE:
            target = target.set(password=environ.get(LedgerSettings().password_env) or None)
        if printable(source) == printable(target):
            raise MigrationRefused(f"the ledger of {data} is at {printable(target)} already")
        try:
            with closing(Database(source)) as old, closing(Database(target)) as new:
                _refuse_beside_a_service(old)
                old.migrate()
                new.migrate()
                copies = transfer(old, new, progress)
        except StoreError as error:
            raise MigrationRefused(f"the ledger stays at {printable(source)}: {error}") from error
        if to == IN_FILE:
            forget(data)
        else:
            remember(data, target)
            if in_file:
                (data / DATABASE_FILE).rename(data / KEPT_FILE)
    return Migration(printable(source), printable(target), tuple(copies))


def _refuse_beside_a_service(database: Database) -> None:
    lease = database.write_blocking(active_lease) if database.is_server else None
    if lease is not None:
        raise MigrationRefused(
            f"a service uses this ledger: stop fengshao on {lease.holder} ({lease.address}) and on every standby first"
        )

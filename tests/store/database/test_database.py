"""The database on each server: transactions, migrations, a full disk, kill -9, SQL that both read."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable

from store.database.database import Database, alembic_config, sqlite_url
from store.database.metadata import metadata
from store.database.system import key_values
from store.database.tables import TABLE_MODULES
from store.errors import CannotWrite


def test_migrating_twice_is_harmless(database: Database) -> None:
    database.write_blocking(lambda tx: key_values.put(tx, "kept", 1, now=0))
    before = database.write_blocking(lambda tx: inspect(tx).get_table_names())
    database.migrate()
    assert database.write_blocking(lambda tx: inspect(tx).get_table_names()) == before
    assert database.write_blocking(lambda tx: key_values.get(tx, "kept")) == 1


def test_a_migration_that_fails_halfway_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    opened = Database(sqlite_url(tmp_path / "ledger.db"))
    opened.write_blocking(lambda tx: tx.exec_driver_sql("CREATE TABLE tokens (x INTEGER)") and None)
    with pytest.raises(OperationalError, match="already exists"):
        opened.migrate()
    assert opened.write_blocking(lambda tx: inspect(tx).get_table_names()) == ["tokens"]
    opened.write_blocking(lambda tx: tx.exec_driver_sql("DROP TABLE tokens") and None)
    opened.migrate()
    opened.close()


def test_the_migrations_build_exactly_the_tables_that_the_code_declares(database: Database) -> None:
    assert TABLE_MODULES
    differences = database.write_blocking(lambda tx: compare_metadata(MigrationContext.configure(tx), metadata))
    assert differences == []


def test_the_migrations_can_be_written_out_for_postgresql() -> None:
    config = alembic_config()
    config.output_buffer = io.StringIO()
    config.attributes["dialect"] = "postgresql"
    command.upgrade(config, "head", sql=True)
    text = config.output_buffer.getvalue()
    assert "CREATE TABLE devices" in text
    assert "n BIGSERIAL NOT NULL" in text


def test_every_table_and_index_compiles_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        assert all(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)


async def test_work_that_fails_leaves_nothing(database: Database) -> None:
    def half(tx: Connection) -> None:
        key_values.put(tx, "half", True, now=0)
        raise ValueError("the second half")

    with pytest.raises(ValueError, match="second half"):
        await database.write(half)
    assert await database.write(lambda tx: key_values.get(tx, "half")) is None


async def test_a_broken_constraint_is_raised_and_the_next_work_goes_on(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await database.write(
            lambda tx: tx.exec_driver_sql("INSERT INTO identities VALUES ('native', 'x', 'nobody', 0)") and None
        )
    await database.write(lambda tx: key_values.put(tx, "after", True, now=0))
    assert await database.read(lambda tx: key_values.get(tx, "after")) is True


async def test_a_reader_sees_what_was_committed_and_waits_for_no_writer(database: Database) -> None:
    await database.write(lambda tx: key_values.put(tx, "answer", 1, now=0))
    other = Database(str(database._engine.url))
    try:
        with other._engine.begin() as tx:
            key_values.put(tx, "answer", 2, now=1)
            assert await database.read(lambda tx: key_values.get(tx, "answer")) == 1
        assert await database.read(lambda tx: key_values.get(tx, "answer")) == 2
    finally:
        other.close()


def test_every_connection_to_a_file_is_durable_and_checks_references(sqlite_database: Database) -> None:
    def pragmas(tx: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert sqlite_database.write_blocking(pragmas) == ["wal", 2, 1]


FULL = """
import resource, sys
from store.errors import CannotWrite
from store.database.system import key_values as settings
from store.database.database import Database

database = Database(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
def work(tx):
    settings.put(tx, "small", "first half", now=0)
    settings.put(tx, "big", "x" * 4_000_000, now=0)
try:
    database.write_blocking(work)
except CannotWrite as error:
    print("refused:", error)
    print(database.is_answering)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(database.write_blocking(lambda tx: settings.get(tx, "small")))
database.write_blocking(lambda tx: settings.put(tx, "again", 1, now=0))
print(database.write_blocking(lambda tx: settings.get(tx, "again")))
print(database.is_answering)
database.close()
"""


def test_a_full_disk_raises_and_nothing_is_half_written(sqlite_ledger: str) -> None:
    ran = subprocess.run([sys.executable, "-c", FULL, sqlite_ledger], capture_output=True, text=True)
    assert ran.stderr == ""
    refused, *seen = ran.stdout.splitlines()
    assert refused.startswith("refused: the ledger could not write:")
    assert seen == ["False", "None", "1", "True"]
    assert issubclass(CannotWrite, Exception)


COUNTING = """
import sys
from store.database.system import key_values as settings
from store.database.database import Database

database = Database(sys.argv[1])
for number in range(1_000_000):
    database.write_blocking(lambda tx: [settings.put(tx, side, number, now=0) for side in ("left", "right")])
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_committed_and_keeps_no_half(database: Database) -> None:
    child = subprocess.Popen([sys.executable, "-c", COUNTING, str(database._engine.url)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(50):
        told = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().split()
    child.wait()
    child.stdout.close()
    told = max([told, *map(int, rest)])
    left, right = database.write_blocking(lambda tx: (key_values.get(tx, "left"), key_values.get(tx, "right")))
    assert left == right
    assert left >= told


def test_a_folder_with_a_percent_sign_can_hold_a_ledger(tmp_path: Path) -> None:
    folder = tmp_path / "50%数据"
    folder.mkdir()
    opened = Database(sqlite_url(folder / "ledger.db"))
    opened.migrate()
    opened.close()
    assert (folder / "ledger.db").exists()

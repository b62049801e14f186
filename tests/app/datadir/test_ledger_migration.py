"""A ledger with alerts of an earlier version moves to a PostgreSQL server and back, and every row with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, make_url, select, text

from app.datadir.ledger_address import ADDRESS_FILE, BadLedgerUrl
from app.datadir.ledger_migration import KEPT_FILE, MigrationRefused, migrate_ledger
from app.datadir.lock import DataDirInUse, lock_data_dir
from app.datadir.stores import open_database
from store.database import transfer
from store.database.alerts.tables import alerts, deliveries, timeline
from store.database.leadership import Leadership
from store.database.system import key_values
from store.database.system.tables import rulebook_versions
from tests.support.cli import run
from tests.support.old_data import unpack

VERSION = {
    **dict.fromkeys(("book", "action", "by", "by_name", "reason", "etag", "text", "trials"), "x"),
    "at": 1,
}
FIXTURE = Path(__file__).parents[2] / "fixtures" / "data_of_df4d4b5.tar.xz"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """DIR of an earlier version: an acknowledged leak, an SOS, messages."""
    unpack(FIXTURE, tmp_path)
    database = open_database(tmp_path)
    database.write_blocking(_add_what_is_hard_to_copy)
    database.close()
    return tmp_path


def _add_what_is_hard_to_copy(tx: Connection) -> None:
    """Texts of all planes, numbers at their limits, a deleted last row whose key must not be given again."""
    key_values.put(tx, "mixed", {"text": "燃气🔥\u0000", "float": 0.1 + 0.2, "int": 2**53 + 1, "none": None}, now=0)
    version = {**VERSION, "at": 2**62, "by_name": "王\0芳"}
    for number in (1, 2, 3):
        tx.execute(insert(rulebook_versions).values({**version, "n": number}))
    tx.execute(text("DELETE FROM rulebook_versions WHERE n = 3"))


def contents(data: Path) -> list[object]:
    with closing(open_database(data)) as database:
        return database.write_blocking(
            lambda tx: [list(map(tuple, tx.execute(select(t).order_by(*t.primary_key)))) for t in transfer.tables()]
        )


def test_a_ledger_moves_to_a_server_and_back_with_every_row(data: Path, empty_ledger: str) -> None:
    before = contents(data)
    done = migrate_ledger(data, empty_ledger, {})
    assert {table.table: table.rows for table in done.tables}["alerts"] == 2
    assert (data / KEPT_FILE).exists()
    with closing(open_database(data)) as database:
        assert database.is_server
        assert database.write_blocking(lambda tx: len(tx.execute(select(timeline)).all())) > 3
        assert database.write_blocking(_next_version) == 4
    back = migrate_ledger(data, "sqlite", {})
    assert not (data / ADDRESS_FILE).exists()
    assert back.rows == done.rows + 1
    after = contents(data)
    assert sum(map(len, after)) == sum(map(len, before)) + 1  # type: ignore[arg-type]
    assert _without_versions(after) == _without_versions(before)


def _next_version(tx: Connection) -> int:
    key = tx.execute(insert(rulebook_versions).values(VERSION)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _without_versions(all_rows: list[object]) -> list[object]:
    """A NUL in a text column comes back from PostgreSQL as U+FFFD."""
    number = [table.name for table in transfer.tables()].index(rulebook_versions.name)
    return [rows for index, rows in enumerate(all_rows) if index != number]


def test_a_copy_that_was_interrupted_after_its_commit_is_taken_as_it_is(
    data: Path, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr("app.datadir.ledger_migration.remember", killed)
        with pytest.raises(KeyboardInterrupt):
            migrate_ledger(data, empty_ledger, {})
    assert (data / "ledger.db").exists()
    assert migrate_ledger(data, empty_ledger, {}).rows > 0
    assert not (data / "ledger.db").exists()


def test_a_server_with_another_ledger_is_refused_and_nothing_changes(
    data: Path, empty_ledger: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    open_database(other).close()
    with sqlite3.connect(other / "ledger.db") as connection:
        connection.execute("INSERT INTO settings VALUES ('site', '1', 0)")
    connection.close()
    migrate_ledger(other, empty_ledger, {})
    before = contents(data)
    with pytest.raises(MigrationRefused, match=r"the target is not empty: its table .* has .* rows"):
        migrate_ledger(data, empty_ledger, {})
    assert contents(data) == before


def test_rows_that_come_back_changed_are_found_and_nothing_is_stored(
    data: Path, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of a driver or a server: the verification reads what it wrote."""
    content = transfer._content

    def changed(tx: Connection, table: object, stored_by: str) -> transfer.TableCopy:
        found = content(tx, table, stored_by)  # type: ignore[arg-type]
        return found if table is not deliveries else transfer.TableCopy(found.table, found.rows, "other")

    with monkeypatch.context() as faulty:
        faulty.setattr(transfer, "_content", changed)
        with pytest.raises(MigrationRefused, match=r"deliveries: .* nothing was stored"):
            migrate_ledger(data, empty_ledger, {})
    migrate_ledger(data, empty_ledger, {})
    with closing(open_database(data)) as database:
        assert database.write_blocking(lambda tx: len(tx.execute(select(alerts)).all())) == 2


def test_it_refuses_beside_a_running_service_and_without_a_ledger(data: Path, tmp_path: Path) -> None:
    with lock_data_dir(data), pytest.raises(DataDirInUse):
        migrate_ledger(data, "postgresql://fs@db/town", {})
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(MigrationRefused, match="has no ledger"):
        migrate_ledger(empty, "postgresql://fs@db/town", {})
    with pytest.raises(BadLedgerUrl, match="--to: no PostgreSQL database"):
        migrate_ledger(data, "mysql://fs@db/town", {})
    with pytest.raises(MigrationRefused, match="already"):
        migrate_ledger(data, "sqlite", {})


def test_the_command_prints_each_table_and_where_the_former_ledger_is(data: Path, empty_ledger: str) -> None:
    result = run("migrate", "ledger", "--data", str(data), "--to", empty_ledger)
    assert result.exit_code == 0, result.output
    assert "alerts: 2 rows, sha256 " in result.output
    assert "copied and verified" in result.output
    assert "ledger.db.migrated" in result.output


def test_a_ledger_that_another_machine_uses_is_not_taken_away_from_it(data: Path, empty_ledger: str) -> None:
    """DIR is locked by no service: the standby took over when this machine's was stopped. Both would notify people."""
    migrate_ledger(data, empty_ledger, {})
    other = Leadership(make_url(empty_ledger), "box-b", "http://b")
    assert other.try_lead()
    with pytest.raises(MigrationRefused, match=r"stop fengshao on box-b \(http://b\)"):
        migrate_ledger(data, "sqlite", {})
    assert (data / ADDRESS_FILE).exists()
    other.release()
    assert migrate_ledger(data, "sqlite", {}).rows

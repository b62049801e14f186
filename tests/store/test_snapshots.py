"""Copies of SQLite files while they are written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from store.errors import StoreError
from store.snapshots import SqliteSnapshot, integrity_faults, ledger_facts, row_counts


@pytest.fixture
def source(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "a.db", isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (a INTEGER)")
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()
    return tmp_path / "a.db"


def test_a_copy_holds_what_was_committed_before_the_snapshot_and_nothing_after(tmp_path: Path, source: Path) -> None:
    writer = sqlite3.connect(source, isolation_level=None)
    with SqliteSnapshot(source) as snapshot:
        writer.execute("INSERT INTO t VALUES (2)")
        snapshot.copy(tmp_path / "b.db")
    writer.close()
    assert row_counts(tmp_path / "b.db") == {"t": 1}
    assert row_counts(source) == {"t": 2}
    assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o600
    assert integrity_faults(tmp_path / "b.db") == []
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("b.")) == ["b.db"]


def test_files_that_are_none_of_ours_are_named(tmp_path: Path, source: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        SqliteSnapshot(tmp_path / "missing.db")
    with pytest.raises(StoreError, match="is no database of this service"):
        ledger_facts(source)
    (tmp_path / "text").write_text("no database" * 1000)
    assert integrity_faults(tmp_path / "text") == ["file is not a database"]


def test_a_row_that_refers_to_none_is_a_fault(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE p (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE c (p INTEGER REFERENCES p (id))")
        connection.execute("INSERT INTO c VALUES (5)")
    connection.close()
    assert integrity_faults(tmp_path / "a.db") == ["c: a row refers to none"]

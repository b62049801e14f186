"""A migrated database on each server, a SQLite file and PostgreSQL, and an open write transaction."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from store.database.database import Database, sqlite_url


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty database with the newest schema, migrated once; every test uses a copy."""
    file = tmp_path_factory.mktemp("migrated") / "ledger.db"
    opened = Database(sqlite_url(file))
    opened.migrate()
    opened.close()
    return file


@pytest.fixture
def sqlite_ledger(tmp_path: Path, migrated: Path) -> str:
    """The URL of an empty ledger in a file."""
    return sqlite_url(shutil.copy(migrated, tmp_path / "ledger.db"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database with the newest schema."""
    fixture = "sqlite_ledger" if request.param == "sqlite" else "empty_ledger"
    opened = Database(request.getfixturevalue(fixture))
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_ledger: str) -> Iterator[Database]:
    """An empty database in a file, for what only a file has."""
    opened = Database(sqlite_ledger)
    yield opened
    opened.close()


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """One write transaction, committed at the end of the test."""
    with database._engine.begin() as opened:
        yield opened

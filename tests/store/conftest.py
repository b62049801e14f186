"""A migrated database in a file of its own, and an open write transaction."""

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
def database(tmp_path: Path, migrated: Path) -> Iterator[Database]:
    """An empty database with the newest schema."""
    opened = Database(sqlite_url(shutil.copy(migrated, tmp_path / "ledger.db")))
    yield opened
    opened.close()


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """One write transaction, committed at the end of the test."""
    with database._engine.begin() as opened:
        yield opened

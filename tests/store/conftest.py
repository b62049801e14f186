"""A ledger on a real file, migrated, and the statements it was given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database.database import Database, sqlite_url


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """An empty ledger in a file of its own."""
    opened = Database(sqlite_url(tmp_path / "ledger.db"))
    opened.migrate()
    yield opened
    opened.close()

"""Commands that write into a data directory while no service runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.database import with_database
from app.datadir.lock import DataDirInUse, lock_data_dir
from store.database import registry


def test_a_database_in_use_is_not_even_migrated(tmp_path: Path) -> None:
    """It was opened and migrated before the lock was asked for, and left open when the lock was held."""
    with lock_data_dir(tmp_path), pytest.raises(DataDirInUse):
        with_database(tmp_path, registry.all_devices)
    assert not (tmp_path / "ledger.db").exists()

    assert with_database(tmp_path, registry.all_devices) == []
    lock_data_dir(tmp_path).close()

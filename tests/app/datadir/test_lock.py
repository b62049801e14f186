"""One service for each data directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datadir.lock import DataDirInUse, lock_data_dir


def test_two_services_cannot_hold_one_dir(tmp_path: Path) -> None:
    with lock_data_dir(tmp_path), pytest.raises(DataDirInUse, match="is in use by another fengshao"):
        lock_data_dir(tmp_path)
    lock_data_dir(tmp_path).close()

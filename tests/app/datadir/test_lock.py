"""One service for each data directory; a backup of a stopped one ends when it is started."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.cli.backup import GAVE_WAY
from app.datadir.lock import (
    BACKUP_LOCK,
    DataDirInUse,
    is_locked,
    lock_backup,
    lock_data_dir,
    lock_for_start,
    lock_until_start,
)
from tests.support.timeouts import LONG_TIMEOUT_S

BACKUP = """
import sys, time
from pathlib import Path
from app.cli.backup import history_of
with history_of(Path(sys.argv[1])):
    print("copying", flush=True)
    time.sleep(600)
"""
"""A backup of a stopped service that takes long."""


def test_two_services_cannot_hold_one_dir(tmp_path: Path) -> None:
    with lock_data_dir(tmp_path), pytest.raises(DataDirInUse, match="is in use by another fengshao"):
        lock_data_dir(tmp_path)
    lock_data_dir(tmp_path).close()


def test_a_start_ends_the_backup_of_a_stopped_service_and_has_the_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BACKUP, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as backup:
        assert backup.stdout is not None
        assert backup.stdout.readline() == "copying\n"
        with lock_for_start(tmp_path, LONG_TIMEOUT_S):
            assert backup.wait(LONG_TIMEOUT_S) == GAVE_WAY
            assert backup.stderr is not None
            assert "make one beside the running service" in backup.stderr.read()
    assert not is_locked(tmp_path / BACKUP_LOCK)


def test_a_start_beside_a_service_does_not_wait_though_a_backup_runs(tmp_path: Path) -> None:
    with lock_data_dir(tmp_path):
        with pytest.raises(DataDirInUse, match="is in use by another fengshao"):
            lock_for_start(tmp_path)
        with lock_backup(tmp_path), pytest.raises(DataDirInUse):
            lock_for_start(tmp_path, wait_s=0)
    assert not is_locked(tmp_path / "start.lock"), "a start that failed asks for nothing"


def test_a_backup_that_nothing_disturbs_keeps_its_lock_to_the_end(tmp_path: Path) -> None:
    asked = threading.Event()
    with lock_until_start(tmp_path, asked.set), pytest.raises(DataDirInUse):
        lock_data_dir(tmp_path)
    assert not asked.is_set()
    lock_data_dir(tmp_path).close()

"""Backups of a data directory on which no service runs."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from pathlib import Path

import pytest

from app.backup.archive import DamagedArchive, unpack
from app.backup.create import NoBackup, StoppedHistory, installed_version, write_backup
from app.backup.restore import restore
from app.backup.restored_copy import MARKER
from app.cli.backup import back_up, history_of
from app.config.catalog import load_kinds
from app.config.settings import HistorySettings
from app.datadir.ledger_address import DATABASE_FILE
from app.datadir.lock import DataDirInUse
from app.datadir.stores import Stores, open_stores
from domain import DAY, Lane, Reading
from ingest.frame import Frame
from store.history.duckdb.snapshot import history_facts
from store.journal import newest_position
from tests.support.service_harness import migrated_ledger

NOW = 1_795_269_600_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three processed entries, one that is only in the journal, keys, a photo, a spool, and files of the process."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / DATABASE_FILE).write_bytes(migrated_ledger())
    stores = open_stores(folder, HistorySettings(), load_kinds())
    asyncio.run(_fill(stores))
    files = {
        "admin.token": "secret-token",
        "signing.key": "secret-key",
        "blobs/ab/abcd.jpg": "photo",
        "blobs/ab/abcd.tmp17": "half",
        "history-spool/state": "state",
        "history-spool/1.spool": "one",
        "lock": "",
        "tmp/tools-1/x": "x",
        "backup.partial/history.duckdb": "left",
        "broker/mosquitto.db": "queue",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(content)
    return folder


async def _fill(stores: Stores) -> None:
    for number in range(4):
        pos = await stores.journal.append(Lane.BULK, [Frame("native", "t", b"{}", NOW + number, "s")])
        if number < 3:
            reading = Reading("gas-1", "gas_alarm", NOW + number, NOW + number, {"lel_pct": float(number)}, {})
            stores.history.append(Lane.BULK, pos, [reading])
    await stores.close()


def checkpoint(data: Path, pos: int) -> None:
    with sqlite3.connect(data / DATABASE_FILE) as connection:
        cursor = json.dumps({"bulk": pos})
        connection.execute("INSERT INTO checkpoints VALUES ('chain', ?, ?, x'00')", (cursor, NOW))


def test_everything_of_the_directory_is_restored_but_what_belongs_to_the_process(tmp_path: Path, data: Path) -> None:
    checkpoint(data, 2)
    backup = write_backup(data, tmp_path / "b.tar", StoppedHistory(data), lambda: NOW)
    restore(backup.path, tmp_path / "new")

    names = {path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*") if path.is_file()}
    stores = {"ledger.db", "journal.db", "history.duckdb"}
    others = {"admin.token", "signing.key", "blobs/ab/abcd.jpg", "history-spool/state", "history-spool/1.spool"}
    assert names == stores | others | {MARKER}
    in_archive = [file.name for file in backup.manifest.files]
    assert in_archive.index("history-spool/state") < in_archive.index("history-spool/1.spool")
    assert (backup.manifest.journal, backup.manifest.history, backup.manifest.checkpoint) == (
        4,
        {Lane.BULK: 3},
        {Lane.BULK: 2},
    )
    assert history_facts(tmp_path / "new" / "history.duckdb").readings == 3
    assert backup.manifest.version == installed_version()


def test_an_essential_backup_has_no_readings_and_only_unprocessed_messages(tmp_path: Path, data: Path) -> None:
    checkpoint(data, 3)
    path = tmp_path / "b.tar.gz"
    backup = write_backup(data, path, StoppedHistory(data), lambda: NOW, with_readings=False)
    unpack(path, tmp_path / "out")
    assert (backup.manifest.journal, backup.manifest.history) == (4, {Lane.BULK: 3})
    assert history_facts(tmp_path / "out" / "history.duckdb").readings == 0
    with sqlite3.connect(tmp_path / "out" / "journal.db") as journal:
        assert journal.execute("SELECT pos FROM entries").fetchall() == [(4,)]
    assert newest_position(tmp_path / "out" / "journal.db") == 4
    restore(path, tmp_path / "new")


def test_a_history_on_a_server_has_no_file(tmp_path: Path, data: Path) -> None:
    (data / "history.duckdb").unlink()
    backup = write_backup(data, tmp_path / "b.tar", StoppedHistory(data), lambda: NOW)
    assert backup.manifest.history == {}
    assert restore(tmp_path / "b.tar", tmp_path / "new").journal == 4


def test_a_backup_that_was_killed_long_ago_leaves_nothing_behind_for_ever(tmp_path: Path, data: Path) -> None:
    left = tmp_path / ".old.tar.partial-x1"
    left.mkdir()
    os.utime(left, (0, 0))
    write_backup(data, tmp_path / "b.tar", StoppedHistory(data), lambda: 2 * DAY)
    assert not left.exists()


def test_what_cannot_be_backed_up_is_said(tmp_path: Path, data: Path) -> None:
    taken = tmp_path / "b.tar"
    taken.write_text("another")
    with pytest.raises(NoBackup, match="exists: name another file"):
        write_backup(data, taken, StoppedHistory(data), lambda: NOW)
    with pytest.raises(NoBackup, match=r"is no data directory: it holds no ledger\.db"):
        write_backup(tmp_path, tmp_path / "c.tar", StoppedHistory(tmp_path), lambda: NOW)
    with pytest.raises(NoBackup, match="would be part of every later backup"):
        write_backup(data, data / "backups" / "c.tar", StoppedHistory(data), lambda: NOW)


def test_a_second_backup_beside_the_first_is_refused(tmp_path: Path, data: Path) -> None:
    """It deleted the first one's copy of the history, whose archive was then written without one and looked whole."""
    with history_of(data), pytest.raises(DataDirInUse, match="another backup is being made"), history_of(data):
        pass
    with history_of(data):
        pass


def test_an_archive_that_cannot_be_restored_loses_its_name_and_pushes_out_no_other(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damage(path: Path, _folder: Path) -> None:
        raise DamagedArchive(f"{path} is damaged")

    def back_up_daily() -> None:
        to = tmp_path / "to"
        back_up(data, to, verified=True, with_readings=True, keep=1, print_line=lambda _: None)

    back_up_daily()
    (whole,) = (tmp_path / "to").iterdir()
    monkeypatch.setattr("app.cli.backup.verify", damage)
    monkeypatch.setattr("app.cli.backup.archive_path", lambda to, _: to / "fengshao-30001121T140000Z.tar.gz")
    with pytest.raises(DamagedArchive):
        back_up_daily()
    monkeypatch.undo()
    assert {one.name for one in (tmp_path / "to").iterdir()} == {
        whole.name,
        "fengshao-30001121T140000Z.tar.gz.damaged",
    }

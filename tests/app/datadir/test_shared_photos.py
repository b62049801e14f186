"""Photos on two machines: written on one, read on the other, moved from a folder of before."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, insert

from app.config.settings import LedgerSettings
from app.datadir.shared_photos import move_photos, photo_store
from store.blobs import BlobStore
from store.database.alerts.repository import SqlAlertStore
from store.database.database import Database, sqlite_url
from store.database.reports.tables import alert_photos
from store.database.system.photo_contents import put_content, sweep_contents
from tests.alerts.test_silence import finding
from tests.support.alerts import alert_of

T0 = 1_795_262_400_000


def test_a_photo_written_on_one_machine_is_read_on_the_other(tmp_path: Path, empty_ledger: str) -> None:
    with closing(Database(empty_ledger)) as one, closing(Database(empty_ledger)) as other:
        first, second = (photo_store(tmp_path / name, db, lambda: T0) for name, db in (("a", one), ("b", other)))
        digest = first.write(b"photo")
        assert second.read(digest) == b"photo"
        assert first.write(b"photo") == digest
        assert second.read("0" * 64) is None
        assert not (tmp_path / "a").exists()


def test_a_ledger_in_a_file_keeps_photos_in_the_folder_and_reads_those_that_came_back_with_it(tmp_path: Path) -> None:
    with closing(Database(sqlite_url(tmp_path / "ledger.db"))) as database:
        database.migrate()
        photos = photo_store(tmp_path, database, lambda: T0)
        written = photos.write(b"photo")
        assert BlobStore(tmp_path / "blobs").read(written) == b"photo"
        database.write_blocking(lambda tx: put_content(tx, BlobStore.digest_of(b"moved"), b"moved", T0))
        assert photos.read(BlobStore.digest_of(b"moved")) == b"moved"


def test_photos_of_the_folder_are_moved_and_orphans_are_left_to_their_sweep(
    tmp_path: Path, empty_ledger: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = BlobStore(tmp_path / "blobs", free_bytes_min=0)
    kept, orphan = folder.write(b"photo"), folder.write(b"orphan")
    with closing(Database(empty_ledger)) as database:
        database.write_blocking(lambda tx: _refer(tx, kept))
        ledger = LedgerSettings(url=empty_ledger)
        assert move_photos(tmp_path, ledger, lambda: T0, Event()) == 1
        assert folder.digests() == [orphan]
        assert photo_store(tmp_path, database, lambda: T0).read(kept) == b"photo"
        assert move_photos(tmp_path, ledger, lambda: T0, Event()) == 0
    assert "photos moved into the ledger" in caplog.text


def test_contents_without_a_row_are_deleted_once_they_are_old(empty_ledger: str) -> None:
    with closing(Database(empty_ledger)) as database:
        for digest, at in (("kept", T0), ("orphan", T0), ("young", T0 + 10)):
            database.write_blocking(lambda tx, d=digest, a=at: put_content(tx, d, b"x", a))  # type: ignore[misc]
        swept = database.write_blocking(lambda tx: sweep_contents(tx, T0 + 5, lambda _digests: ["kept"]))
        assert swept == 1


def _refer(tx: Connection, digest: str) -> None:
    alert = SqlAlertStore(tx).add_alert(alert_of(finding())).id
    values = {"alert": alert, "purpose": "scene", "digest": digest, "width": 1, "height": 1, "size": 5, "at": T0}
    tx.execute(insert(alert_photos).values(**values, by=None, by_name=""))

"""Restoring: into an empty folder, everything or nothing."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.backup.archive import DamagedArchive, new_archive, unpack
from app.backup.create import StoppedHistory, write_backup
from app.backup.manifest import Manifest
from app.backup.restore import NotRestored, refuse_unfinished_restore, restore, summary, verify
from tests.app.backup.test_create import NOW, checkpoint, data

__all__ = ["data"]


@pytest.fixture
def archive(tmp_path: Path, data: Path) -> Path:
    checkpoint(data, 2)
    return write_backup(data, tmp_path / "b.tar", StoppedHistory(data), lambda: NOW).path


def packed_again(archive: Path, folder: Path, **changes: object) -> Path:
    """The archive with other contents and a manifest that lists them rightly."""
    changed: Manifest = replace(unpack(archive, folder / "u"), **changes)
    with new_archive(folder / "again.tar") as writer:
        for file in changed.files:
            writer.add(file.name, folder / "u" / file.name)
        writer.finish(lambda files: replace(changed, files=files))
    return folder / "again.tar"


def test_a_folder_with_anything_in_it_is_refused(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".hidden").touch()
    with pytest.raises(NotRestored, match="is not empty: name a new folder"):
        restore(archive, tmp_path / "new")
    with pytest.raises(NotRestored, match="is not empty"):
        restore(archive, archive)
    with pytest.raises(NotRestored, match="is no file: name an archive"):
        restore(tmp_path, tmp_path / "other")


def test_a_verification_leaves_nothing(tmp_path: Path, archive: Path) -> None:
    before = sorted(os.listdir(tmp_path))
    manifest = verify(archive, tmp_path)
    assert sorted(os.listdir(tmp_path)) == before
    assert summary(manifest, str) == (
        f"8 files, {manifest.total_bytes} bytes, as of {NOW}; journal at 4, schema {manifest.schema}"
    )


def test_an_archive_of_a_newer_version_is_refused_with_the_way_out(tmp_path: Path, archive: Path) -> None:
    newer = packed_again(archive, tmp_path, schema="9999")
    with pytest.raises(NotRestored, match=r"written by a newer version \(schema 9999\).*install the newer version"):
        restore(newer, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_stores_that_are_not_as_the_manifest_says_are_named_together(tmp_path: Path, archive: Path) -> None:
    wrong = packed_again(archive, tmp_path, journal=3, checkpoint={}, history={})
    with pytest.raises(DamagedArchive) as raised:
        restore(wrong, tmp_path / "new")
    assert [line.strip() for line in str(raised.value).splitlines()[1:]] == [
        "ledger.db is not at the schema and positions of the manifest",
        "journal.db ends at 4, the manifest says 3",
        "history.duckdb is not at the positions of the manifest",
    ]


def test_a_damaged_database_is_found_by_its_own_check(tmp_path: Path, archive: Path) -> None:
    unpacked = packed_again(archive, tmp_path)
    file = tmp_path / "u" / "ledger.db"
    with sqlite3.connect(file) as connection:
        pages = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_audit_at'").fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(pages - 1) * 4096 : (pages - 1) * 4096 + 64] = b"\xff" * 64
    file.write_bytes(content)
    unpacked.unlink()
    manifest = verify(archive)
    with new_archive(unpacked) as writer:
        for each in manifest.files:
            writer.add(each.name, tmp_path / "u" / each.name)
        writer.finish(lambda files: replace(manifest, files=files))
    with pytest.raises(DamagedArchive, match=r"ledger\.db: "):
        restore(unpacked, tmp_path / "new")


def test_a_service_does_not_start_on_a_restore_that_was_not_finished(tmp_path: Path) -> None:
    (tmp_path / "restore.partial").mkdir()
    with pytest.raises(NotRestored, match="was not finished; delete the folder and restore again"):
        refuse_unfinished_restore(tmp_path)
    (tmp_path / "restore.partial").rmdir()
    refuse_unfinished_restore(tmp_path)

"""A backup of a data directory whose ledger is on a PostgreSQL server: dumped, verified, and not started unloaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.backup.create import StoppedHistory, write_backup
from app.backup.ledger_dump import dump_arguments, dump_faults
from app.backup.restore import NotRestored, refuse_unfinished_restore, restore
from app.datadir.ledger_address import ADDRESS_FILE, DATABASE_FILE, remember
from tests.app.backup.test_create import NOW, data

__all__ = ["data"]


def test_the_ledger_of_a_server_is_in_the_backup_and_must_be_loaded_before_a_start(
    tmp_path: Path, data: Path, empty_ledger: str
) -> None:
    (data / DATABASE_FILE).unlink()
    remember(data, make_url(empty_ledger))
    backup = write_backup(data, tmp_path / "b.tar", StoppedHistory(data), lambda: NOW)
    assert {"ledger.dump", ADDRESS_FILE} <= {file.name for file in backup.manifest.files}
    manifest = restore(backup.path, tmp_path / "new")
    assert (manifest.journal, manifest.schema) == (4, backup.manifest.schema)
    with pytest.raises(NotRestored, match="load it into an empty database with `pg_restore"):
        refuse_unfinished_restore(tmp_path / "new")


@pytest.mark.skipif(shutil.which("pg_restore") is None, reason="PG_RESTORE IS NOT INSTALLED: dumps are not tested")
def test_a_damaged_dump_and_missing_programs_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ledger.dump").write_bytes(b"PGDMP" + bytes(50))
    (fault,) = dump_faults(tmp_path / "ledger.dump")
    assert fault.startswith("ledger.dump: pg_restore: ")
    monkeypatch.setenv("PATH", "")
    (fault,) = dump_faults(tmp_path / "ledger.dump")
    assert "pg_restore is missing: apt-get install postgresql-client" in fault


def test_a_server_that_asks_for_a_password_gets_it_and_no_list_of_processes_does(tmp_path: Path) -> None:
    """pg_dump was given `***` as the password: every such backup failed. Servers of tests trust their own socket."""
    url = make_url("postgresql://fs:s3cret@db.example.cn:5433/town?sslmode=require")
    arguments, secrets = dump_arguments(url, tmp_path / "ledger.dump")
    assert arguments[-1] == "--dbname=postgresql://fs@db.example.cn:5433/town?sslmode=require"
    assert secrets == {"PGPASSWORD": "s3cret"}
    assert dump_arguments(make_url("postgresql://fs@db/town"), tmp_path)[1] == {}

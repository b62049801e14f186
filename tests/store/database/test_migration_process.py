"""A database is migrated by a process of its own; what it cannot do is said by the process that asked for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from app.datadir.stores import NewerDatabase, open_database
from store.database.database import Database, alembic_config, known_schemas, sqlite_url
from store.database.migration_process import migrate_apart

WITHOUT_ALEMBIC = """
import sys
from pathlib import Path
from app.datadir.stores import open_database
open_database(Path(sys.argv[1]), migrate_apart=True).close()
assert "alembic" not in sys.modules, "alembic is imported"
"""


def test_the_known_schemas_are_those_of_the_migrations() -> None:

    scripts = ScriptDirectory.from_config(alembic_config())
    assert sorted(script.revision for script in scripts.walk_revisions()) == known_schemas()
    assert scripts.get_current_head() == known_schemas()[-1]


def test_neither_a_new_nor_a_migrated_database_needs_alembic_in_the_service(tmp_path: Path) -> None:
    for _ in range(2):
        subprocess.run([sys.executable, "-c", WITHOUT_ALEMBIC, str(tmp_path)], check=True, timeout=60)
    database = Database(sqlite_url(tmp_path / "ledger.db"))
    assert database.is_migrated()
    database.close()


def test_a_database_of_a_newer_version_is_refused_by_the_service(tmp_path: Path) -> None:
    database = open_database(tmp_path, migrate_apart=True)
    database.write_blocking(lambda tx: tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'") and None)
    database.close()
    with pytest.raises(NewerDatabase, match="newer version"):
        open_database(tmp_path, migrate_apart=True)


def test_a_process_that_fails_says_so_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(sqlite_url(tmp_path / "ledger.db"))
    database.write_blocking(lambda tx: tx.exec_driver_sql("CREATE TABLE tokens (x INTEGER)") and None)
    database.close()

    migrate_apart(make_url(sqlite_url(tmp_path / "ledger.db")))
    assert "migration process ended with 1" in caplog.text
    assert "already exists" in caplog.text

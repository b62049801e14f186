"""The ledger of a PostgreSQL server in a backup: a dump by `pg_dump`, checked by `pg_restore --list`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy import URL

from app.datadir.ledger_address import without_password
from app.errors import UserError
from store.database.database import Database
from store.database.system.checkpoints import ledger_positions
from store.snapshots import LedgerFacts

DUMP_FILE: Final = "ledger.dump"
TIMEOUT_S: Final = 6 * 3600.0


class LedgerCopy(Struct, frozen=True):
    """The ledger's file in a backup, and what it holds at least."""

    path: Path
    facts: LedgerFacts


class NoDump(UserError):
    """The server's ledger cannot be dumped; the message says why."""


def dump_ledger(url: URL, folder: Path) -> LedgerCopy:
    """Dump the database in pg_dump's custom format. Its positions are read before: the dump is at or after them."""
    with closing(Database(url)) as database:
        schema, positions = database.write_blocking(ledger_positions)
    path = folder / DUMP_FILE
    arguments, secrets = dump_arguments(url, path)
    _run([_program("pg_dump"), *arguments], {**os.environ, **secrets})
    return LedgerCopy(path, LedgerFacts(schema, positions))


def dump_arguments(url: URL, path: Path) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of pg_dump.

    A password in the URL would be in the list of processes, and be taken before that of the environment.
    """
    public = without_password(url).render_as_string()
    secrets = {"PGPASSWORD": str(url.password)} if url.password else {}
    return ["--format=custom", "--no-owner", f"--file={path}", f"--dbname={public}"], secrets


def dump_faults(path: Path) -> Iterator[str]:
    """What `pg_restore` says of a dump that it cannot read."""
    try:
        _run([_program("pg_restore"), "--list", str(path)], dict(os.environ))
    except NoDump as error:
        yield f"{path.name}: {error}"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NoDump(f"the ledger is on a PostgreSQL server, and {name} is missing: apt-get install postgresql-client")
    return found


def _run(command: list[str], environ: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 (programs of PostgreSQL, no shell)
        command, env=environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        raise NoDump(f"{Path(command[0]).name}: {done.stderr.strip() or done.returncode}")

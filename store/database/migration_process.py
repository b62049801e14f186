"""Migrates a database in a process of its own, which ends with what it imported: Alembic takes 12 MiB for good.

It does not decide: what fails here fails again where the caller migrates, and is reported there.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Final

from sqlalchemy import URL

from store.database.database import Database

log = logging.getLogger("fengshao.database")
REPORTED_CHARACTERS: Final = 500


def migrate_apart(url: URL) -> None:
    """Migrate as far as it goes. The URL goes through a pipe: it may hold a password, and arguments can be read."""
    command = [sys.executable, "-P", "-m", __name__]
    text = url.render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 (this program itself)
        command, input=text, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        log.warning("migration process ended with %d: %s", done.returncode, done.stderr.strip()[-REPORTED_CHARACTERS:])


def main() -> None:
    database = Database(sys.stdin.read())
    try:
        database.migrate()
    finally:
        database.close()


if __name__ == "__main__":
    main()

"""Runs a transaction on the database of a data directory on which no service runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from app.datadir.lock import lock_data_dir
from app.datadir.stores import open_database

T = TypeVar("T")


def with_database(data: Path, transaction: Callable[[Connection], T]) -> T:
    """Lock DIR, run `transaction` in its database and commit. Raises DataDirInUse.

    The lock comes first, because opening the database migrates it.
    """
    os.umask(0o077)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock_data_dir(data), closing(open_database(data)) as database:
        return database.write_blocking(transaction)

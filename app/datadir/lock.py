"""Ensures that one service at a time uses a data directory."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from app.errors import UserError


class DataDirInUse(UserError):
    """Another service runs on this DIR."""


def lock_data_dir(data: Path) -> IO[str]:
    """Holds DIR for this process until the returned file is closed or the process ends, however it ends."""
    file = (data / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataDirInUse(f"{data} is in use by another fengshao: stop it, or name another --data") from None
    return file

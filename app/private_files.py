"""Files of secrets and addresses: mode 0600, written as a whole, and durable before they count."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str, errors: str = "strict") -> None:
    """Replace a text file (UTF-8), as `write_private_bytes` does."""
    write_private_bytes(path, text.encode("utf-8", errors))


def write_private_bytes(path: Path, content: bytes) -> None:
    """Replace the file as a whole, readable by its owner only.

    Whoever reads it meanwhile, or after a power cut, finds the former content or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

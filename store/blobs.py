"""Files beside the database, named by the SHA-256 of their content: `DIR/blobs/ab/abcdef….jpg`.

A file is written under a temporary name, synced, renamed, and its folder synced, before the row that refers to it is
committed: a crash leaves a file without a row, which `sweep` deletes, never a row without its file. Files are never
changed, so a copy of the folder made after a copy of the database has every file that copy needs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from domain import HOUR, Instant
from store.errors import CannotWrite

SUFFIX: Final = ".jpg"
TEMPORARY: Final = ".tmp"
ORPHAN_AGE_MS: Final = HOUR
"""A file this old without a row belongs to a transaction that was never committed."""
FREE_BYTES_MIN: Final = 512 << 20
"""Below this the disk is left to the journal and the database: an alarm is worth more than a photo."""


class BlobStore:
    """The files of one folder. Blocking: call it in a thread."""

    def __init__(self, folder: Path, free_bytes_min: int = FREE_BYTES_MIN) -> None:
        self._folder, self._free_bytes_min = folder, free_bytes_min

    def has_room(self) -> bool:
        """Whether the disk has room for photos."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return shutil.disk_usage(self._folder).free >= self._free_bytes_min

    def write(self, content: bytes) -> str:
        """Store the content and sync it; returns its digest. Idempotent. Raises CannotWrite."""
        digest = self.digest_of(content)
        path = self._path(digest)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if path.exists():
                os.utime(path)  # not an orphan of before: a row will refer to it again
            else:
                self._write_synced(path, content)
        except OSError as error:
            raise CannotWrite(f"the photo could not be written: {error}") from error
        return digest

    @staticmethod
    def digest_of(content: bytes) -> str:
        """The name of a content."""
        return hashlib.sha256(content).hexdigest()

    def digests(self) -> list[str]:
        """The digests of all files."""
        return [path.stem for folder in self._folders() for path in sorted(folder.iterdir()) if path.suffix == SUFFIX]

    def read(self, digest: str) -> bytes | None:
        """The content; None when there is none with this digest."""
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, digests: Collection[str]) -> None:
        """Delete these files, if they exist."""
        for digest in digests:
            self._path(digest).unlink(missing_ok=True)

    def sweep(self, now: Instant, referenced: Callable[[Collection[str]], Collection[str]]) -> int:
        """Delete files older than ORPHAN_AGE_MS that `referenced` does not return; returns how many."""
        deleted = 0
        for folder in self._folders():
            old = [path for path in folder.iterdir() if path.stat().st_mtime * 1000 < now - ORPHAN_AGE_MS]
            known = set(referenced([path.stem for path in old if path.suffix == SUFFIX]))
            for path in old:
                if path.suffix != SUFFIX or path.stem not in known:
                    path.unlink(missing_ok=True)
                    deleted += 1
        return deleted

    def _folders(self) -> Iterator[Path]:
        if self._folder.is_dir():
            yield from (entry for entry in sorted(self._folder.iterdir()) if entry.is_dir())

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}{SUFFIX}"

    def _write_synced(self, path: Path, content: bytes) -> None:
        temporary = path.with_suffix(f"{TEMPORARY}{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        for folder in (path.parent, self._folder):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

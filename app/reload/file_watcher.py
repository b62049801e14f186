"""Polls a set of files for changes by name, modification time and size, without reading them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

POLL_S: Final = 2.0

_FOLDER_GONE: Final = (
    "the site's folder is missing or empty: mount or restore it; removing single files has effect, removing all has not"
)

Fingerprint = tuple[tuple[str, int, int], ...]
"""Path, modification time (ns) and size of each file."""


def fingerprint(list_files: Callable[[], Iterable[Path]]) -> Fingerprint:
    """The present state of the files; empty when one disappeared meanwhile: the next poll sees the files then."""
    try:
        return tuple((str(file), (stat := file.stat()).st_mtime_ns, stat.st_size) for file in list_files())
    except OSError:
        return ()


class FileWatcher:
    """Remembers the files as they were last marked as seen. Before the first `mark_seen` any file is a change."""

    def __init__(self, list_files: Callable[[], Iterable[Path]]) -> None:
        self._list_files = list_files
        self.seen: Fingerprint = ()

    def has_changed(self) -> bool:
        """Whether a file was added, removed or changed since `mark_seen`."""
        return fingerprint(self._list_files) != self.seen

    def mark_seen(self) -> None:
        """Call it before reading the files, so that a change while they are read is found by the next poll."""
        self.seen = fingerprint(self._list_files)


def missing_site(site: Path | None) -> str | None:
    """Why a site's folder says nothing about what is in force; None when it does.

    A disk that is not mounted, or a folder that is being replaced, looks like one whose every file was removed.
    """
    try:
        return None if site is None or any(site.iterdir()) else _FOLDER_GONE
    except FileNotFoundError:
        return _FOLDER_GONE
    except OSError as error:
        return f"the site's folder cannot be read: {error.strerror}"

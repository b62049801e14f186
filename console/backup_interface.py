"""Backups as the console needs them; the service does the work (app.server.backups)."""

from __future__ import annotations

from typing import Protocol

import msgspec

from domain import Instant


class LastBackup(msgspec.Struct, frozen=True):
    """The newest finished backup: when it was begun, its file's name and size, and whether it was verified."""

    at: Instant
    file: str
    bytes: int
    verified: bool


class BackupRefused(Exception):
    """The copy cannot be made; the message says why."""


class Backups(Protocol):
    """What a backup needs of the running service."""

    @property
    def last(self) -> LastBackup | None: ...

    async def copy_history(self, *, readings: bool) -> int:
        """Write the history to a file in the data directory; returns the journal's newest position at that instant.

        Raises BackupRefused.
        """
        ...

    async def discard_copy(self) -> None:
        """Delete that file."""
        ...

    async def record(self, backup: LastBackup) -> None:
        """Keep what is known of a finished backup."""
        ...

"""What `fengshao backup` needs of a running service, which holds the history open; and the age of the last backup."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from typing import Final

import msgspec

from app.backup.create import SERVICE_FOLDER, room_for_history
from app.datadir.stores import HISTORY_FILE, Stores
from app.pipeline.self_monitoring import SelfMonitoring
from app.server.service_config import ServiceConfig
from console.backup_interface import BackupRefused, LastBackup
from domain import Instant
from store.database.system import key_values
from store.errors import StoreError
from store.history.duckdb.history import DuckDbHistory

KEY: Final = "backup/last"


class BackupDesk:
    """Copies the history for a backup, one at a time; keeps the last backup and reports when it is too old."""

    def __init__(
        self, config: ServiceConfig, stores: Stores, monitoring: SelfMonitoring, clock: Callable[[], Instant]
    ) -> None:
        self._data, self._max_age = config.data, config.site.settings.backup.max_age
        self._stores, self._monitoring, self._clock = stores, monitoring, clock
        self._folder = config.data / SERVICE_FOLDER
        self._copying = asyncio.Lock()
        self.last: LastBackup | None = None

    async def load(self) -> None:
        """Read the last backup, and delete a copy that a killed backup left."""
        stored = await self._stores.database.read(lambda tx: key_values.get(tx, KEY))
        self.last = None if stored is None else msgspec.convert(stored, LastBackup)
        await self.discard_copy()

    async def copy_history(self, *, readings: bool) -> int:
        """See console.backup_interface.Backups."""
        history, journal, positions = self._stores.history, self._stores.journal, list[int]()
        if self._copying.locked():
            raise BackupRefused("another backup is being made: wait for it")
        if not isinstance(history, DuckDbHistory):
            return journal.last_position()
        async with self._copying:
            await self.discard_copy()
            if readings and not await asyncio.to_thread(room_for_history, self._data):
                raise BackupRefused(f"the disk of {self._data} has no room for a copy of {HISTORY_FILE}: free some")
            self._folder.mkdir(mode=0o700)
            try:
                await asyncio.to_thread(
                    history.snapshot,
                    self._folder / HISTORY_FILE,
                    lambda: positions.append(journal.last_position()),
                    with_readings=readings,
                )
            except StoreError as error:
                await self.discard_copy()
                raise BackupRefused(str(error)) from error
        return positions[0]

    async def discard_copy(self) -> None:
        """See console.backup_interface.Backups."""
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def record(self, backup: LastBackup) -> None:
        """See console.backup_interface.Backups."""
        stored, now = msgspec.to_builtins(backup), self._clock()
        await self._stores.database.write(lambda tx: key_values.put(tx, KEY, stored, now))
        self.last = backup
        await self.check(now)

    async def check(self, now: Instant) -> str:
        """The job: report a last backup older than the setting."""
        age = None if self.last is None else now - self.last.at
        late = self._max_age > 0 and (age is None or age > self._max_age)
        self._monitoring.check_backup(age, late, now)
        return "no backup was recorded" if self.last is None else f"{self.last.file}, {self.last.bytes} bytes"

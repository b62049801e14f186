"""The site's CSV files beside a running service: where they differ from the registry, and taking them up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app.config.faults import ConfigError
from app.config.site import load_site
from app.datadir.site_import import ImportResult, differences, import_site, skipped_view
from console.dependencies import RulebookFault, RulebookInvalid
from domain import Instant
from store.database.database import Database

log = logging.getLogger("fengshao.registry")


class SiteFiles:
    """What the console offers of them (console.dependencies.SiteFiles)."""

    def __init__(
        self,
        path: Path,
        ledger: Database,
        clock: Callable[[], Instant],
        registry_changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._path, self._ledger, self._clock, self._registry_changed = path, ledger, clock, registry_changed

    async def differences(self) -> Sequence[Mapping[str, Any]]:
        """By the files as they are now; where they cannot be read nothing can be said of them."""
        folder = await self._read()
        return skipped_view(await self._ledger.read(partial(differences, folder=folder)))

    async def import_now(self, *, force: bool) -> Mapping[str, Any]:
        """Returns when the registry is judged by."""
        folder = await self._read()
        now = self._clock()
        done = await self._ledger.write(lambda tx: import_site(tx, folder, now, force=force))
        log_kept(done)
        if done.created or done.updated:
            await self._registry_changed()
        return summary(done)

    async def _read(self) -> Any:
        try:
            return await asyncio.to_thread(load_site, self._path)
        except ConfigError as error:
            raise RulebookInvalid([RulebookFault(*_plain(one)) for one in error.faults]) from error


def summary(done: ImportResult) -> dict[str, Any]:
    """What an import did, for the API and the command."""
    counts = {"created": done.created, "updated": done.updated, "unchanged": done.unchanged}
    return {**counts, "kept": skipped_view(done.skipped)}


def log_kept(done: ImportResult) -> None:
    """What the files would have undone is in the log, record by record."""
    for one in done.skipped:
        log.warning("not taken from the site's files: %s (`fengshao site import --force` takes it)", one)


def _plain(one: Any) -> tuple[str, int, int, str, str]:
    return one.file, one.line, one.column, one.field, one.message

"""The site's CSV files of a running service: differences from the registry, and importing them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from app.config.catalog import load_kinds
from app.config.faults import ConfigError
from app.config.site import ReadTables, SiteConfig, load_site
from app.datadir.site_import import ImportResult, differences, import_site, skipped_view
from console.rule_tools_interface import RulebookFault, RulebookInvalid
from domain import Instant
from store.database.database import Database

log = logging.getLogger("fengshao.registry")


class SiteFiles:
    """The files for the API (console.site_files_interface.SiteFiles). Raises RulebookInvalid for files with faults."""

    def __init__(
        self,
        path: Path,
        database: Database,
        clock: Callable[[], Instant],
        registry_changed: Callable[[], Awaitable[None]],
        tables: ReadTables,
    ) -> None:
        self._path, self._database, self._clock, self._registry_changed = path, database, clock, registry_changed
        self._tables = tables

    async def differences(self) -> Sequence[Mapping[str, Any]]:
        """Records of the files as they are now that an import would skip."""
        site = await self._load()
        return skipped_view(await self._database.read(partial(differences, folder=site)))

    async def import_now(self, *, force: bool) -> Mapping[str, Any]:
        """Import the files; returns when the registry's change has effect."""
        site = await self._load()
        now = self._clock()
        result = await self._database.write(lambda tx: import_site(tx, site, now, force=force))
        log_skipped(result)
        if result.created or result.updated:
            await self._registry_changed()
        return summary(result)

    async def _load(self) -> SiteConfig:
        try:
            return await asyncio.to_thread(self._read)
        except ConfigError as error:
            faults = [
                RulebookFault(fault.file, fault.line, fault.column, fault.field, fault.message)
                for fault in error.faults
            ]
            raise RulebookInvalid(faults) from error

    def _read(self) -> SiteConfig:
        """The site with its tables as they were kept, where the files are the same; with a fault all are looked for."""
        kinds = load_kinds(self._path)
        with contextlib.suppress(ConfigError):
            site = load_site(self._path, any_kind=True, tables=self._tables)
            if all(device.kind in kinds for device in site.devices):
                return replace(site, kinds=kinds)
        return load_site(self._path)


def summary(result: ImportResult) -> dict[str, Any]:
    """What an import did, for the API and the command."""
    counts = {"created": result.created, "updated": result.updated, "unchanged": result.unchanged}
    return {**counts, "kept": skipped_view(result.skipped)}


def log_skipped(result: ImportResult) -> None:
    """Log each record that was not imported, because a person changed it in the registry since."""
    for record in result.skipped:
        log.warning("not taken from the site's files: %s (`fengshao site import --force` takes it)", record)

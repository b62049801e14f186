"""Reloads rulebooks, kinds and mappings while the service runs. A faulty file is reported; its last version stays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from app.config.catalog import KINDS, MAPPINGS, RULEBOOKS, overlay_files
from app.config.faults import ConfigError
from app.pipeline.self_monitoring import SelfMonitoring
from app.reload.definitions import FOLDERS, Definitions, load_definitions
from app.reload.file_watcher import POLL_S, FileWatcher
from domain import Instant
from rules.rulebook.diff import RulebookDiff

log = logging.getLogger("fengshao.rulebooks")

UNCHANGED = RulebookDiff((), (), ())


class DefinitionsTarget(Protocol):
    """Where definitions are in force."""

    @property
    def definitions(self) -> Definitions: ...

    async def apply_definitions(self, new: Definitions) -> RulebookDiff:
        """Decode and evaluate by these from the next message on."""
        ...


class RulebookReloader:
    """Polls the files of rulebooks, kinds and mappings, and applies what can be used."""

    def __init__(
        self,
        target: DefinitionsTarget,
        site: Path | None,
        caught_up: asyncio.Event,
        monitoring: SelfMonitoring,
        clock: Callable[[], Instant],
    ) -> None:
        self._target, self._site, self._caught_up = target, site, caught_up
        self._monitoring, self._clock = monitoring, clock
        self._watcher = FileWatcher(partial(definition_files, site))
        self._lock = asyncio.Lock()

    @property
    def is_up_to_date(self) -> bool:
        """Whether the files were read at least once and none is being read."""
        return bool(self._watcher.seen) and not self._lock.locked()

    async def reload(self) -> RulebookDiff:
        """Apply the files as they are now and return what changed. Raises ConfigError with every fault.

        Files without faults are applied beside faulty ones, whose last version without faults stays in force. Waits
        until the entries that the last run left are processed: the definitions of that run apply to them.
        """
        await self._caught_up.wait()
        async with self._lock:
            self._watcher.mark_seen()
            new, faults = await asyncio.to_thread(load_definitions, self._target.definitions, self._site)
            changes = await self._target.apply_definitions(new)
            _log_changes(changes)
            for fault in faults:
                log.error("refused: %s; what was in force before it stays so", fault)
            if faults:
                self._monitoring.rulebooks_rejected([str(fault) for fault in faults], self._clock())
                raise ConfigError(faults)
            self._monitoring.rulebooks_ok(self._clock())
            return changes

    async def poll(self, *, force: bool = False) -> RulebookDiff:
        """Reload if a file changed, or with `force`; faults are reported, and what was in force stays so."""
        if not force and not self._watcher.has_changed():
            return UNCHANGED
        try:
            return await self.reload()
        except ConfigError:
            return UNCHANGED
        except Exception as error:
            # Whatever a file does to us, devices must go on being evaluated by the definitions before it.
            log.exception("rulebooks not applied")
            self._monitoring.rulebooks_rejected([repr(error)], self._clock())
            return UNCHANGED

    async def run(self) -> None:
        """Poll every POLL_S until cancelled."""
        while True:
            await self.poll()
            await asyncio.sleep(POLL_S)


def definition_files(site: Path | None) -> list[Path]:
    """The files in force: built-in ones, overlaid by those of the site."""
    folders = ((built_in, site / FOLDERS[built_in] if site else None) for built_in in (KINDS, MAPPINGS, RULEBOOKS))
    return [file for built_in, own in folders for file in overlay_files(built_in, own)]


def describe_changes(changes: RulebookDiff) -> str:
    """One line for the log."""
    parts = (("new", changes.added), ("gone", changes.removed), ("changed", changes.changed))
    return "; ".join(f"{label} {', '.join(names)}" for label, names in parts if names)


def _log_changes(changes: RulebookDiff) -> None:
    if not changes.is_empty:
        log.info("rulebooks changed: %s", describe_changes(changes))
    if changes.unversioned:
        log.warning("changed under the version they had, raise `version`: %s", ", ".join(changes.unversioned))

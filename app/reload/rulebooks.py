"""Rulebooks, kinds and mappings of a running service: watched, and taken up while it judges. A file that cannot be used
is told, and what was in force before it stays so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from app.config.catalog import KINDS, MAPPINGS, RULEBOOKS, overlay_files
from app.config.faults import ConfigError
from app.pipeline.self_monitoring import SelfMonitoring
from app.reload.definitions import FOLDERS, Definitions, load_definitions
from domain import Instant
from rules.rulebook.diff import RulebookDiff
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import rulebooks_in_checkpoint

log = logging.getLogger("fengshao.rulebooks")

POLL_S = 2.0
UNCHANGED = RulebookDiff((), (), ())

ApplyDefinitions = Callable[[Definitions], Awaitable[RulebookDiff]]
Fingerprint = tuple[tuple[str, int, int], ...]


class _Engine(msgspec.Struct):
    engine: bytes


def rulebooks_in(checkpoint: bytes | None) -> list[Rulebook]:
    """The books that a checkpoint was judged by; none when there are none that this version can read."""
    try:
        return rulebooks_in_checkpoint(msgspec.msgpack.decode(checkpoint, type=_Engine).engine) if checkpoint else []
    except ValueError as error:
        log.warning("the rulebooks of the last run cannot be read, those on disk judge from the start: %s", error)
        return []


class RulebookReloader:
    """Rulebooks, kinds and mappings on disk, and whoever takes them up. `in_force` says what is judged by now."""

    def __init__(
        self,
        in_force: Callable[[], Definitions],
        site: Path | None,
        take_up: ApplyDefinitions,
        ready: asyncio.Event,
        trouble: SelfMonitoring,
        clock: Callable[[], Instant],
    ) -> None:
        self._active, self._site, self._apply = in_force, site, take_up
        self._ready, self._monitoring, self._clock = ready, trouble, clock
        self._fingerprint: Fingerprint = ()
        self._lock = asyncio.Lock()

    async def reload(self) -> RulebookDiff:
        """Take up the files as they are now, and say what changed. Raises ConfigError with every fault.

        What is right is taken up beside what is faulty: of that its last good version stays in force.
        """
        await self._ready.wait()  # what the last run left is judged by the files of its day
        async with self._lock:
            self._fingerprint = fingerprint(self._site)
            found, faults = await asyncio.to_thread(load_definitions, self._active(), self._site)
            renewed = await self._apply(found)
            self._log_change(renewed)
            for fault in faults:
                log.error("refused: %s; what was in force before it stays so", fault)
            if faults:
                self._monitoring.rulebooks_rejected([str(fault) for fault in faults], self._clock())
                raise ConfigError(faults)
            self._monitoring.rulebooks_ok(self._clock())
            return renewed

    def _log_change(self, renewed: RulebookDiff) -> None:
        if not renewed.is_empty:
            log.info("rulebooks changed: %s", describe_change(renewed))
        if renewed.unversioned:
            log.warning("changed under the version they had, raise `version`: %s", ", ".join(renewed.unversioned))

    async def poll(self, *, anew: bool = False) -> RulebookDiff:
        """Reload if a file changed, or anyway; what is wrong was told, and what was in force stays so."""
        if not anew and fingerprint(self._site) == self._fingerprint:
            return UNCHANGED
        try:
            return await self.reload()
        except ConfigError:
            return UNCHANGED
        except Exception as error:
            # Whatever a book does to us, the devices must go on being judged by those before it.
            log.exception("rulebooks not taken up")
            self._monitoring.rulebooks_rejected([repr(error)], self._clock())
            return UNCHANGED

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            await self.poll()
            await asyncio.sleep(POLL_S)


def describe_change(renewed: RulebookDiff) -> str:
    """One line for the log."""
    parts = (("new", renewed.added), ("gone", renewed.removed), ("changed", renewed.changed))
    return "; ".join(f"{word} {', '.join(names)}" for word, names in parts if names)


def fingerprint(site: Path | None) -> Fingerprint:
    """What tells that a file changed, came or went, without reading it."""
    folders = ((shelf, site / FOLDERS[shelf] if site else None) for shelf in (KINDS, MAPPINGS, RULEBOOKS))
    try:
        return tuple(
            (str(file), (status := file.stat()).st_mtime_ns, status.st_size)
            for built_in, own in folders
            for file in overlay_files(built_in, own)
        )
    except OSError:  # a file went between being listed and being looked at: the next look sees the folder as it is then
        return ()

"""Keeps what a second machine needs beside the ledger's rows: photos, and the files of the site."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from threading import Event
from typing import Final

from msgspec.structs import replace

from app.config.faults import ConfigFault
from app.config.settings import LedgerSettings
from app.config.site import SiteConfig
from app.datadir.shared_photos import move_photos
from app.datadir.shared_site import KEPT_FOLDER, Merge, SharedSite
from app.datadir.site_in_force import SiteInForce, site_in_force
from app.datadir.stores import open_database
from domain import Instant
from store.database.database import Database
from store.errors import StoreError

log = logging.getLogger("fengshao.site")

POLL_S: Final = 5.0
CHANGED_ON_BOTH: Final = (
    f"was changed on both machines: that of the machine that was active is in force, this machine's is kept in "
    f"DIR/{KEPT_FOLDER}: put together what is wanted, and remove the kept file"
)


def start_moving_photos(
    stack: AsyncExitStack, data: Path, ledger: LedgerSettings, clock: Callable[[], Instant]
) -> None:
    """Move the photos of this machine's folder into the ledger beside everything else; `stack` ends it."""
    stop = Event()
    moving = asyncio.create_task(asyncio.to_thread(move_photos, data, ledger, clock, stop), name="photos")

    async def end() -> None:
        stop.set()
        await asyncio.wait({moving})

    stack.push_async_callback(end)


def take_over_site(site: SiteConfig, data: Path, clock: Callable[[], Instant]) -> SiteInForce:
    """The site read again: this machine may have waited for weeks. With a ledger on a server, with the files that the
    other machine had in force."""
    lost: list[ConfigFault] = []
    if site.path is not None:
        try:
            with closing(open_database(data, site.settings.ledger)) as database:
                shared = SharedSite(site.path, data, database, socket.gethostname(), clock)
                merged = shared.pull() if database.is_server else Merge()
            lost = [ConfigFault(str(site.path / path), 1, 1, "", CHANGED_ON_BOTH) for path in merged.conflicts]
        except (OSError, StoreError) as error:
            # A machine that hears with the files it has is worth more than one that waits for a folder.
            log.error("the site's files of the other machine are not taken over: %s", error)
    found = site_in_force(site.path, data)
    return replace(found, faults=(*found.faults, *lost))


class SiteSharing:
    """Stores the files of the site in the ledger as they change."""

    def __init__(self, site: Path | None, data: Path, database: Database, clock: Callable[[], Instant]) -> None:
        shares = site is not None and database.is_server
        self._site = SharedSite(site, data, database, socket.gethostname(), clock) if site and shares else None
        self._lock = asyncio.Lock()
        self._seen: object = None

    async def share(self) -> None:
        """Store what changed; returns once the other machine would find it. Logs why it cannot."""
        if self._site is None:
            return
        async with self._lock:
            try:
                seen = await asyncio.to_thread(self._site.fingerprint)
                if seen == self._seen:
                    return
                changed = await asyncio.to_thread(self._site.push)
                self._seen = seen
            except (OSError, StoreError) as error:
                log.error("the site's files are not shared with the other machine: %s", error)
                return
        if changed:
            log.info("files of the site shared: %s", ", ".join(changed))

    async def run(self) -> None:
        """Look for changes until cancelled."""
        while True:
            await self.share()
            await asyncio.sleep(POLL_S)

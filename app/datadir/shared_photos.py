"""Photos of a service whose ledger is on a server: in the ledger, where whichever machine takes over finds them.

Those that this machine wrote into its folder before, alone or by an earlier version, are moved at each start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event

from app.config.settings import LedgerSettings
from app.datadir.stores import BLOB_FOLDER, open_database
from domain import Instant
from store.blobs import BlobStore
from store.database.database import Database
from store.database.reports.photos import referenced_digests
from store.database.system.photo_contents import get_content, put_content
from store.errors import StoreError

log = logging.getLogger("fengshao.photos")


class SharedBlobStore(BlobStore):
    """Writes into a ledger on a server, else into the folder; reads both, since either may have been in use before.
    Blocking."""

    def __init__(self, folder: Path, database: Database, clock: Callable[[], Instant]) -> None:
        super().__init__(folder)
        self._database, self._clock = database, clock

    def has_room(self) -> bool:
        """See BlobStore.has_room. The disk of a server is its own: a full one refuses the content."""
        return self._database.is_server or super().has_room()

    def write(self, content: bytes) -> str:
        """See BlobStore.write. Raises CannotWrite."""
        if not self._database.is_server:
            return super().write(content)
        digest, now = self.digest_of(content), self._clock()
        self._database.write_blocking(lambda tx: put_content(tx, digest, content, now))
        return digest

    def read(self, digest: str) -> bytes | None:
        """See BlobStore.read. Raises LedgerUnread."""
        return super().read(digest) or self._database.read_blocking(lambda tx: get_content(tx, digest))


def photo_store(data: Path, database: Database, clock: Callable[[], Instant]) -> BlobStore:
    """The photos of a service."""
    return SharedBlobStore(data / BLOB_FOLDER, database, clock)


def move_photos(data: Path, ledger: LedgerSettings, clock: Callable[[], Instant], stop: Event) -> int:
    """Move the photos of this machine's folder into the ledger; returns how many. Each file is removed once the ledger
    has its content. Also by a standby: its photos are asked for at the other machine. Logs why it cannot."""
    folder = BlobStore(data / BLOB_FOLDER)
    moved = 0
    try:
        digests = folder.digests()
        if not digests:
            return 0
        with closing(open_database(data, ledger)) as database:
            for digest in database.read_blocking(partial(referenced_digests, digests=digests)):
                content = folder.read(digest)
                if stop.is_set():
                    break
                if content is not None and folder.digest_of(content) == digest:
                    database.write_blocking(lambda tx, d=digest, c=content: put_content(tx, d, c, clock()))  # type: ignore[misc]
                    folder.delete([digest])
                    moved += 1
    except (StoreError, OSError) as error:
        log.error("photos stay in %s until the next start: %s", data / BLOB_FOLDER, error)
    if moved:
        log.warning("photos moved into the ledger", extra={"photos": moved})
    return moved

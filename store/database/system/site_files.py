"""The files of the site as they are in force on the active machine: what a second machine takes over."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from domain import Instant
from store.database.sql import chunks, upsert
from store.database.system.tables import site_files

REMOVED = ""
"""The digest of a file that was there and was removed."""


def digest_of(content: bytes) -> str:
    """What tells contents apart."""
    return hashlib.sha256(content).hexdigest()


def file_digests(tx: Connection) -> dict[str, str]:
    """The digest of every file by its path in the site's folder."""
    return {row.path: row.digest for row in tx.execute(select(site_files.c.path, site_files.c.digest))}


def file_contents(tx: Connection, paths: Collection[str]) -> dict[str, bytes]:
    """The contents of these files."""
    found: dict[str, bytes] = {}
    for part in chunks(sorted(paths)):
        rows = tx.execute(select(site_files.c.path, site_files.c.content).where(site_files.c.path.in_(part)))
        found |= {path: bytes(content) for path, content in rows}
    return found


def put_files(tx: Connection, contents: Mapping[str, bytes | None], by: str, now: Instant) -> None:
    """Store files; None: it was removed."""
    for path, content in sorted(contents.items()):
        digest = REMOVED if content is None else digest_of(content)
        upsert(tx, site_files, {"path": path}, {"digest": digest, "content": content or b"", "at": now, "by": by})

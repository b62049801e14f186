"""Restores a backup into a new data directory: unpacked, verified as a whole, and only then under its name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.backup.archive import DamagedArchive, sync_folder, unpack
from app.backup.ledger_dump import DUMP_FILE, dump_faults
from app.backup.manifest import Manifest, inconsistencies
from app.backup.restored_copy import mark_as_copy
from app.datadir.ledger_address import DATABASE_FILE
from app.datadir.stores import HISTORY_FILE, JOURNAL_FILE
from app.errors import UserError
from domain import SECOND, Instant
from store.database.database import known_schemas
from store.errors import StoreError
from store.history.duckdb.snapshot import history_facts
from store.journal import newest_position
from store.snapshots import integrity_faults, ledger_facts

RESTORING: Final = "restore.partial"
"""A folder in a data directory into which a restore was not finished; `up` refuses it."""


class NotRestored(UserError):
    """The archive was not restored; the message says why, and nothing was changed."""


def restore(archive: Path, data: Path) -> Manifest:
    """Restore an archive into a folder that is empty or does not exist; returns what it holds. Raises UserError.

    The files appear in the folder only when all of them are verified, and a service on them waits for a takeover. A
    restore that is killed leaves `RESTORING` in the folder, and the service does not start on it.
    """
    if not archive.is_file():
        raise NotRestored(f"{archive} is no file: name an archive that `fengshao backup` wrote")
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise NotRestored(f"{data} is not empty: name a new folder; a restore replaces nothing")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    data.chmod(0o700)
    staging = data / RESTORING
    staging.mkdir(mode=0o700)
    try:
        manifest = unpack(archive, staging)
        raise_faults(archive, staging, manifest)
    except BaseException:
        shutil.rmtree(staging)
        raise
    for entry in sorted(staging.iterdir()):
        entry.rename(data / entry.name)
    mark_as_copy(data, f"{archive.name}, {datetime.fromtimestamp(manifest.at / SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC")
    staging.rmdir()
    sync_folder(data)
    return manifest


def refuse_unfinished_restore(data: Path) -> None:
    """Raises NotRestored for a folder into which a restore did not end."""
    if (data / RESTORING).exists():
        raise NotRestored(f"{data}: a restore into it was not finished; delete the folder and restore again")
    if (data / DUMP_FILE).exists():
        raise NotRestored(
            f"{data} was restored with a dump of its ledger: load it into an empty database with `pg_restore "
            f"--no-owner --dbname URL {data / DUMP_FILE}`, write that URL into ledger.url, and delete the dump"
        )


def verify(archive: Path, folder: Path | None = None) -> Manifest:
    """Restore an archive into a temporary folder (in `folder`), compare, and delete it. Raises UserError."""
    with tempfile.TemporaryDirectory(prefix=".fengshao-verify-", dir=folder) as name:
        return restore(archive, Path(name) / "data")


def raise_faults(archive: Path, folder: Path, manifest: Manifest) -> None:
    """Raises DamagedArchive with everything that is wrong with unpacked stores."""
    newer = newer_schema(manifest.schema)
    if newer:
        raise NotRestored(f"{archive}: {newer}")
    try:
        faults = list(_faults(folder, manifest))
    except StoreError as error:
        faults = [str(error)]
    if faults:
        raise DamagedArchive(f"{archive} is damaged:\n" + "\n".join(f"  {fault}" for fault in faults))


def newer_schema(schema: str) -> str:
    """Why this version cannot open a database of this schema; empty when it can."""
    known = known_schemas()
    if schema in known:
        return ""
    return (
        f"its database was written by a newer version (schema {schema}); this version knows "
        f"schemas up to {known[-1]}: install the newer version, or restore a backup from before the upgrade"
    )


def _faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    yield from (f"{JOURNAL_FILE}: {fault}" for fault in integrity_faults(folder / JOURNAL_FILE))
    yield from dump_faults(folder / DUMP_FILE) if (folder / DUMP_FILE).exists() else _file_faults(folder, manifest)
    newest = newest_position(folder / JOURNAL_FILE)
    if newest != manifest.journal:
        yield f"{JOURNAL_FILE} ends at {newest}, the manifest says {manifest.journal}"
    history = folder / HISTORY_FILE
    if history.exists() and history_facts(history).positions != manifest.history:
        yield f"{HISTORY_FILE} is not at the positions of the manifest"
    yield from inconsistencies(manifest)


def _file_faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    yield from (f"{DATABASE_FILE}: {fault}" for fault in integrity_faults(folder / DATABASE_FILE))
    facts = ledger_facts(folder / DATABASE_FILE)
    if (facts.schema, facts.checkpoint) != (manifest.schema, manifest.checkpoint):
        yield f"{DATABASE_FILE} is not at the schema and positions of the manifest"


def summary(manifest: Manifest, format_time: Callable[[Instant], str]) -> str:
    """One line about what was restored or verified."""
    kind = "" if manifest.readings else ", without readings"
    return (
        f"{len(manifest.files)} files, {manifest.total_bytes} bytes{kind}, as of {format_time(manifest.at)}; "
        f"journal at {manifest.journal}, schema {manifest.schema}"
    )

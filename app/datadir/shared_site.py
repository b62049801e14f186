"""The files of a site on two machines: the active one stores in the ledger what it has in force, a takeover takes it.

The files of the site stay the source (decision 0069). Each machine remembers what both last had in common, so that it
is known who changed a file since: one that was changed on the active machine replaces ours, one that was changed here
stays and comes into force with the takeover, and of one that was changed on both the active machine's is taken and ours
kept beside. site.yaml is never replaced: it names what belongs to a machine.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from app.datadir.site_in_force import start_faults
from domain import Instant
from store.database.database import Database
from store.database.system.site_files import REMOVED, digest_of, file_contents, file_digests, put_files

log = logging.getLogger("fengshao.site")

COMMON_FILE: Final = "site-shared.json"
"""What this machine and the ledger last had in common: digests by path."""
KEPT_FOLDER: Final = "site-replaced"
"""Files of this machine that were changed on both and replaced."""
SUFFIXES: Final = frozenset({".yaml", ".yml", ".csv", ".js", ".json", ".geojson"})
"""What a site consists of. Keys and certificates are none of it: they belong to a machine."""
FILE_BYTES_MAX: Final = 16 << 20
OWN: Final = frozenset({"site.yaml"})


class Merge(Struct, frozen=True):
    """Paths to be taken from the ledger; `conflicts` are those of them that were changed here as well."""

    taken: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def merge(own: Mapping[str, str], shared: Mapping[str, str], common: Mapping[str, str]) -> Merge:
    """Compare digests by path; a file that does not exist has REMOVED.

    >>> merge({"a": "1", "b": "1", "c": "2"}, {"a": "2", "b": "1", "c": "3"}, {"a": "1", "b": "0", "c": "1"})
    Merge(taken=('a', 'c'), conflicts=('c',))
    """
    taken, conflicts = [], []
    for path, theirs in sorted(shared.items()):
        ours, before = own.get(path, REMOVED), common.get(path)
        if path in OWN or ours == theirs or before == theirs:
            continue
        taken.append(path)
        if ours not in (before, REMOVED):
            conflicts.append(path)
    return Merge(tuple(taken), tuple(conflicts))


class SharedSite:
    """The folder of a site beside a ledger on a server. `holder` names this machine. Blocking."""

    def __init__(self, site: Path, data: Path, database: Database, holder: str, clock: Callable[[], Instant]) -> None:
        self._site, self._data, self._database = site, data, database
        self._holder, self._clock = holder, clock

    def pull(self) -> Merge:
        """Take over what the active machine had in force. Call it before the site is loaded. Raises OSError for a
        folder that cannot be written."""
        own, shared = self._digests(), self._database.read_blocking(file_digests)
        found = merge(own, shared, self._common())
        contents = self._database.read_blocking(lambda tx: file_contents(tx, found.taken))
        for path in found.conflicts:
            kept = self._data / KEPT_FOLDER / path
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            kept.write_bytes((self._site / path).read_bytes())
            log.error("%s was changed on both machines: that of the active one is in force, ours is %s", path, kept)
        for path in found.taken:
            _write(self._site / path, None if shared[path] == REMOVED else contents[path])
        if found.taken:
            log.warning("files of the site taken over: %s", ", ".join(found.taken))
        differing = sorted(path for path in OWN if shared.get(path) and own.get(path) != shared[path])
        if differing:
            log.warning("%s is not that of the other machine: this machine goes by its own", ", ".join(differing))
        now_own = self._digests()
        self._remember({path: digest for path, digest in shared.items() if now_own.get(path, REMOVED) == digest})
        return found

    def push(self) -> list[str]:
        """Store what is in force here; returns the paths that changed. Files with faults, and a folder that is gone,
        change nothing. Raises Superseded on a machine that is no longer active, and CannotWrite."""
        if not self._has_files():
            return []
        own, shared = self._contents(), self._database.read_blocking(file_digests)
        digests = {path: digest_of(content) for path, content in own.items()}
        changed = {path: own[path] for path, digest in digests.items() if shared.get(path) != digest}
        gone = {path: None for path, digest in shared.items() if digest != REMOVED and path not in own}
        if not changed and not gone:
            self._remember(digests)
            return []
        if faults := start_faults(self._site):
            log.warning("the site's files are not shared with the other machine while they have faults: %s", faults[0])
            return []
        now = self._clock()
        self._database.write_blocking(lambda tx: put_files(tx, {**changed, **gone}, self._holder, now))
        self._remember({**digests, **dict.fromkeys(gone, REMOVED)})
        return sorted([*changed, *gone])

    def fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        """Changes when a file does."""
        return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in self._files())

    def _has_files(self) -> bool:
        """A disk that is not mounted looks like a folder whose every file was removed."""
        try:
            return any(self._site.iterdir())
        except OSError:
            return False

    def _digests(self) -> dict[str, str]:
        return {path: digest_of(content) for path, content in self._contents().items()}

    def _contents(self) -> dict[str, bytes]:
        return {path.relative_to(self._site).as_posix(): path.read_bytes() for path in self._files()}

    def _files(self) -> list[Path]:
        left_out, found = self._data.resolve(), list[Path]()
        for root, folders, names in os.walk(self._site):
            at = Path(root)
            folders[:] = [name for name in folders if not name.startswith(".") and (at / name).resolve() != left_out]
            paths = [at / name for name in names if not name.startswith(".") and Path(name).suffix in SUFFIXES]
            found += [path for path in paths if path.is_file() and path.stat().st_size <= FILE_BYTES_MAX]
        return sorted(found)

    def _common(self) -> dict[str, str]:
        try:
            return msgspec.json.decode((self._data / COMMON_FILE).read_bytes(), type=dict[str, str])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}

    def _remember(self, digests: Mapping[str, str]) -> None:
        if self._common() != digests:
            _write(self._data / COMMON_FILE, msgspec.json.encode(dict(sorted(digests.items()))))


def _write(path: Path, content: bytes | None) -> None:
    """Replace a file as a whole, or remove it."""
    if content is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".", delete=False) as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
    os.chmod(draft.name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
    os.replace(draft.name, path)

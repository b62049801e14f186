"""The tables of a site as they were parsed, kept in DIR: a restart with the same files parses none of them.

A district has 450,000 rows. Parsing them took half a minute of a start, twice, in which nothing was heard.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pydantic
import yaml
from msgspec import Struct, structs

import app.config
import domain
from app.config.registry_files import CSV_FILES
from app.config.settings import SiteSettings
from app.config.site import ROSTERS, SiteTables, read_tables
from app.private_files import write_private_bytes
from domain.kind import Kind
from domain.roles import Roles
from ingest.adapters import FILTERS

log = logging.getLogger("fengshao.site")

TABLES_FILE: Final = "site-tables.msgpack"
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


class _Kept(Struct, frozen=True):
    """`digest` is of everything that the tables depend on; `tables` are a `SiteTables`."""

    digest: bytes
    tables: msgspec.Raw


class KeptTables:
    """Reads the tables of a site folder (app.config.site.ReadTables) from `data` where nothing that they depend on has
    changed, else from the folder, and keeps them."""

    def __init__(self, data: Path) -> None:
        self._file = data / TABLES_FILE

    def __call__(
        self, path: Path, settings: SiteSettings, kinds: Mapping[str, Kind] | None, roles: Roles
    ) -> SiteTables:
        """As `read_tables`. Raises ConfigError; tables with faults are not kept, nor those checked against kinds."""
        digest = _digest(path, settings, roles) if kinds is None else None
        kept = None if digest is None else self._read(digest)
        if kept is not None:
            return kept
        tables = read_tables(path, settings, kinds, roles)
        if digest is not None and _digest(path, settings, roles) == digest:  # not changed while they were read
            self._write(digest, tables)
        return tables

    def _read(self, digest: bytes) -> SiteTables | None:
        try:
            content = self._file.read_bytes()
            # Ours and whole, or not read: a file that a disk damaged must not look like a site.
            if content[:_DIGEST_BYTES] != hashlib.sha256(content[_DIGEST_BYTES:]).digest():
                return None
            kept = msgspec.msgpack.decode(memoryview(content)[_DIGEST_BYTES:], type=_Kept)
            return _decoded(kept.tables) if kept.digest == digest else None
        except (OSError, msgspec.DecodeError):
            return None

    def _write(self, digest: bytes, tables: SiteTables) -> None:
        try:
            for unfinished in self._file.parent.glob(f".{TABLES_FILE}.*"):
                unfinished.unlink()
            content = msgspec.msgpack.encode(_Kept(digest, msgspec.Raw(msgspec.msgpack.encode(tables))))
            write_private_bytes(self._file, hashlib.sha256(content).digest() + content)
        except Exception as error:  # noqa: BLE001 (whatever it is: the tables are read, and the service starts with them)
            log.warning("the tables were not kept in %s, the next start reads the files: %s", self._file, error)


def _decoded(tables: msgspec.Raw) -> SiteTables:
    """Record by record: decoding a district's at once takes the interpreter for a second, in which a running service
    processes no alarm."""
    lists = msgspec.msgpack.decode(tables, type=dict[str, list[msgspec.Raw]])
    decoders = {one.name: msgspec.msgpack.Decoder(get_args(one.type)[0]) for one in structs.fields(SiteTables)}
    return SiteTables(**{name: [decoders[name].decode(record) for record in lists[name]] for name in decoders})


def _digest(path: Path, settings: SiteSettings, roles: Roles) -> bytes | None:
    """Of everything that the tables of a folder depend on; None where a file cannot be read."""
    found = hashlib.sha256(_code_digest())
    found.update(repr((str(settings.zone), sorted(roles.items()))).encode())
    try:
        for content in _contents(path):
            found.update(b"-" if content is None else hashlib.sha256(content).digest())
    except OSError:
        return None
    return found.digest()


def _contents(path: Path) -> Iterator[bytes | None]:
    for name in (*(f"{table}.csv" for table in CSV_FILES), ROSTERS):
        file = path / name
        yield file.read_bytes() if file.exists() else None


@cache
def _code_digest() -> bytes:
    """Of the code that reads tables and of what it makes of them: another version may read the same files otherwise."""
    found = hashlib.sha256(repr((sorted(FILTERS), pydantic.VERSION, yaml.__version__, msgspec.__version__)).encode())
    packages: tuple[Any, ...] = (app.config, domain)
    for package in packages:
        for file in sorted(Path(package.__file__).parent.rglob("*.py")):
            found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.digest()

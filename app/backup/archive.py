"""The archive of a backup: a tar file (with gzip when its name ends in .gz) whose last member is the manifest.

It is written under another name, synced and renamed, so that a file with the archive's name is whole.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from app.backup import manifest
from app.backup.manifest import MANIFEST, ArchivedFile, Manifest
from app.errors import UserError

PARTIAL: Final = ".partial"
"""How the name of an archive ends until it is whole."""
SMALL_BYTES_MAX: Final = 16 << 20
"""A file up to this size is read as a whole before it is added."""
_BLOCK: Final = 1 << 20
_GZIP_LEVEL: Final = 1
_MANIFEST_BYTES_MAX: Final = 256 << 20
_HEADER_BYTES_MAX: Final = 64 << 10
"""Of a member's long name or attributes, which are read as a whole before the member is known."""
MEMBERS_MAX: Final = 5_000_000
"""Some photos a minute for ten years."""
ROOM_BYTES_MIN: Final = 256 << 20
"""Left free on the disk: the service beside which an archive is unpacked needs them more."""


class DamagedArchive(UserError):
    """The file is no whole backup: the message says what is wrong with it."""


class ArchiveWriter:
    """Adds files and notes what was written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: list[ArchivedFile] = []

    def add(self, name: str, path: Path) -> None:
        """Add a file. One above SMALL_BYTES_MAX must not become shorter meanwhile."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= SMALL_BYTES_MAX:
                self.add_bytes(name, file.read())
            else:
                self._add(name, file, size)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a file by its content."""
        self._add(name, io.BytesIO(content), len(content))

    def finish(self, describe: Callable[[Sequence[ArchivedFile]], Manifest]) -> Manifest:
        """Write the manifest, which makes the archive whole."""
        described = describe(tuple(self.files))
        self.add_bytes(MANIFEST, manifest.encode(described))
        return described

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        hashing = _Hashing(file)
        self._tar.addfile(member, hashing)
        self.files.append(ArchivedFile(name, size, hashing.digest.hexdigest()))


class _Hashing:
    """A file whose digest grows with what is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Write an archive, mode 0600. It has its name only after the end of the block; an error leaves no file."""
    unfinished = path.with_name(f".{path.name}{PARTIAL}")
    unfinished.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with _compressed(path, file) as stream, tarfile.open(fileobj=stream, mode="w|") as tar:
                yield ArchiveWriter(tar)
            file.flush()
            os.fsync(file.fileno())
        _give_name(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)


def _give_name(unfinished: Path, path: Path) -> None:
    """Unlike a rename a link never replaces an earlier backup. FAT, exFAT and many network disks have no links."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise
        unfinished.rename(path)


@contextmanager
def _compressed(path: Path, file: IO[bytes]) -> Iterator[IO[bytes]]:
    if path.suffix != ".gz":
        yield file
        return
    with gzip.GzipFile("", "wb", _GZIP_LEVEL, file) as stream:
        yield stream  # type: ignore[misc]


def unpack(path: Path, folder: Path) -> Manifest:
    """Write the files of an archive into an empty folder and compare each with the manifest. Raises DamagedArchive.

    Names are those of regular files below `folder`; anything else is refused, and so is an archive whose files leave
    less than ROOM_BYTES_MIN of the disk free, before they are written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found: dict[str, ArchivedFile] = {}
    described: bytes | None = None
    try:
        with tarfile.open(path, "r|*", tarinfo=_Member) as tar:
            for member in tar:
                _check_member(member, found)
                _check_room(member, folder)
                content = tar.extractfile(member)
                assert content is not None
                if member.name == MANIFEST:
                    described = content.read()
                else:
                    found[member.name] = _write(folder / member.name, content, member)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedArchive(f"{path} is no whole backup: {error}") from error
    return _compared(path, described, found)


def _check_member(member: tarfile.TarInfo, found: dict[str, ArchivedFile]) -> None:
    if not member.isreg() or not _is_below(member.name) or member.name in found:
        raise DamagedArchive(f"{member.name!r} in the archive is no file of a data directory")
    if len(found) >= MEMBERS_MAX:
        raise DamagedArchive(f"it holds more than {MEMBERS_MAX} files")
    if member.name == MANIFEST and member.size > _MANIFEST_BYTES_MAX:
        raise DamagedArchive(f"its {MANIFEST} has {member.size} bytes")


def _check_room(member: tarfile.TarInfo, folder: Path) -> None:
    """A few kilobytes of a compressed archive may become all that a disk has, and the journal's disk with it."""
    free = shutil.disk_usage(folder).free
    if member.size > free - ROOM_BYTES_MIN:
        raise DamagedArchive(
            f"{member.name!r} has {member.size} bytes, and the disk of {folder} has {free} free, of which "
            f"{ROOM_BYTES_MIN} are kept: name a folder on a larger disk"
        )


class _Member(tarfile.TarInfo):
    """A member whose header is read as a whole only while it is small."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size > _HEADER_BYTES_MAX and self.type not in tarfile.REGULAR_TYPES:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(tar)  # type: ignore[misc, no-any-return]


def _is_below(name: str) -> bool:
    """Whether a name leads to a file below the folder it is joined to."""
    parts = name.split("/")
    return "\0" not in name and not any(part in ("", ".", "..") for part in parts)


def _write(path: Path, content: IO[bytes], member: tarfile.TarInfo) -> ArchivedFile:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashing = _Hashing(content)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(hashing, file, _BLOCK)
        file.flush()
        os.fsync(file.fileno())
    return ArchivedFile(member.name, member.size, hashing.digest.hexdigest())


def _compared(path: Path, described: bytes | None, found: dict[str, ArchivedFile]) -> Manifest:
    if described is None:
        raise DamagedArchive(f"{path} is no whole backup: it ends before its {MANIFEST}")
    try:
        expected = manifest.decode(described)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedArchive(f"{path}: its {MANIFEST} cannot be read: {error}") from error
    listed = {file.name: file for file in expected.files}
    for name in sorted(listed.keys() | found.keys()):
        if listed.get(name) != found.get(name):
            raise DamagedArchive(f"{path}: {name} is not as {MANIFEST} lists it")
    return expected


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

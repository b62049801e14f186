"""Archives: whole or nothing, and nothing outside the folder."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.backup import archive as module
from app.backup.archive import DamagedArchive, new_archive, unpack
from app.backup.manifest import MANIFEST
from tests.app.backup.test_manifest import WHOLE


def written(path: Path) -> Path:
    with new_archive(path) as archive:
        archive.add_bytes("ledger.db", b"one")
        archive.add_bytes("blobs/ab/abcd.jpg", b"two")
        archive.finish(lambda files: replace(WHOLE, files=files))
    return path


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_an_archive_is_unpacked_as_it_was_written_and_private(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)
    manifest = unpack(path, tmp_path / "out")
    assert [file.name for file in manifest.files] == ["ledger.db", "blobs/ab/abcd.jpg"]
    assert (tmp_path / "out" / "blobs" / "ab" / "abcd.jpg").read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == (tmp_path / "out" / "ledger.db").stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_an_archive_cut_anywhere_is_refused(tmp_path: Path, name: str) -> None:
    whole = written(tmp_path / name).read_bytes()
    end = len(whole) * 3 // 4 if name.endswith(".gz") else whole.rindex(b"}")  # only zeros follow the manifest
    for number, size in enumerate(range(0, end, max(1, end // 9))):
        (tmp_path / name).write_bytes(whole[:size])
        with pytest.raises(DamagedArchive):
            unpack(tmp_path / name, tmp_path / str(number))


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar")
    path.write_bytes(path.read_bytes().replace(b"two", b"tWo", 1))
    with pytest.raises(DamagedArchive, match=r"abcd\.jpg is not as manifest\.json lists it"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "a//b"])
def test_a_member_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(DamagedArchive, match="is no file of a data directory"):
        unpack(tmp_path / "a.tar", tmp_path / "out")


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("ledger.db")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(link)
    with pytest.raises(DamagedArchive, match="is no file of a data directory"):
        unpack(tmp_path / "a.tar", tmp_path / "out")


def test_a_manifest_that_is_no_json_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(MANIFEST), io.BytesIO())
    with pytest.raises(DamagedArchive, match=r"its manifest\.json cannot be read"):
        unpack(tmp_path / "a.tar", tmp_path / "out")


def test_an_earlier_archive_is_never_replaced_and_an_error_leaves_no_file(tmp_path: Path) -> None:
    before = written(tmp_path / "a.tar").read_bytes()
    with pytest.raises(FileExistsError):
        written(tmp_path / "a.tar")
    assert (tmp_path / "a.tar").read_bytes() == before

    with pytest.raises(OSError, match="No such file"), new_archive(tmp_path / "b.tar") as archive:
        archive.add("ledger.db", tmp_path / "missing")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tar"]


def test_kill_9_half_way_leaves_no_file_that_looks_whole(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from app.backup.archive import new_archive\n"
        "with new_archive(Path(sys.argv[1])) as archive:\n"
        "    archive.add_bytes('ledger.db', os.urandom(300_000))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "a.tar.gz"
    killed = subprocess.run([sys.executable, "-c", code, str(path)], env=dict(os.environ), timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not path.exists()
    (left,) = tmp_path.iterdir()
    with pytest.raises(DamagedArchive):
        unpack(left, tmp_path / "out")
    written(path)  # the next backup of that name does not mind


def test_a_disk_without_links_takes_a_backup_and_replaces_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stick with exFAT refused every backup at its end: EPERM is what Linux answers to link(2) there."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = written(tmp_path / "b.tar")
    assert [one.name for one in tmp_path.iterdir() if one.is_file() and one.name.endswith(".partial")] == []
    unpack(path, tmp_path / "out")
    before = path.read_bytes()
    with pytest.raises(PermissionError):
        written(path)
    assert path.read_bytes() == before


def test_a_large_file_is_added_without_being_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.backup.archive.SMALL_BYTES_MAX", 3)
    (tmp_path / "large").write_bytes(b"large")
    with new_archive(tmp_path / "b.tar") as archive:
        archive.add("large", tmp_path / "large")
        archive.finish(lambda files: replace(WHOLE, files=files))
    (tmp_path / "out").mkdir()
    unpack(tmp_path / "b.tar", tmp_path / "out")
    assert (tmp_path / "out" / "large").read_bytes() == b"large"


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    """A few hundred bytes that claim to be an exabyte."""
    with gzip.open(tmp_path / "a.tar.gz", "wb") as stream:
        member = tarfile.TarInfo("ledger.db")
        member.size = 1 << 60
        stream.write(member.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(DamagedArchive, match="name a folder on a larger disk"):
        unpack(tmp_path / "a.tar.gz", tmp_path)
    assert not (tmp_path / "ledger.db").exists()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_that_would_fill_the_memory_is_refused_unread(tmp_path: Path, kind: bytes) -> None:
    with gzip.open(tmp_path / "a.tar.gz", "wb") as stream:
        member = tarfile.TarInfo("header")
        member.size, member.type = 1 << 40, kind
        stream.write(member.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(DamagedArchive, match="a header of 1099511627776 bytes"):
        unpack(tmp_path / "a.tar.gz", tmp_path)


def test_more_files_than_a_service_ever_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.tar")
    monkeypatch.setattr(module, "MEMBERS_MAX", 1)
    with pytest.raises(DamagedArchive, match="holds more than 1 files"):
        unpack(path, tmp_path / "out")


PARTS = st.sampled_from(
    ["..", ".", "", "/", "a", "b.db", "blobs", "\\", "a\x00b", "é", "manifest.json", "~", "C:", " "]
)
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, b"6"])


@given(
    members=st.lists(st.tuples(st.lists(PARTS, min_size=1, max_size=4), KINDS), min_size=1, max_size=4),
    noise=st.binary(max_size=64),
)
@settings(max_examples=60, deadline=None)
def test_whatever_an_archive_names_nothing_outside_the_folder_is_touched(
    tmp_path_factory: pytest.TempPathFactory, members: list[tuple[list[str], bytes]], noise: bytes
) -> None:
    root = tmp_path_factory.mktemp("archive")
    out = root / "deep" / "out"
    out.mkdir(parents=True)
    with tarfile.open(root / "a.tar", "w") as tar:
        for names, kind in members:
            member = tarfile.TarInfo("/".join(names))
            member.type, member.linkname = kind, "../../outside"
            tar.addfile(member)
    with (root / "a.tar").open("r+b") as file:
        file.seek(min(257, len(noise)))
        file.write(noise)
    with contextlib.suppress(DamagedArchive):
        unpack(root / "a.tar", out)
    below = {path for path in root.rglob("*") if not path.is_relative_to(out)}
    assert below == {root / "a.tar", root / "deep"}
    assert not any(path.is_symlink() for path in out.rglob("*"))

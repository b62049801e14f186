"""Photos beside the database: synced before their row, swept without one, whatever kills the process in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from domain import HOUR
from store.blobs import BlobStore
from store.errors import CannotWrite

CRASH = """
import os, signal, sys
from pathlib import Path
from store.blobs import BlobStore
BlobStore(Path(sys.argv[1])).write(b"photo of a leak")
os.kill(os.getpid(), signal.SIGKILL)  # before the row is committed
"""


def age(path: Path, hours: float = 2) -> int:
    """Make every file older; returns the present time in ms."""
    now_s = path.stat().st_mtime
    for file in path.rglob("*"):
        os.utime(file, (now_s - hours * 3600,) * 2)
    return int(now_s * 1000)


def test_one_content_is_one_file(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    digest = blobs.write(b"photo")
    assert blobs.write(b"photo") == digest
    assert (blobs.read(digest), blobs.read("0" * 64), blobs.has_room()) == (b"photo", None, True)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (file.name, file.stat().st_mode & 0o777) == (f"{digest}.jpg", 0o600)
    blobs.delete([digest, "f" * 64])
    assert blobs.read(digest) is None


def test_a_file_whose_row_was_never_committed_is_swept(tmp_path: Path) -> None:
    crashed = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], check=False)
    assert crashed.returncode == -signal.SIGKILL
    blobs = BlobStore(tmp_path)
    kept = blobs.write(b"photo with a row")
    (tmp_path / kept[:2] / f"{kept}.tmp77").write_bytes(b"half")

    def referenced(digests: Collection[str]) -> Collection[str]:
        return [digest for digest in digests if digest == kept]

    now = age(tmp_path)
    assert blobs.sweep(now - 2 * HOUR, referenced) == 0  # too young: its transaction may still be open
    assert blobs.sweep(now, referenced) == 2
    assert [path.stem for path in tmp_path.rglob("*.*")] == [kept]


def test_a_photo_sent_again_is_no_orphan(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    digest = blobs.write(b"photo")
    now = age(tmp_path)
    blobs.write(b"photo")
    assert blobs.sweep(now, lambda _: []) == 0
    assert blobs.read(digest) == b"photo"


def test_a_disk_that_takes_nothing_is_reported(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file in place of the folder")
    with pytest.raises(CannotWrite):
        BlobStore(tmp_path / "blobs").write(b"photo")
    assert BlobStore(tmp_path, free_bytes_min=1 << 60).has_room() is False
    assert BlobStore(tmp_path / "absent").sweep(0, lambda _: []) == 0

"""Changes of files, seen without reading them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.reload.file_watcher import FileWatcher


@pytest.fixture
def watcher(tmp_path: Path) -> FileWatcher:
    return FileWatcher(lambda: sorted(tmp_path.glob("*.yaml")))


def test_a_file_that_is_added_changed_or_removed_is_a_change_until_it_is_seen(
    watcher: FileWatcher, tmp_path: Path
) -> None:
    file = tmp_path / "gas.yaml"
    assert not watcher.has_changed()
    for text in ("a", "bb"):
        file.write_text(text)
        assert watcher.has_changed()
        watcher.mark_seen()
        assert not watcher.has_changed()
    os.utime(file, ns=(1, 1))
    assert watcher.has_changed()
    watcher.mark_seen()
    file.unlink()
    assert watcher.has_changed()


def test_a_change_while_the_files_are_read_is_found_by_the_next_poll(watcher: FileWatcher, tmp_path: Path) -> None:
    file = tmp_path / "gas.yaml"
    file.write_text("a")
    watcher.mark_seen()
    file.write_text("half saved, and now whole")
    assert watcher.has_changed()


def test_a_file_that_disappears_between_listing_and_looking_stops_nothing(tmp_path: Path) -> None:
    watcher = FileWatcher(lambda: [tmp_path / "gone.yaml"])
    watcher.mark_seen()
    assert not watcher.has_changed()

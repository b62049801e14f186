"""Secrets are replaced as a whole and durable before they count."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.private_files import write_private


def test_a_file_is_replaced_as_a_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "one.key"
    write_private(path, "first\n")
    path.chmod(0o644)
    write_private(path, "二\n")
    assert (path.read_text("utf-8"), path.stat().st_mode & 0o777) == ("二\n", 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["one.key"]


def test_content_and_name_are_synced_before_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut right after the first start left an empty token, with which everybody was the administrator."""
    synced: list[bool] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append((tmp_path / "token").exists())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_private(tmp_path / "token", "x")
    assert synced == [False, True]


def test_a_failed_write_leaves_the_former_file(tmp_path: Path) -> None:
    write_private(tmp_path / "token", "x")
    with pytest.raises(UnicodeEncodeError):
        write_private(tmp_path / "token", "\ud800")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("token", "x")]

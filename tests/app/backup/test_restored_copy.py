"""A restored copy waits for a person who says that it takes over."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.backup.create import StoppedHistory, write_backup
from app.backup.restore import restore
from app.backup.restored_copy import MARKER, NoCopy, origin_of_copy, take_over
from app.cli.main import main
from tests.app.backup.test_create import NOW, data
from tests.app.backup.test_restore import archive

__all__ = ["archive", "data"]


def test_a_restored_folder_is_a_copy_until_the_command_and_its_own_backup_is_none(
    tmp_path: Path, archive: Path
) -> None:
    copy = tmp_path / "copy"
    restore(archive, copy)
    assert str(origin_of_copy(copy)).startswith("b.tar, 20")
    again = write_backup(copy, tmp_path / "again.tar", StoppedHistory(copy), lambda: NOW)
    assert MARKER not in {file.name for file in again.manifest.files}
    assert str(take_over(copy)).startswith("b.tar, ")
    assert origin_of_copy(copy) is None
    with pytest.raises(NoCopy, match="waits for no takeover"):
        take_over(copy)


def test_a_restore_in_place_of_a_dead_machine_takes_over_at_once(tmp_path: Path, archive: Path) -> None:
    command = ["restore", str(archive), "--data", str(tmp_path / "new"), "--takeover"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "must not run" in done.output
    assert origin_of_copy(tmp_path / "new") is None
    (tmp_path / "new" / MARKER).touch()
    assert origin_of_copy(tmp_path / "new") == "?", "a marker that a power cut emptied"

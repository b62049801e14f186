"""A backup beside a running service, and the alert that the last one is too old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.backup.restore import verify
from app.cli.backup import archive_path, back_up
from app.pipeline.self_monitoring import SelfMonitoring
from app.server import backups
from app.server.backups import BackupDesk
from console.backup_interface import BackupRefused, LastBackup
from domain import HOUR, FindingPhase
from store.database.database import Database, sqlite_url
from store.errors import StoreError
from tests.conftest import Broker
from tests.support.service_harness import START, running_service


async def test_a_running_service_is_backed_up_by_command_and_knows_it(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    lines, archives = list[str](), tmp_path / "archives"
    async with running_service(tmp_path / "data", broker.port, free_port()) as harness:
        assert (await harness.api.get("/api/v1/backups/last")).status_code == 404
        await harness.publish("fengshao/v1/gas-402/up", {"lel_pct": 0.5})
        await harness.until_items("/api/v1/devices/gas-402/readings", 1)
        for keep in (None, 1):
            await asyncio.to_thread(
                back_up,
                tmp_path / "data",
                archives if keep else archives / "first.tar",
                verified=False,
                with_readings=keep is None,
                keep=keep,
                print_line=lines.append,
            )
        last = (await harness.api.get("/api/v1/backups/last")).json()
        facts = next(one for one in (await harness.get("/api/v1/system"))["checks"] if one["name"] == "backup")
        assert facts["state"] == "good"
    dated = next(path for path in archives.iterdir() if path.name != "first.tar")
    assert last["file"] == dated.name
    assert any("without readings" in line for line in lines)
    assert verify(archives / "first.tar").readings


def test_a_backup_in_a_folder_is_named_by_its_time(tmp_path: Path) -> None:
    assert archive_path(tmp_path, START).name == "fengshao-20261121T140000Z.tar.gz"
    assert archive_path(tmp_path / "x.tar", START) == tmp_path / "x.tar"


def desk(tmp_path: Path, history: object, max_age: int = 0) -> tuple[BackupDesk, list[Any], Database]:
    database = Database(sqlite_url(tmp_path / "ledger.db"))
    database.migrate()
    found: list[Any] = []

    async def keep(change: Any) -> None:
        found.extend(change())

    settings = SimpleNamespace(settings=SimpleNamespace(backup=SimpleNamespace(max_age=max_age)))
    config = cast("Any", SimpleNamespace(data=tmp_path, site=settings))
    journal = SimpleNamespace(last_position=lambda: 7)
    stores = cast("Any", SimpleNamespace(history=history, journal=journal, database=database))
    monitoring = SelfMonitoring(keep)
    made = BackupDesk(config, stores, monitoring, lambda: START)
    asyncio.get_running_loop().create_task(monitoring.run())
    return made, found, database


async def test_a_last_backup_that_is_too_old_is_an_alert_until_the_next(tmp_path: Path) -> None:
    made, found, database = desk(tmp_path, object(), 26 * HOUR)
    await made.load()
    assert await made.check(START) == "no backup was recorded"
    await made.record(LastBackup(START - HOUR, "a.tar", 9, verified=True))
    assert await made.check(START + 26 * HOUR) == "a.tar, 9 bytes"
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [(one.rule, one.phase) for one in found][:2] == [
        ("backup", FindingPhase.BEGAN),
        ("backup", FindingPhase.ENDED),
    ]
    again, _, other = desk(tmp_path, object())
    await again.load()
    assert again.last == LastBackup(START - HOUR, "a.tar", 9, verified=True)
    assert await again.copy_history(readings=True) == 7, "a history on a server is not copied"
    other.close()
    database.close()


async def test_a_copy_that_fails_is_refused_with_its_reason_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        """A history whose file cannot be written."""

        def snapshot(self, *_: object, **__: object) -> None:
            raise StoreError("no space left")

    monkeypatch.setattr(backups, "DuckDbHistory", Failing)
    made, _, database = desk(tmp_path, Failing())
    with pytest.raises(BackupRefused, match="no space left"):
        await made.copy_history(readings=False)
    monkeypatch.setattr(backups, "room_for_history", lambda _: False)
    with pytest.raises(BackupRefused, match="has no room for a copy"):
        await made.copy_history(readings=True)
    assert not (tmp_path / "backup.partial").exists()
    database.close()

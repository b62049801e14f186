"""Exports of the history for worker processes."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.rule_tools import history_export
from app.rule_tools.history_export import FREE_BYTES_MIN, HistoryExporter
from console.rule_tools_interface import ToolsRefused
from domain import Lane, Reading
from store.history.duckdb.history import DuckDbHistory


async def test_readings_of_a_period_are_exported_into_a_file_of_their_own(tmp_path: Path) -> None:
    history = DuckDbHistory(tmp_path / "history.duckdb")
    history.append(Lane.URGENT, 1, [Reading("g", "gas_alarm", at, at, {"lel_pct": 1}) for at in (1_000, 2_000, 3_000)])
    await history.flush()
    exporter = HistoryExporter(history)
    (tmp_path / "work").mkdir()

    file = await exporter.export(tmp_path / "work", 1_500, 3_500, None)

    exporter.close()
    await history.close()
    copy = DuckDbHistory(file)
    assert [reading.at for reading in copy.sorted_replay(0, 10_000, None)] == [2_000, 3_000]
    await copy.close()


async def test_a_full_disk_and_a_remote_history_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = HistoryExporter(SimpleNamespace())  # type: ignore[arg-type]
    assert await remote.clip_start(7) == 7
    with pytest.raises(ToolsRefused, match="only the embedded history"):
        await remote.export(tmp_path, 0, 1, None)
    remote.close()

    history = DuckDbHistory(tmp_path / "history.duckdb")
    full = SimpleNamespace(free=FREE_BYTES_MIN - 1)
    monkeypatch.setattr(history_export, "shutil", SimpleNamespace(**{**vars(shutil), "disk_usage": lambda _path: full}))
    exporter = HistoryExporter(history)
    with pytest.raises(ToolsRefused, match="MiB are free on the disk: the journal needs them"):
        await exporter.export(tmp_path, 0, 1, None)
    exporter.close()
    await history.close()

"""The stores of a data directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.catalog import load_kinds
from app.config.secrets import MissingSecret
from app.config.settings import HistorySettings
from app.datadir.stores import open_history, open_stores
from store.history.duckdb.history import DuckDbHistory


async def test_a_new_directory_is_private_and_holds_three_files(tmp_path: Path) -> None:
    data = tmp_path / "data"
    stores = open_stores(data, HistorySettings(), load_kinds())
    await stores.close()

    assert {"journal.db", "history.duckdb", "ledger.db"} <= {file.name for file in data.iterdir()}
    assert data.stat().st_mode & 0o777 == 0o700
    assert isinstance(stores.history, DuckDbHistory)


def test_influxdb_without_its_token_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FENGSHAO_HISTORY_TOKEN", raising=False)
    with pytest.raises(MissingSecret, match="history: the environment variable FENGSHAO_HISTORY_TOKEN"):
        open_history(tmp_path, HistorySettings(type="influxdb", url="http://127.0.0.1:1"), {})

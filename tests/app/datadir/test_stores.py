"""The stores of a data directory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from app.config.catalog import load_kinds
from app.config.secrets import MissingSecret
from app.config.settings import HistorySettings, LedgerSettings
from app.datadir.stores import (
    HistoryNotReached,
    LedgerNotReached,
    NewerDatabase,
    existing_database,
    open_database,
    open_history,
    open_stores,
)
from store.database.system import key_values
from store.history.duckdb.history import DuckDbHistory


async def test_a_new_directory_is_private_and_holds_three_files(tmp_path: Path) -> None:
    data = tmp_path / "data"
    stores = open_stores(data, HistorySettings(), load_kinds())
    await stores.close()

    assert {"journal.db", "history.duckdb", "ledger.db"} <= {file.name for file in data.iterdir()}
    assert data.stat().st_mode & 0o777 == 0o700
    assert isinstance(stores.history, DuckDbHistory)


@pytest.mark.parametrize("type_", ["influxdb", "influxdb3"])
def test_influxdb_without_its_token_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, type_: Literal["influxdb", "influxdb3"]
) -> None:
    monkeypatch.delenv("FENGSHAO_HISTORY_TOKEN", raising=False)
    with pytest.raises(MissingSecret, match="history: the environment variable FENGSHAO_HISTORY_TOKEN"):
        open_history(tmp_path, HistorySettings(type=type_, url="http://127.0.0.1:1"), {})


def test_a_history_server_that_does_not_answer_at_the_first_start_is_one_sentence(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    settings = HistorySettings(type="victoriametrics", url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(HistoryNotReached, match="VictoriaMetrics did not answer: "):
        open_history(tmp_path, settings, {})


def test_a_ledger_on_a_server_is_opened_by_its_setting_and_remembered_by_dir(tmp_path: Path, empty_ledger: str) -> None:
    database = open_database(tmp_path, LedgerSettings(url=empty_ledger))
    database.write_blocking(lambda tx: key_values.put(tx, "kept", 1, now=0))
    database.close()
    assert not (tmp_path / "ledger.db").exists()
    for opened in (open_database(tmp_path), existing_database(tmp_path)):
        assert opened is not None
        assert opened.is_server
        assert opened.write_blocking(lambda tx: key_values.get(tx, "kept")) == 1
        opened.close()


def test_a_ledger_server_that_does_not_answer_is_one_sentence(tmp_path: Path, free_port: Callable[[], int]) -> None:
    settings = LedgerSettings(url=f"postgresql://fengshao@127.0.0.1:{free_port()}/town")
    with pytest.raises(LedgerNotReached, match=r"ledger postgresql://fengshao@127\.0\.0\.1:\d+/town: .*refused"):
        open_database(tmp_path, settings)


def test_a_copy_of_a_data_directory_is_read_from_its_file_whatever_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_database(tmp_path).close()
    monkeypatch.setenv("FENGSHAO_LEDGER_URL", "postgresql://fengshao@db.example.cn/town")
    opened = existing_database(tmp_path)
    assert opened is not None
    assert not opened.is_server
    opened.close()


def test_a_database_of_a_newer_version_is_refused_in_one_sentence_and_left_as_it_is(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(NewerDatabase, match=r"newer version of fengshao \(schema 9999; .*restore a backup from before"):
        open_database(tmp_path)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    connection.close()

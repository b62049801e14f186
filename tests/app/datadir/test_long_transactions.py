"""A ledger on PostgreSQL: the server ends a transaction that is idle for ten seconds, and a large site or ledger needs
longer between two statements. Here it ends them after two seconds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.config.site import load_site
from app.datadir import site_import
from app.datadir.site_import import import_changed_site, import_site
from app.reload.registry import RegistryCache
from domain import Person
from store.database import postgresql, registry, transfer
from store.database.database import Database, sqlite_url
from store.database.registry import reading
from store.database.system import key_values
from store.errors import CannotWrite
from tests.app.datadir.test_site_import import FILES

MANY = 1_300


@pytest.fixture
def _impatient_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "IDLE_TRANSACTION_TIMEOUT_MS", 2_000)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def wait_longer(*_any: object) -> None:
    threading.Event().wait(2.5)


@pytest.mark.usefixtures("_impatient_server")
def test_the_server_does_end_a_transaction_that_stops(empty_ledger: str) -> None:
    with closing(Database(empty_ledger)) as ledger, pytest.raises(CannotWrite, match="idle-in-transaction"):
        ledger.write_blocking(lambda tx: (key_values.put(tx, "a", 1, now=0), wait_longer(), key_values.get(tx, "a")))


@pytest.mark.usefixtures("_impatient_server")
@pytest.mark.parametrize("store", [import_site, import_changed_site])
def test_a_site_that_is_compared_for_longer_is_imported(
    store: Any, site: Path, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = site_import._digests
    monkeypatch.setattr(site_import, "_digests", lambda loaded: wait_longer() or digests(loaded))
    monkeypatch.setattr(site_import, "_compare", lambda *_given: wait_longer() or site_import._Comparison())
    files = load_site(site)
    with closing(Database(empty_ledger)) as ledger:
        result = ledger.write_blocking(lambda tx: store(tx, files, 5))
        assert result.created == 9
        assert set(ledger.write_blocking(registry.community).people) == {"li", "chen", "zhao"}


@pytest.mark.usefixtures("_impatient_server")
def test_a_ledger_whose_tables_are_read_for_longer_is_copied_both_ways(empty_ledger: str, tmp_path: Path) -> None:
    people, seen = [Person(f"p{number}", "王伟") for number in range(MANY)], list[object]()

    def wait_once(copied: object) -> None:
        if not seen:
            wait_longer()
        seen.append(copied)

    with closing(Database(sqlite_url(tmp_path / "ledger.db"))) as file, closing(Database(empty_ledger)) as ledger:
        file.migrate()
        ledger.write_blocking(lambda tx: registry.put_people(tx, people, 1) and None)
        copied = transfer.transfer(ledger, file, wait_once)
        seen.clear()
        assert transfer.transfer(file, ledger, wait_once) == copied
        assert {one.table: one.rows for one in copied}["people"] == MANY


@pytest.mark.usefixtures("_impatient_server")
async def test_a_registry_that_is_read_for_longer_is_loaded(empty_ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = reading.declared_levels
    monkeypatch.setattr(reading, "declared_levels", lambda tx: wait_longer() or levels(tx))
    with closing(Database(empty_ledger)) as ledger:
        await ledger.write(lambda tx: registry.put_people(tx, [Person("p", "王伟")], 1))
        cache = RegistryCache(ledger)
        await cache.reload()
        assert set(cache.community.people) == {"p"}


def test_many_records_are_inserted_by_statements_that_each_have_an_answer_in_time(empty_ledger: str) -> None:
    """200,000 people were one statement, to which the server has to answer within 20 s."""
    with closing(Database(empty_ledger)) as ledger:

        def put(tx: Any) -> list[int]:
            sizes, execute = [], tx.execute

            def counted(statement: Any, rows: Sequence[object] | None = None, **options: Any) -> Any:
                sizes.append(len(rows) if isinstance(rows, list) else 1)
                return execute(statement, rows, **options) if rows is not None else execute(statement, **options)

            tx.execute = counted
            try:
                registry.put_people(tx, [Person(f"p{number}", "王伟") for number in range(MANY)], 1)
            finally:
                tx.execute = execute
            return sizes

        assert max(ledger.write_blocking(put)) <= 500
        assert len(ledger.write_blocking(registry.community).people) == MANY

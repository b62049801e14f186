"""The harness of the console, and clients of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from console.events import EventHub
from store.database.database import Database, sqlite_url
from store.history.duckdb.history import DuckDbHistory
from tests.support.console_harness import (
    ADMIN,
    T0,
    Client,
    ConsoleHarness,
    HistoryAtFirstUse,
    client_of,
    seed_registry,
)


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a seeded database and an empty history, created once; every test uses a copy."""
    folder = tmp_path_factory.mktemp("blank")
    ledger = Database(sqlite_url(folder / "ledger.db"))
    ledger.migrate()
    ledger.write_blocking(seed_registry)
    ledger.close()
    asyncio.run(DuckDbHistory(folder / "history.duckdb").close())
    return folder


@pytest.fixture
async def harness(tmp_path: Path, blank: Path) -> AsyncIterator[ConsoleHarness]:
    folder = shutil.copytree(blank, tmp_path / "data")
    ledger = Database(sqlite_url(folder / "ledger.db"))
    history = HistoryAtFirstUse(folder / "history.duckdb")
    harness = ConsoleHarness(ledger, history, EventHub(T0), folder / "blobs")
    await harness.load_community()
    yield harness
    await history.close()
    ledger.close()


@pytest.fixture
async def admin(harness: ConsoleHarness) -> AsyncIterator[Client]:
    """A client with the administrator's token."""
    async with client_of(harness.app, authorization=f"Bearer {ADMIN}") as client:
        yield client


@pytest.fixture
async def anyone(harness: ConsoleHarness) -> AsyncIterator[Client]:
    """A client without a token."""
    async with client_of(harness.app) as client:
        yield client


@pytest.fixture
async def bearer(harness: ConsoleHarness, admin: Client) -> AsyncIterator[Callable[..., Any]]:
    """A function that creates a token with a role and returns a client with it."""
    clients: list[Client] = []

    async def make(role: str, **limits: str) -> Client:
        made = await admin.post("/api/v1/tokens", json={"role": role, **limits})
        assert made.status_code == 201, made.text
        clients.append(client_of(harness.app, authorization=f"Bearer {made.json()['token']}"))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()

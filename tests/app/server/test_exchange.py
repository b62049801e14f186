"""Partners take their secrets from the environment; without partners nothing is recorded or sent."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest

from app.config.secrets import MissingSecret
from app.config.settings import SiteSettings
from app.config.site import SiteConfig
from app.reload.registry import RegistryCache
from app.server.exchange import Exchange, ExchangeConfig, WeakSecret, build_exchange_config, build_transactions
from domain.people import community
from store.database.database import Database, sqlite_url
from tests.support.exchange_harness import ENVIRON, exchange_settings

REGISTRY = cast("RegistryCache", SimpleNamespace(current_community=community, current_devices=dict))


def site() -> SiteConfig:
    return SiteConfig(None, SiteSettings(exchange=exchange_settings("https://12345.cn/in", "https://board.cn")), {})


async def build(environ: dict[str, str]) -> ExchangeConfig:
    async with httpx2.AsyncClient() as client:
        return build_exchange_config(site(), client, environ)


async def test_every_partner_is_a_target_with_its_secrets() -> None:
    config = await build(ENVIRON)

    assert [target.id for target in config.targets] == ["board", "system:hotline"]
    assert (set(config.partners.systems), set(config.push_secrets)) == ({"hotline", "city"}, {"hotline"})
    assert ENVIRON["PUSHES"] not in repr(config)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"BOARD": ""}, MissingSecret, "exchange.subscribers.board: the environment variable BOARD is not set"),
        ({"REPORTS": "short"}, WeakSecret, "exchange.systems.hotline: REPORTS has 5 bytes"),
        ({"PUSHES": ""}, MissingSecret, "PUSHES is not set"),
    ],
)
async def test_a_missing_or_weak_secret_is_named(changes: dict[str, str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        await build({**ENVIRON, **changes})


async def test_without_partners_nothing_is_recorded_or_sent(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "ledger.db"))
    database.migrate()
    transactions = build_transactions(ExchangeConfig(), database, REGISTRY, lambda: 0)
    desk: Any = SimpleNamespace()
    exchange = Exchange(ExchangeConfig(), database, transactions, desk, REGISTRY, lambda: 0)

    assert ExchangeConfig().is_empty
    assert await exchange.sender.send_due() == 0
    assert await exchange.sender.next_due() is None
    await exchange.sender.run()
    database.close()

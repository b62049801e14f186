"""The API over real HTTP beside a simulated 12345 platform and a subscriber, on a virtual clock."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2

from app.config.exchange import ExchangeSettings
from app.config.settings import SiteSettings
from app.config.site import SiteConfig
from app.reload.registry import RegistryCache
from app.server.exchange import Exchange, build_exchange_config, build_transactions, photo_links
from console.application import set_dependencies
from console.events import EventHub
from console.partners import ExchangeDependencies
from simulators.providers.hotline.server import HotlineServer
from simulators.providers.local_server import LoopbackServer, loopback_client
from simulators.providers.webhook import WebhookReceiver
from store.database.database import Database
from store.history.duckdb.history import DuckDbHistory
from tests.support.console_harness import ADMIN, DEVICES, T0, ConsoleHarness, all_kinds
from tests.support.documented_responses import bare_app
from tests.support.timeouts import LONG_TIMEOUT_S

REPORT_SECRET, PUSH_SECRET = "reports-are-signed-with-this-secret", "pushes-are-signed-with-this-secret!"
BOARD_SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1ib2FyZC1pbi10aGlzLXRlc3Q="
SIGNING_KEY = "signing-key-of-this-test"
ENVIRON = {"REPORTS": REPORT_SECRET, "PUSHES": PUSH_SECRET, "BOARD": BOARD_SECRET}


@dataclass
class ExchangeHarness:
    """Everything of one incident. `run_until` sends and processes deadlines as the service does."""

    console: ConsoleHarness
    exchange: Exchange
    hotline: HotlineServer
    board: WebhookReceiver
    api: httpx2.AsyncClient

    async def run_until(self, end: int) -> None:
        """Send and process whatever becomes due, on the virtual clock."""
        while True:
            await self.exchange.sender.send_due()
            await self.console.desk.tick(self.console.now)
            dues = [await self.exchange.sender.next_due(), await self.console.desk.next_wake()]
            due = min((at for at in dues if at is not None), default=None)
            if due is None or due > end:
                self.console.now = max(end, self.console.now)
                return
            self.console.now = max(due, self.console.now + 1)

    async def act(self, alert: str, action: str, person: str, **body: Any) -> dict[str, Any]:
        """An action of a person, by the API; then what follows from it is sent. A verifier has his own token."""
        headers = {}
        if action == "verify":
            made = await self.api.post("/api/v1/tokens", json={"role": "dispatcher", "person": person})
            headers = {"authorization": f"Bearer {made.json()['token']}"}
        path, sent = f"/api/v1/alerts/{alert}/{action}", {"person": person, "disposition": "real", **body}
        response = await self.api.post(path, json=sent, headers=headers)
        assert response.status_code == 200, response.text
        await self.exchange.sender.send_due()
        return dict(response.json())

    async def alert(self, alert: str) -> dict[str, Any]:
        """An alert with its timeline."""
        return dict((await self.api.get(f"/api/v1/alerts/{alert}")).json())

    async def timeline(self, alert: str) -> list[str]:
        """The texts of an alert's timeline."""
        return [entry["text"] for entry in (await self.alert(alert))["timeline"]]


def exchange_settings(hotline: str, board: str) -> ExchangeSettings:
    """A site that exchanges cases with the hotline, and events with one subscriber."""
    return ExchangeSettings.model_validate(
        {
            "networks": ["127.0.0.0/8"],
            "systems": {
                "hotline": {
                    "mapping": "hotline12345", "url": hotline, "secret_env": "REPORTS", "push_secret_env": "PUSHES"
                },
                "city": {"mapping": "cjt545"},
            },
            "subscribers": {"board": {"url": board, "secret_env": "BOARD", "topics": ["cases", "care"]}},
        }
    )  # fmt: skip


@contextlib.asynccontextmanager
async def exchange_harness(folder: Path, environ: Mapping[str, str] = ENVIRON) -> AsyncIterator[ExchangeHarness]:
    """The harness on the database in this folder."""
    database, history = Database(f"sqlite:///{folder}/ledger.db"), DuckDbHistory(folder / "history.duckdb")
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(database.close)
        stack.push_async_callback(history.close)
        times = SimpleNamespace(now=T0)
        hotline = await stack.enter_async_context(
            HotlineServer(secret=REPORT_SECRET, push_secret=PUSH_SECRET, clock=lambda: times.now)
        )
        board = await stack.enter_async_context(WebhookReceiver(secret=BOARD_SECRET, clock=lambda: times.now))
        client = await stack.enter_async_context(loopback_client())
        site = SiteConfig(None, SiteSettings(exchange=exchange_settings(hotline.url, board.url)), all_kinds())
        config = build_exchange_config(site, client, environ, photo_links("https://maple.example.cn/", SIGNING_KEY))
        registry = SimpleNamespace(
            current_community=lambda: console.community, current_devices=lambda: {each.id: each for each in DEVICES}
        )
        transactions = build_transactions(config, database, cast("RegistryCache", registry), lambda: console.now)
        console = ConsoleHarness(
            database,
            history,
            EventHub(T0),
            folder / "blobs",
            transactions=transactions,
            outside=config.partners.bodies(),
        )
        hotline.clock = board.clock = lambda: console.now
        await console.load_community()
        exchange = Exchange(
            config, database, transactions, console.desk, cast("RegistryCache", registry), lambda: console.now
        )
        dependencies = ExchangeDependencies(
            exchange.cases,
            tuple(config.partners.systems),
            config.push_secrets,
            tuple(exchange.sender.counts),
            exchange.sender.resume,
            config.renderers,
            {name: (each.title.zh, each.title.en) for name, each in config.partners.systems.items()},
        )
        app = set_dependencies(bare_app(), console.deps_with(exchange=dependencies))
        host = await stack.enter_async_context(LoopbackServer(app))
        api = await stack.enter_async_context(
            httpx2.AsyncClient(
                base_url=host.url, headers={"authorization": f"Bearer {ADMIN}"}, trust_env=False, timeout=LONG_TIMEOUT_S
            )
        )
        token = (await api.post("/api/v1/tokens", json={"role": "exchange", "platform": "hotline"})).json()["token"]
        hotline.push_url, hotline.token = f"{host.url}/api/v1/exchange/hotline", token
        yield ExchangeHarness(console, exchange, hotline, board, api)

"""A whole service on a real broker, real files and real provider servers, with a clock that tests move.

Nothing is patched: tests publish over MQTT, read text messages at the SMS provider, and use the HTTP API.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import Any, Self

import aiomqtt
import httpx2
from fastapi import FastAPI

from app.config.addresses import ListenAddress
from app.config.catalog import load_kinds, load_wording
from app.config.settings import AliyunSmsSettings, ChannelSettings, SiteSettings
from app.config.site import SiteConfig
from app.config.unusable_settings import RAISING
from app.datadir.credentials import signing_key
from app.datadir.ledger_address import DATABASE_FILE
from app.datadir.stores import open_database, open_stores
from app.server import http as serving
from app.server.channels import build_channels, http_client
from app.server.console import build_app
from app.server.demo import registered_templates
from app.server.exchange import build_exchange_config
from app.server.service import Service
from app.server.service_config import ServiceConfig
from domain import MINUTE, Cell, Device, Duty, Identity, Person, Place
from ingest.mqtt.broker_address import BrokerAddress
from ingest.routing.broker_clients import BrokerClients
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.phones import Phones
from tests.support.timeouts import LONG_TIMEOUT_S

START = 1_795_269_600_000
"""2026-11-21 22:00 in Shanghai."""
TOKEN = "town-administrator-token"

PLACES = [
    Place("yard", "枫林苑", "compound", cell="g1"),
    Place("b3", "3栋", "building", "yard"),
    Place("u2", "2单元", "unit", "b3"),
    Place("h402", "402", "household", "u2"),
    Place("h403", "403", "household", "u2"),
]
CELLS = [
    Cell("street", "枫溪街道", "street"),
    Cell("c1", "枫树社区", "community", "street"),
    Cell("g1", "第一网格", "grid", "c1"),
]
PEOPLE = [
    Person("li", "李伟", "19900000001"),
    Person("chen", "陈芳", "19900000002"),
    Person("zhao", "赵敏", "19900000003"),
    Person("elder", "王奶奶", home="h402", attributes={"lives_alone": True, "age": 82}),
]
DUTIES = [
    Duty("1", "g1", "worker", "li"),
    Duty("2", "g1", "lead", "chen"),
    Duty("3", "c1", "community", "zhao"),
]
DEVICES = [
    Device("gas-402", "gas_alarm", place="h402"),
    Device("gas-403", "gas_alarm", place="h403", identities=(Identity("zigbee2mqtt", "0x000d6f0014f7bf0f"),)),
    Device("meter-402", "water_meter", place="h402", attributes={"person": "elder"}),
    Device("band-402", "wristband", place="h402", attributes={"person": "elder"}),
]


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


class Phone:
    """The text messages that the SMS providers delivered to one person."""

    def __init__(self, harness: ServiceHarness, number: str) -> None:
        self._harness, self.number = harness, number
        self._read = 0

    @property
    def texts(self) -> list[str]:
        received = [text for phones in self._harness.phone_networks for text in phones.texts_of(self.number)]
        return [text.text for text in sorted(received, key=lambda text: text.at)]

    async def expects_sms(self, *parts: str) -> str:
        """The next unread text contains all of these; it comes soon or the test fails."""
        await self._harness.until(lambda: len(self.texts) > self._read, f"a text to {self.number}")
        text = self.texts[self._read]
        self._read += 1
        missing = [part for part in parts if part not in text]
        assert not missing, f"{text!r} lacks {missing}"
        return text

    async def replies(self, text: str) -> None:
        await self._harness.sms.reply(self.number, text)


TLS = ssl.create_default_context()
SPARE_APPS: list[FastAPI] = []
"""Applications that no service uses: an application finds out what its operations need at its first request, which
takes 130 ms."""


@cache
def migrated_ledger() -> bytes:
    """The file of an empty database with the newest schema."""
    with tempfile.TemporaryDirectory() as folder:
        open_database(Path(folder)).close()
        return (Path(folder) / DATABASE_FILE).read_bytes()


class ServiceHarness:
    """One service with its surroundings. `crash` leaves the files as kill -9 would; `start` continues on them."""

    unusable = RAISING
    """What takes parts of the configuration that cannot be used; every part must be, unless a test says otherwise."""
    findings_from = ""
    """Kafka's address, for a desk of findings that are evaluated elsewhere."""

    def __init__(self, data: Path, mqtt_port: int, http_port: int) -> None:
        self.data, self.mqtt_port, self.http = data, mqtt_port, ListenAddress("127.0.0.1", http_port)
        self.clock = Clock()
        self._phones: dict[str, Phone] = {}
        self._outer_stack = contextlib.AsyncExitStack()
        self._service_stack = contextlib.AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.broker_clients: list[BrokerClients] = []
        """What the service gave a broker of its own, oldest first."""
        self._secret = secrets.token_urlsafe(32)
        self.environ = {
            "FENGSHAO_ALIYUN_KEY_ID": "key",
            "FENGSHAO_ALIYUN_KEY_SECRET": "secret-of-the-town",
            "FENGSHAO_ALIYUN_CALLBACK_SECRET": self._secret,
        }

    def callback_url(self, name: str) -> str:
        """The address at which a channel, or a provider of it, is called back: `sms`, `sms-tencent`."""
        return f"http://{self.http.host}:{self.http.port}/api/v1/callbacks/{name}/{self._secret}"

    @property
    def phone_networks(self) -> list[Phones]:
        """The phones as each SMS provider reaches them."""
        return [self.sms.phones]

    async def __aenter__(self) -> Self:
        self.sms = await self._outer_stack.enter_async_context(
            AliyunSmsServer(
                access_keys={"key": "secret-of-the-town"},
                templates=registered_templates(load_wording()),
                clock=self.clock,
                callback_url=self.callback_url("sms"),
            )
        )
        self.api = await self._outer_stack.enter_async_context(
            httpx2.AsyncClient(
                base_url=f"http://{self.http.host}:{self.http.port}",
                headers={"Authorization": f"Bearer {TOKEN}"},
                trust_env=False,
                timeout=LONG_TIMEOUT_S,
                verify=TLS,
            )
        )
        self.mqtt = await self._outer_stack.enter_async_context(aiomqtt.Client("127.0.0.1", self.mqtt_port))
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()
        await self._outer_stack.aclose()

    def _site_config(self) -> SiteConfig:
        channels = ChannelSettings(aliyun_sms=AliyunSmsSettings(base_url=self.sms.url))
        settings = SiteSettings(name="枫树社区", sign="枫树社区", channels=channels, checkpoint_every="1h")
        return SiteConfig(None, settings, load_kinds(), PLACES, CELLS, PEOPLE, DUTIES, DEVICES)

    async def start(self) -> None:
        site = self._site_config()
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self.data / DATABASE_FILE).exists():
            (self.data / DATABASE_FILE).write_bytes(migrated_ledger())
        self.stores = open_stores(self.data, site.settings.history, site.kinds)
        client = await self._service_stack.enter_async_context(http_client(TLS))
        client.timeout = httpx2.Timeout(LONG_TIMEOUT_S)
        endpoints = build_channels(site.settings, client, self.environ, self.clock, self.unusable)
        broker = BrokerAddress("127.0.0.1", self.mqtt_port, tls=False)
        exchange = build_exchange_config(site, client, self.environ, unusable=self.unusable)
        config = ServiceConfig(
            *(site, self.data, broker, TOKEN, signing_key(self.data), exchange),
            findings_from=self.findings_from,
            unusable=self.unusable,
            set_broker_clients=self.broker_clients.append,
        )
        self.service = Service(config, self.stores, endpoints, self.clock)
        await self.service.load_state()
        self._tasks = [asyncio.create_task(work, name=name) for name, work in self.service.background_tasks().items()]
        app = build_app(self.service, SPARE_APPS.pop() if SPARE_APPS else None)
        self._service_stack.callback(SPARE_APPS.append, app)
        await self._service_stack.enter_async_context(serving.serve(app, self.http, self.data, TOKEN))
        await self.until(lambda: self.service.consumer.ready, "the subscriptions")

    async def stop(self) -> None:
        await self.service.stop_intake()
        await self.service.close()
        await self.crash()

    async def crash(self) -> None:
        """Everything in memory is lost; no checkpoint is written, no DISCONNECT is sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.service.scheduler.stop()
        await self._service_stack.aclose()
        await self.stores.close()

    async def publish(self, topic: str, payload: Any) -> None:
        raw = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        await self.mqtt.publish(topic, raw, qos=1)

    def phone(self, name: str) -> Phone:
        number = next(person.phone for person in PEOPLE if person.name == name)
        assert number is not None
        return self._phones.setdefault(name, Phone(self, number))

    async def fast_forward(self, minutes: float) -> None:
        """Moves the clock; timers that fall due run at their due times."""
        self.clock.now += round(minutes * MINUTE)
        await self.service.alerting.desk.tick(self.clock.now)
        self.service.alerting.outbox_sender.wake()
        self.service.processing.pipeline.backlog.wake()

    async def get(self, path: str) -> Any:
        response = await self.api.get(path)
        assert response.status_code == 200, (path, response.status_code, response.text)
        return response.json()

    async def items(self, path: str) -> list[Any]:
        return list((await self.get(path))["items"])

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        """Waits at most LONG_TIMEOUT_S until a condition that other tasks bring about holds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONG_TIMEOUT_S):
                while not condition():
                    await asyncio.sleep(0.005)
                return
        raise AssertionError(f"{what} did not come within {LONG_TIMEOUT_S} s")

    async def until_state(self, alert: str, state: str) -> None:
        """Waits until an alert is in this state."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONG_TIMEOUT_S):
                while (await self.get(f"/api/v1/alerts/{alert}"))["state"] != state:
                    await asyncio.sleep(0.01)
                return
        raise AssertionError(f"alert {alert} is {(await self.get(f'/api/v1/alerts/{alert}'))['state']}, not {state}")

    async def until_timeline(self, alert: str, text: str) -> None:
        """Waits until the timeline of an alert has this entry."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONG_TIMEOUT_S):
                while text not in await self.timeline(alert):
                    await asyncio.sleep(0.01)
                return
        raise AssertionError(f"the timeline of alert {alert} lacks {text!r}: {await self.timeline(alert)}")

    async def timeline(self, alert: str) -> list[str]:
        """The texts of the timeline of an alert."""
        return [line["text"] for line in (await self.get(f"/api/v1/alerts/{alert}"))["timeline"]]

    async def until_items(self, path: str, count: int = 1) -> list[Any]:
        """Waits until a list of the API has so many items; returns them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONG_TIMEOUT_S):
                while len(found := await self.items(path)) < count:
                    await asyncio.sleep(0.01)
                return found
        raise AssertionError(f"{path} has {len(await self.items(path))} items, {count} were expected")


@contextlib.asynccontextmanager
async def running_service(data: Path, mqtt_port: int, http_port: int) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(data, mqtt_port, http_port) as running:
        yield running

"""A part of today in real time: the town's devices over a real broker and HTTP, to a service in a process of its own,
whose texts go to the simulated providers over HTTP and are matched with the incidents as in any run.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import httpx2
import yaml
from msgspec import Struct, structs

from app.clock import Clock
from app.config.addresses import parse_broker_url
from app.config.catalog import load_wording
from app.errors import UserError
from app.mqtt_client import mqtt_client
from app.score.live_service import Ports, Secrets, StoredDeliveries, free_ports, new_secrets, running_service
from app.score.observer import Observer
from app.score.records import Text
from app.score.run import Result, result_of, run_of, write_own_site
from app.score.settings import Settings, World, date_of, first_day
from app.score.sms_network import NetworkState, SmsNetwork
from app.score.sms_providers import SmsProviders, sms_channel
from app.score.sources import incidents_of
from app.score.traffic import Traffic, TrafficState
from domain import MINUTE, SECOND, Instant
from simulators.events import CitizenReport, Incident
from simulators.faults.people import PeopleFaults
from simulators.town.citizens.photo import hazard_photo
from simulators.town.town import Period
from simulators.wire import Message, Sent

_AFTER_MS: Final = 20 * SECOND
"""Texts about the last minute are waited for."""


class LiveCounts(Struct):
    """What was sent. `refused`: pushes and reports that the service answered with an error."""

    published: int = 0
    pushed: int = 0
    reports: int = 0
    refused: int = 0


def today(settings: Settings, now: Instant) -> Settings:
    """The settings with today's local date for their only day."""
    return structs.replace(settings, start=first_day(f"{date_of(now):%Y-%m-%d}"), days=1)


def run_live(settings: Settings, world: World, data: Path, minutes: float) -> tuple[Result, LiveCounts]:
    """Play the town from now on. `settings` are those of `today`. Raises UserError."""
    if data.exists() and any(data.iterdir()):
        raise UserError(f"{data} is not empty: a live run begins in a new folder")
    return asyncio.run(Live(settings, world, data, Clock()).run(minutes))


class Publisher(Protocol):
    """A client that is connected to a broker."""

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> object: ...


class Live:
    """One live run. `clock` is the real one, but in tests."""

    def __init__(self, settings: Settings, world: World, data: Path, clock: Callable[[], Instant]) -> None:
        self._settings, self._town, self._data, self.clock = settings, world.town, data, clock
        self._incidents: Sequence[Incident] = incidents_of(
            world.sources, world.town, settings.whole, settings.seed, settings.per_week
        )
        self._traffic = Traffic(
            world.town, world.sources, self._incidents, settings.wire_faults, settings.seed, TrafficState()
        )
        self._people = PeopleFaults(settings.people_faults, settings.seed)
        self.counts, self._texts = LiveCounts(), list[Text]()

    async def run(self, minutes: float) -> tuple[Result, LiveCounts]:
        """Start everything, play, and score what arrived on the phones."""
        ports, own = free_ports(), new_secrets()
        service_data = self._data / "live"
        observer = Observer(self._incidents, self._texts, [])
        async with contextlib.AsyncExitStack() as stack:
            pushes = await stack.enter_async_context(httpx2.AsyncClient(trust_env=False, timeout=10))
            network = SmsNetwork(self, pushes, NetworkState(), observer, self._people, self._settings.seed)
            site = self._data / "site"
            write_own_site(self._settings, self._town, site)
            providers = await stack.enter_async_context(self._providers(network, site, ports, own))
            network.servers = providers.servers
            _use_providers(site, providers)
            client = await stack.enter_async_context(running_service(service_data, site, ports, own))
            deliveries = observer.deliveries = StoredDeliveries(service_data, self._town)
            stack.callback(deliveries.close)
            broker = await stack.enter_async_context(mqtt_client(parse_broker_url(f"mqtt://127.0.0.1:{ports.mqtt}")))
            texts = asyncio.create_task(network.run(), name="sms network")
            played = await self.play(minutes, broker, client, texts)
            texts.cancel()
            await asyncio.gather(texts, return_exceptions=True)
        run = run_of(self._settings, self._town, played, self.counts.published + self.counts.pushed)
        return result_of(run, self._town, self._incidents, self._texts, []), self.counts

    def _providers(self, network: SmsNetwork, site: Path, ports: Ports, own: Secrets) -> SmsProviders:
        return SmsProviders(
            own.account, load_wording(site), _written(site)["sign"], self.clock, network, ports.url, listens=True
        )

    async def play(
        self, minutes: float, broker: Publisher, client: httpx2.AsyncClient, texts: asyncio.Task[None]
    ) -> Period:
        """Send what arrives from now on; returns the time in which it was played. Ends early when `texts` ends."""
        messages = self._traffic.sent(self._settings.day(0))
        now = self.clock()
        sent = next((sent for sent in messages if sent.arrives_at >= now), None)
        begin = self.clock()
        self._traffic.reported(begin)  # those of the hours before are not sent
        end = min(begin + round(minutes * MINUTE), self._settings.whole.end)
        while sent is not None and sent.arrives_at < end and not texts.done():
            await self._send_reports(sent.arrives_at, client)
            await self._wait_until(sent.arrives_at)
            await self.send(sent, broker, client)
            sent = next(messages, None)
        await self._send_reports(end, client)
        await self._wait_until(end + _AFTER_MS)
        if texts.done():
            texts.result()
        return Period(begin, end)

    async def _send_reports(self, until: Instant, client: httpx2.AsyncClient) -> None:
        """Each when it is due, whether or not a device sends anything meanwhile."""
        for at, report in self._traffic.reported(until):
            await self._wait_until(at)
            await self._report(report, client)

    async def _wait_until(self, at: Instant) -> None:
        await asyncio.sleep(max(at - self.clock(), 0) / SECOND)

    async def send(self, sent: Sent, broker: Publisher, client: httpx2.AsyncClient) -> None:
        """Publish or push one message."""
        message = sent.message
        if isinstance(message, Message):
            self.counts.published += 1
            await broker.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)
            return
        self.counts.pushed += 1
        answer = await client.post(
            "/api/v1/readings",
            params={"platform": message.platform, **message.query},
            headers=dict(message.headers),
            content=message.body,
        )
        self.counts.refused += answer.is_error

    async def _report(self, report: CitizenReport, client: httpx2.AsyncClient) -> None:
        """On the public page, with photos as the resident has taken them."""
        self.counts.reports += 1
        form = {"category": report.category, "text": report.text, "place": report.place}
        photos = [
            ("photos", ("photo.jpg", hazard_photo(self.counts.reports * 10 + number), "image/jpeg"))
            for number in range(report.photos)
        ]
        answer = await client.post("/api/v1/report", data=form, files=photos or None)
        self.counts.refused += answer.is_error


def _use_providers(site: Path, providers: SmsProviders) -> None:
    """Let the site send its texts to the simulated providers, and by no other channel."""
    urls = {name: server.url for name, server in providers.servers.items()}
    written = {**_written(site), "channels": {"sms": sms_channel(load_wording(site), urls)}}
    (site / "site.yaml").write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), "utf-8")


def _written(site: Path) -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load((site / "site.yaml").read_text("utf-8"))
    return written

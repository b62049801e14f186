"""`fengshao up --demo`: simulated SMS and WeCom providers, a 12345 hotline and simulated devices beside an ordinary
service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import shutil
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx2
from msgspec.structs import replace

from alerts.messages.catalog import TextCatalog
from alerts.messages.personal import answer_page
from app.clock import Clock
from app.config.addresses import ListenAddress
from app.config.catalog import ROOT, load_wording
from app.config.exchange import ExchangeSettings, ExternalSystemSettings
from app.config.site import SiteConfig
from app.datadir.control_socket import Asgi
from app.mqtt_client import mqtt_client
from app.server import demo_page
from domain import Instant
from ingest.mqtt.broker_address import BrokerAddress
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.hotline.server import HotlineServer
from simulators.providers.phones import PhoneText
from simulators.providers.wecom.server import WeComServer
from simulators.publisher import publish_events

if TYPE_CHECKING:
    from app.server.demo_day import Happening
    from simulators.events import CitizenReport, GroundTruth

_log = logging.getLogger(__name__)

SITE = ROOT / "deploy" / "site.demo"
AES_KEY_CHARS = 43
_HOTLINE_SECRET = "HOTLINE_SECRET"  # noqa: S105 - the name of a variable


def registered_templates(wording: TextCatalog, public_url: str = "") -> dict[str, str]:
    """Text of every SMS template by its code, as registered with the vendor, those of exercises too."""
    return wording.templates_by_code(page=answer_page(public_url))


class Demo:
    """A data directory (temporary unless one is named), generated secrets, two simulated providers and the devices."""

    def __init__(self, data: Path | None) -> None:
        self._stack = contextlib.AsyncExitStack()
        self.data = data or Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="fengshao-demo-")))
        self.site_folder = self.data / "site"
        # A copy: what is published in the console is written into the site, which is part of the program here.
        shutil.copytree(SITE, self.site_folder, dirs_exist_ok=True)
        self._callback_secret = secrets.token_urlsafe(32)
        self.environ = {
            "FENGSHAO_ALIYUN_KEY_ID": "demo",
            "FENGSHAO_ALIYUN_KEY_SECRET": secrets.token_urlsafe(24),
            "FENGSHAO_ALIYUN_CALLBACK_SECRET": self._callback_secret,
            "FENGSHAO_WECOM_SECRET": secrets.token_urlsafe(24),
            "FENGSHAO_WECOM_TOKEN": secrets.token_hex(8),
            "FENGSHAO_WECOM_AES_KEY": (secrets.token_hex(32))[:AES_KEY_CHARS],
            "FENGSHAO_WECOM_CALLBACK_SECRET": self._callback_secret,
            _HOTLINE_SECRET: secrets.token_urlsafe(32),
        }
        self._stop = asyncio.Event()
        self._wecom: WeComServer | None = None
        self._devices_task: asyncio.Task[None] | None = None
        self._reports: set[asyncio.Task[None]] = set()
        self.happenings: list[Happening] = []
        """What has happened in the town, oldest first."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._stack.aclose()

    async def start_providers(self, site: SiteConfig, http: ListenAddress, clock: Clock) -> SiteConfig:
        """Start the providers; returns the site with its channels pointing at them."""
        base = f"http://{http.host}:{http.port}"
        callback_url = f"{base}/api/v1/callbacks/{{}}/{self._callback_secret}"
        self._base = base
        environ, wecom = self.environ, site.settings.channels.wecom
        self._sms = await self._stack.enter_async_context(
            AliyunSmsServer(
                access_keys={environ["FENGSHAO_ALIYUN_KEY_ID"]: environ["FENGSHAO_ALIYUN_KEY_SECRET"]},
                templates=registered_templates(load_wording(site.path), site.settings.public_url or base),
                clock=clock,
                callback_url=callback_url.format("sms"),
            )
        )
        urls = {"aliyun_sms": self._sms.url}
        if wecom is not None:
            self._wecom = await self._stack.enter_async_context(
                WeComServer(
                    corp_id=wecom.corp_id,
                    secret=environ["FENGSHAO_WECOM_SECRET"],
                    agent_id=wecom.agent_id,
                    token=environ["FENGSHAO_WECOM_TOKEN"],
                    aes_key=environ["FENGSHAO_WECOM_AES_KEY"],
                    members=[person.wecom for person in site.people if person.wecom],
                    clock=clock,
                    callback_url=callback_url.format("wecom"),
                )
            )
            urls["wecom"] = self._wecom.url
        hotline = await self._stack.enter_async_context(
            HotlineServer(secret=environ[_HOTLINE_SECRET], push_secret=secrets.token_urlsafe(32), clock=clock)
        )
        self._client = await self._stack.enter_async_context(httpx2.AsyncClient(trust_env=False, timeout=10))
        return _with_hotline(_with_provider_urls(site, urls, base), hotline.url)

    def app(self, console: Asgi) -> Asgi:
        """The console and the page `/demo`; `/demo/...` is forwarded to the providers: their phones and WeCom cards."""

        async def serve(
            scope: MutableMapping[str, Any],
            receive: Callable[[], Awaitable[Any]],
            send: Callable[[Any], Awaitable[None]],
        ) -> None:
            if scope["type"] == "http" and scope["path"] in demo_page.PATHS:
                await demo_page.respond(scope, send, self.happenings, self._texts())
            elif scope["type"] == "http" and scope["path"].startswith("/demo/"):
                await self._proxy(scope, receive, send)
            else:
                await console(scope, receive, send)

        return serve

    def _texts(self) -> list[PhoneText]:
        """What the phones and the WeCom members of the demo have received."""
        cards = [] if self._wecom is None else demo_page.card_texts(self._wecom.inboxes.notices)
        return [*self._sms.phones.texts, *cards]

    async def _proxy(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        body = b""
        while (event := await receive())["type"] == "http.request":
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        provider = self._wecom if self._wecom and scope["path"].startswith("/demo/inbox/") else self._sms
        url = f"{provider.url}{scope['path']}?{scope['query_string'].decode()}"
        response = await self._client.request(scope["method"], url, content=body)
        content_type = response.headers.get("content-type", "text/plain").encode()
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": [(b"content-type", content_type)],
            }
        )
        await send({"type": "http.response.body", "body": response.content})

    async def start_devices(self, broker: BrokerAddress, site: SiteConfig, clock: Clock) -> None:
        """Publish a day of the town: ordinary life and incidents, on devices and in homes chosen anew at each start."""
        from app.server.demo_day import DemoDay  # takes half a second, and only a demo needs it

        seed = clock() // 1000
        day = await asyncio.to_thread(DemoDay, site, seed, clock())

        def log_truth(at: Instant, truth: GroundTruth) -> None:
            if (happening := day.happening(at, truth)) is not None:
                self.happenings.append(happening)

        def send_report(at: Instant, report: CitizenReport) -> None:
            self.happenings.append(day.report_happening(at, report))
            task = asyncio.create_task(submit_report(self._client, self._base, report, seed))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)

        devices = publish_events(
            lambda: mqtt_client(broker),
            site.devices,
            day.events,
            speed=1.0,
            clock=clock,
            sleep=asyncio.sleep,
            stop=self._stop,
            on_truth=log_truth,
            on_report=send_report,
        )
        self._devices_task = asyncio.create_task(devices, name="devices")

    async def stop(self) -> None:
        """Stop publishing; the providers run until the service is closed."""
        self._stop.set()
        if self._devices_task is not None:
            await asyncio.gather(self._devices_task, *self._reports, return_exceptions=True)


async def submit_report(client: httpx2.AsyncClient, base_url: str, report: CitizenReport, seed: int) -> None:
    """Submit it with a photo on the public page of reports, as a resident does. A refusal is logged."""
    from simulators.town.citizens.photo import hazard_photo

    form = {"category": report.category, "text": report.text, "place": report.place}
    photos = [("photos", ("photo.jpg", hazard_photo(seed), "image/jpeg"))]
    try:
        response = await client.post(f"{base_url}/api/v1/report", data=form, files=photos)
        response.raise_for_status()
    except httpx2.HTTPError as error:
        _log.warning("the report of a resident of the demo was not accepted: %s", error)


def _with_hotline(site: SiteConfig, url: str) -> SiteConfig:
    """The site with a 12345 hotline that takes cases over; it pushes none."""
    hotline = ExternalSystemSettings(mapping="hotline12345", url=url, secret_env=_HOTLINE_SECRET)
    exchange = ExchangeSettings(systems={"hotline": hotline}, networks=("127.0.0.0/8",))
    return replace(site, settings=site.settings.model_copy(update={"exchange": exchange}))


def _with_provider_urls(site: SiteConfig, urls: dict[str, str], public_url: str) -> SiteConfig:
    """The site with the base URLs of its channels replaced."""
    channels = site.settings.channels
    redirected = {
        name: settings.model_copy(update={"base_url": urls[name]})
        for name in ("aliyun_sms", "wecom")
        if (settings := getattr(channels, name)) is not None
    }
    update = {"channels": channels.model_copy(update=redirected), "public_url": site.settings.public_url or public_url}
    return replace(site, settings=site.settings.model_copy(update=update))

"""Builds the alert service, the outbox sender and the channels, and keeps the deadlines of alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from alerts.channels.channel import CallbackResponse
from alerts.delivery.sender import OutboxSender
from alerts.handling.finding_status import StatusOf
from alerts.reply_parsing.grammar import ReplyGrammar
from alerts.service import AlertService, AlertSettings
from app.config.catalog import load_ladders, load_replies, load_wording
from app.config.settings import SiteSettings
from app.config.site import SiteConfig
from app.datadir.stores import Stores
from app.pipeline.retry import retry_until_writable
from app.server.channels import ChannelEndpoint
from app.server.metrics import SendTimes
from app.server.registry import RegistryCache
from console.dependencies import CallbackEndpoint, CallbackReply
from console.security.auth import sign_worker_link
from domain import Finding, Instant, Lane
from store.database.alerts.repository import Transactions
from store.errors import CannotWrite

log = logging.getLogger("fengshao.alerting")
WAIT_MAX_S = 1.0


class Alerting:
    """The alert service with its outbox sender."""

    def __init__(
        self,
        folder: SiteConfig,
        stores: Stores,
        registry: RegistryCache,
        doors: Mapping[str, ChannelEndpoint],
        clock: Callable[[], Instant],
        on_change: Callable[[str], None],
        signing_key: str,
        status_of: StatusOf,
    ) -> None:
        self._clock, self._endpoints = clock, doors
        self._wakeup = asyncio.Event()
        self.errors = 0
        transact = Transactions(stores.database)
        self.desk = AlertService(
            transact,
            load_ladders(folder.path),
            load_wording(folder.path),
            desk_settings(folder.settings, doors, load_replies(folder.path)),
            lambda: registry.community,
            clock,
            on_change,
            self.wake,
            WorkerLinks(folder.settings.public_url, signing_key),
            status_of,
            lambda alert: registry.community.concerned(
                alert.subject, registry.devices.get(alert.device or ""), alert.place
            ),
            lambda: registry.devices,
            self._log_error,
            (CannotWrite,),
        )
        channels = {name: door.channel for name, door in doors.items()}
        self.send_times = SendTimes()
        self.outbox_sender = OutboxSender(
            transact, channels, self.desk.outcomes, clock, on_change, on_accepted=self.send_times.observe
        )

    def _log_error(self, about: str, fault: Exception) -> None:
        """Our own mistake about one alert or finding: it is named and counted, and the others go on."""
        self.errors += 1
        log.error("alert desk failed", extra={"about": about}, exc_info=fault)

    def wake(self) -> None:
        self.outbox_sender.wake()
        self._wakeup.set()

    async def process_findings(self, findings: Sequence[Finding], lane: Lane | None, pos: int | None) -> None:
        await self.desk.process_findings(findings, lane, pos)

    async def run_deadlines(self) -> None:
        """Deadlines fall when they are due, whatever else happens; until cancelled."""
        while True:
            self._wakeup.clear()
            await retry_until_writable(lambda: self.desk.tick(self._clock()), "deadlines")
            wake = await retry_until_writable(self.desk.next_wake, "deadlines")
            wait_s = WAIT_MAX_S if wake is None else max(0.01, min(WAIT_MAX_S, (wake - self._clock()) / 1000))
            try:
                async with asyncio.timeout(wait_s):
                    await self._wakeup.wait()
            except TimeoutError:
                continue

    def callbacks(self) -> dict[str, CallbackEndpoint]:
        """The providers' ways in, one a channel that has a secret."""
        return {
            name: CallbackEndpoint(door.secret, self._handler(name, door))
            for name, door in self._endpoints.items()
            if door.secret.reveal()
        }

    def _handler(self, name: str, door: ChannelEndpoint) -> CallbackHandler:
        return CallbackHandler(self.desk, name, door, self._clock)


class CallbackHandler:
    """One provider's call, answered when what it told is committed."""

    def __init__(self, desk: AlertService, name: str, door: ChannelEndpoint, clock: Callable[[], Instant]) -> None:
        self._desk, self._name, self._endpoint, self._clock = desk, name, door, clock

    async def __call__(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> CallbackReply:
        received: CallbackResponse = self._endpoint.channel.receive(headers, query, body, self._clock())
        if received.events:
            for result in await self._desk.receive(received.events, self._name):
                # The alert's timeline has the words; a text about no alert stands nowhere else.
                ends = {"status": result.status.value, "alert": result.alert, "why": result.reason}
                log.info("text from a phone", extra=ends)
        return CallbackReply(received.status, received.body, received.content_type)


class WorkerLinks:
    """Where a worker works on an alert from his card: signed, his alone, good for two hours."""

    def __init__(self, public_url: str, signing_key: str) -> None:
        self._base, self._key = public_url.rstrip("/"), signing_key.encode()

    def __call__(self, alert: int, person: str, now: Instant) -> str:
        return f"{self._base}/m/{sign_worker_link(self._key, str(alert), person, now)}" if self._base else ""


def desk_settings(site: SiteSettings, doors: Mapping[str, ChannelEndpoint], replies: ReplyGrammar) -> AlertSettings:
    """The settings of the alert service, from those of the site."""
    codes = dict(site.channels.aliyun_sms.templates) if site.channels.aliyun_sms else {}
    return AlertSettings(
        sign=site.sign,
        tz=site.zone,
        replies=replies,
        channels=tuple(doors),
        template_codes=codes,
        last_resort=site.last_resort,
        person_name=site.texts.person_name,
        care=tuple(site.care),
    )

"""Builds alert service and outbox sender, processes deadlines of alerts, and handles callbacks of providers."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import msgspec
from sqlalchemy import Connection

from alerts.channel_specs import SPECS
from alerts.channels.channel import CallbackResponse, Channel
from alerts.channels.providers import PollingProvider
from alerts.delivery.sender import OutboxSender
from alerts.drills import Drills
from alerts.escalation.policy import EscalationPolicy
from alerts.handling.finding_status import FindingStatus
from alerts.messages.keywords import KeywordTemplate
from alerts.reply_parsing.grammar import ReplyGrammar
from alerts.service import AlertService
from alerts.settings import AlertSettings
from app.config.catalog import load_ladders, load_replies, load_wording
from app.config.settings import SiteSettings
from app.datadir.stores import Stores
from app.pipeline.finding_writer import monotonic_ms
from app.pipeline.retry import retry_until_writable
from app.reload.registry import RegistryCache
from app.server.channels import ChannelEndpoint
from app.server.exchange import Exchange, build_transactions
from app.server.metrics import SendTimes
from app.server.service_config import ServiceConfig
from console.dependencies import CallbackEndpoint, CallbackReply
from console.security.auth import sign_worker_link
from domain import SECOND, Instant
from domain.roles import Roles
from store.database.system import versions
from store.errors import CannotWrite

log = logging.getLogger("fengshao.alerting")
WAIT_MAX_S = 1.0
SILENT_MS = 15 * SECOND
"""Deadlines are written every second; a storm of them, on a slow machine, takes some."""


class RuleState(Protocol):
    """What the rules say about findings."""

    def finding_status(self, finding: str, device: str | None, received_since: Instant | None, /) -> FindingStatus: ...


class Alerting:
    """The alert service (`desk`) with its outbox sender and deadlines."""

    def __init__(
        self,
        config: ServiceConfig,
        stores: Stores,
        registry: RegistryCache,
        endpoints: Mapping[str, ChannelEndpoint],
        rule_state: RuleState,
        on_change: Callable[[str], None],
        clock: Callable[[], Instant],
    ) -> None:
        site = config.site
        self._clock, self._endpoints = clock, endpoints
        self._wait_max_s = config.idle_max_s or WAIT_MAX_S
        self._wakeup = asyncio.Event()
        self.errors = 0
        self.answered_at: Instant | None = None
        """When the ledger took something last, by the event loop's time; None before `run_deadlines`."""
        transact = build_transactions(config.exchange, stores.database, registry, clock)
        self.desk = AlertService(
            transact,
            load_ladders(site.start_path),
            load_wording(site.start_path),
            desk_settings(site.settings, endpoints, load_replies(site.start_path), site.roles),
            registry.current_community,
            clock,
            on_change,
            self.wake,
            WorkerLinks(site.settings.public_url, config.signing_key),
            rule_state.finding_status,
            registry.affected_people,
            registry.current_devices,
            self._log_error,
            (CannotWrite,),
            config.exchange.partners.bodies,
        )
        self.drills = Drills(self.desk)
        versions_in_force = partial(_record_versions, policy=self.desk.escalator.choice.policy, now=clock())
        stores.database.write_blocking(versions_in_force)
        self.channels = {name: endpoint.channel for name, endpoint in endpoints.items()}
        self.send_times = SendTimes()
        self.outbox_sender = OutboxSender(
            transact,
            self.channels,
            self.desk.outcomes,
            clock,
            on_change,
            on_accepted=self.send_times.observe,
            max_sleep_s=config.idle_max_s,
            may_send=config.may_send,
        )
        self.exchange = Exchange(config.exchange, stores.database, transact, self.desk, registry, clock)

    def _log_error(self, about: str, error: Exception) -> None:
        """An exception of ours about one alert or finding is logged and counted; all others are processed."""
        self.errors += 1
        log.error("alert desk failed", extra={"about": about}, exc_info=error)

    @property
    def is_ledger_silent(self) -> bool:
        """Whether the ledger has taken nothing for a while: a paused server answers neither yes nor no."""
        return self.answered_at is not None and monotonic_ms() - self.answered_at > SILENT_MS

    def wake(self) -> None:
        """Check outbox and deadlines now: a commit may have added messages or an earlier deadline."""
        self.outbox_sender.wake()
        self.exchange.sender.wake()
        self._wakeup.set()

    async def run_deadlines(self) -> None:
        """Process deadlines of alerts when they are due, until cancelled."""
        self.answered_at = monotonic_ms()
        while True:
            self._wakeup.clear()
            await retry_until_writable(lambda: self.desk.tick(self._clock()), "deadlines")
            self.answered_at = monotonic_ms()
            wake = await retry_until_writable(self.desk.next_wake, "deadlines")
            longest_s = self._wait_max_s
            wait_s = longest_s if wake is None else max(0.01, min(longest_s, (wake - self._clock()) / 1000))
            try:
                async with asyncio.timeout(wait_s):
                    await self._wakeup.wait()
            except TimeoutError:
                continue

    def callbacks(self) -> dict[str, CallbackEndpoint]:
        """Endpoints for the providers' callbacks, one for each channel or provider that has a secret."""
        return {
            path: CallbackEndpoint(secret, CallbackHandler(self.desk, name, receiver, self._clock))
            for name, endpoint in self._endpoints.items()
            for path, secret, receiver in endpoint.receivers(name)
        }

    def pulled_providers(self) -> dict[tuple[str, str], PollingProvider]:
        """Providers whose receipts and replies are fetched, by channel and provider."""
        return {
            (name, provider): source
            for name, endpoint in self._endpoints.items()
            for provider, source in endpoint.pulled().items()
        }


def _record_versions(tx: Connection, policy: EscalationPolicy, now: Instant) -> None:
    """Ladders and budgets are read at the start only: what is in force now stays so until the next one."""
    versions.record_version(tx, versions.LADDERS, _digest(policy.model_dump_json().encode()), now)
    budgets = {spec.name: spec.limits for spec in SPECS}
    versions.record_version(tx, versions.BUDGETS, _digest(msgspec.json.encode(budgets)), now)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]


class CallbackHandler:
    """Handles callbacks of one provider; replies once their content is committed."""

    def __init__(self, desk: AlertService, name: str, channel: Channel, clock: Callable[[], Instant]) -> None:
        self._desk, self._name, self._channel, self._clock = desk, name, channel, clock

    async def __call__(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> CallbackReply:
        response: CallbackResponse = self._channel.receive(headers, query, body, self._clock())
        if response.events:
            for result in await self._desk.receive(response.events, self._name):
                # The alert's timeline has the text; a text about no alert is nowhere else.
                fields = {"status": result.status.value, "alert": result.alert, "why": result.reason}
                log.info("text from a phone", extra=fields)
        return CallbackReply(response.status, response.body, response.content_type)


class WorkerLinks:
    """URL of the page on which one worker acts on an alert: signed for this person, valid for two hours."""

    def __init__(self, public_url: str, signing_key: str) -> None:
        self._base, self._key = public_url.rstrip("/"), signing_key.encode()

    def __call__(self, alert: int, person: str, now: Instant) -> str:
        return f"{self._base}/m/{sign_worker_link(self._key, str(alert), person, now)}" if self._base else ""


def desk_settings(
    site: SiteSettings, endpoints: Mapping[str, ChannelEndpoint], replies: ReplyGrammar, roles: Roles
) -> AlertSettings:
    """Settings of the alert service, from those of the site."""
    codes = dict(site.channels.aliyun_sms.templates) if site.channels.aliyun_sms else {}
    return AlertSettings(
        sign=site.sign,
        roles=roles,
        tz=site.zone,
        replies=replies,
        channels=tuple(endpoints),
        template_codes=codes,
        keyword_templates=keyword_templates(site),
        last_resort=site.last_resort,
        person_name=site.texts.person_name,
        care=tuple(site.care),
        public_url=site.public_url,
    )


def keyword_templates(site: SiteSettings) -> dict[str, KeywordTemplate]:
    """Templates of the WeChat service account, by kind of message or `*`."""
    templates = site.channels.wechat.templates if site.channels.wechat else {}
    return {kind: KeywordTemplate(template.id, dict(template.data)) for kind, template in templates.items()}

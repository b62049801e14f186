"""`fengshao send-test-message`: sends one real message through a channel of the site."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from alerts.alert import Alert
from alerts.channel_specs import Content, spec_of
from alerts.channels.channel import SendOutcome, SendResult
from alerts.channels.providers import chain_of
from alerts.message import Delivery, MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.contents import ContentRenderer
from alerts.messages.renderer import MessageContext, MessageRenderer
from app.cli.output import Print
from app.clock import Clock
from app.config.catalog import load_wording
from app.config.settings import SiteSettings
from app.config.site import load_site
from app.server.alerting import keyword_templates
from app.server.channels import ChannelNotConfigured, build_channels, http_client
from domain import HOUR, MINUTE, Instant, Ledger, Severity, Subject


async def send_test(site: Path, to: str, channel: str, echo: Print, provider: str | None = None) -> int:
    """Send a message to one phone or userid; the exit code is 0 only when the provider accepted it."""
    settings = load_site(site).settings
    clock = Clock()
    async with http_client() as client:
        endpoints = build_channels(settings, client, os.environ, clock)
        if channel not in endpoints:
            raise ChannelNotConfigured(f"{site}/site.yaml has no channel {channel}: add it under channels")
        template_codes = settings.channels.aliyun_sms.templates if settings.channels.aliyun_sms else {}
        renderer = MessageRenderer(load_wording(site), settings.sign, settings.zone, template_codes)
        delivery = sample_delivery(settings, renderer, channel, to, clock())
        chain = chain_of(channel, endpoints[channel].channel)
        if provider is not None and provider not in chain.providers:
            known = ", ".join(chain.providers)
            raise ChannelNotConfigured(f"{site}/site.yaml: channel {channel} has no provider {provider}, only {known}")
        delivery = replace(delivery, provider=provider or next(iter(chain.providers)))
        result = await chain.send(delivery, clock())
    echo(_result_text(result, delivery))
    return 0 if result.outcome is SendOutcome.ACCEPTED else 1


def sample_delivery(settings: SiteSettings, renderer: MessageRenderer, channel: str, to: str, now: Instant) -> Delivery:
    """The message of an invented gas alarm, marked as a drill (演练) where the channel sends our own text."""
    alert = Alert(
        id=0,
        rule="test",
        title="演练",
        hazard="gas",
        severity=Severity.CRITICAL,
        ledger=Ledger.DANGER,
        subject=Subject("system", "test"),
        started_at=now,
        opened_at=now,
        updated_at=now,
        state_since=now,
        danger_at=now,
        ladder_rule="",
        address=f"{settings.name}演练点",
    )
    context = MessageContext(kind=MessageKind.ALERT, now=now, limit_ms=10 * MINUTE, number=1)
    task = f"t{now:x}"
    payload: dict[str, object] = (
        {"card": CardRenderer(renderer).call_card(alert, context, task)}
        if spec_of(channel).content is Content.CARD
        else ContentRenderer(renderer, keyword_templates(settings)).payload(spec_of(channel), alert, context)
    )
    return replace(_empty_delivery(now), channel=channel, address=to, payload=payload)


def _empty_delivery(now: Instant) -> Delivery:
    return Delivery(
        id=f"t{now:x}"[:15],
        key=f"test:{now}",
        alert=0,
        round=0,
        rung=0,
        person="test",
        name="test",
        role="worker",
        channel="",
        kind=MessageKind.ALERT,
        priority=0,
        address="",
        payload={},
        created_at=now,
        not_before=now,
        expires_at=now + HOUR,
    )


def _result_text(result: SendResult, message: Delivery) -> str:
    code = f" ({result.code})" if result.code else ""
    if result.outcome is SendOutcome.ACCEPTED:
        return (
            f"{message.channel}: accepted by the provider, id {result.provider_id}. Accepted is not seen: look at it."
        )
    return f"{message.channel}: {result.outcome.value}{code}"

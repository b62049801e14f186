"""`fengshao check --providers`: asks every configured provider about our account, and the history server, and prints
what to mend where."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from alerts.channel_specs import LOGBOOK
from alerts.channels.channel import Channel
from alerts.channels.providers import ProviderChain, chain_of
from alerts.channels.unusable import UnusableChannel
from app.cli.output import Print
from app.clock import Clock
from app.config.catalog import load_wording
from app.config.site import SiteConfig, load_site
from app.config.unusable_settings import UnusableSettings
from app.datadir.stores import open_history
from app.errors import UserError
from app.preflight.preflight import preflight
from app.server.channels import build_channels, http_client


async def check_providers(path: Path, echo: Print) -> int:
    """Print one line a channel or fault; the exit code is 1 when there is a fault. Nothing is sent to anybody.

    A channel whose secrets are missing has a line; all others are asked.
    """
    site, clock, unusable = load_site(path), Clock(), UnusableSettings()
    async with http_client() as client:
        endpoints = build_channels(site.settings, client, os.environ, clock, unusable)
        channels = {name: one.channel for name, one in endpoints.items() if _can_be_asked(name, one.channel)}
        sms = site.settings.channels.aliyun_sms
        templates = load_wording(path).codes_by_name(sms.templates if sms else {})
        result = await preflight(channels, site.people, clock(), templates=templates)
    for name in result.passed:
        echo(f"{name}: ok")
    for name in result.not_asked:
        echo(f"{name}: cannot be asked without sending; try `fengshao send-test-message`")
    for line in result.lines():
        echo(line)
    for line in unusable.lines:
        echo(line)
    history = await check_history(site, echo)
    return 1 if result.faults or unusable.reasons else history


def _can_be_asked(name: str, channel: Channel | ProviderChain) -> bool:
    usable = [one for one in chain_of(name, channel).providers.values() if not isinstance(one, UnusableChannel)]
    return name != LOGBOOK and bool(usable)


async def check_history(site: SiteConfig, echo: Print) -> int:
    """Ask the history server what the service asks at its first start; the exit code is 1 when it cannot be used."""
    settings = site.settings.history
    if settings.type == "duckdb":
        return 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            history = await asyncio.to_thread(open_history, Path(folder), settings, site.kinds)
        except UserError as error:
            echo(f"history: {error}")
            return 1
        await history.close()
    echo(f"history: {settings.type} ok")
    return 0

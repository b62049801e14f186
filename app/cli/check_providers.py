"""`fengshao check --providers`: asks every configured provider about our account, and prints what to mend where."""

from __future__ import annotations

import os
from pathlib import Path

from app.cli.output import Print
from app.clock import Clock
from app.config.catalog import load_wording
from app.config.site import load_site
from app.preflight.preflight import preflight
from app.server.channels import build_channels, http_client


async def check_providers(path: Path, echo: Print) -> int:
    """Print one line a channel or fault; the exit code is 1 when there is a fault. Nothing is sent to anybody.

    Raises MissingSecret for a secret that is not in the environment.
    """
    site, clock = load_site(path), Clock()
    async with http_client() as client:
        endpoints = build_channels(site.settings, client, os.environ, clock)
        channels = {name: endpoint.channel for name, endpoint in endpoints.items() if name != "logbook"}
        sms = site.settings.channels.aliyun_sms
        templates = load_wording(path).codes_by_name(sms.templates if sms else {})
        result = await preflight(channels, site.people, clock(), templates=templates)
    for name in result.passed:
        echo(f"{name}: ok")
    for name in result.not_asked:
        echo(f"{name}: cannot be asked without sending; try `fengshao send-test-message`")
    for line in result.lines():
        echo(line)
    return 1 if result.faults else 0

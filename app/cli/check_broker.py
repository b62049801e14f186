"""`fengshao check --broker`: asks the broker whether the service could work with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from app.broker.clients import client_rules
from app.broker.preflight import check_broker
from app.broker.tls import certificate_faults
from app.cli.output import Print
from app.clock import Clock
from app.config.site import load_site
from app.pipeline.device_gateways import assign_gateways
from app.server.broker import broker_address
from ingest.mqtt.urgent_filters import NATIVE_ALARMS
from ingest.routing.broker_clients import Omission, broker_clients
from ingest.routing.routes import Routes


async def check_site_broker(path: Path | None, mqtt: str, echo: Print) -> int:
    """Print one line a check; the exit code is 1 when there is a fault.

    Raises InvalidAddress, InvalidCertificate.
    """
    site, clock = load_site(path), Clock()
    settings, folder = site.settings, site.path or Path()
    address = broker_address(mqtt, os.environ, settings.mqtt, folder)
    routes = Routes(settings.intake.filters)
    found = await check_broker(address, [*routes.subscriptions, NATIVE_ALARMS], clock)
    expiry = certificate_faults(settings.mqtt, folder, clock())
    clients = broker_clients(assign_gateways(site.devices), routes, client_rules(settings.mqtt))
    for line in found.passed:
        echo(f"broker: {line}")
    for line in (*found.faults, *expiry):
        echo(f"broker: fault: {line}")
    _warn_of_omitted(clients.omitted, echo)
    return 1 if found.faults or expiry else 0


def _warn_of_omitted(omitted: Sequence[Omission], echo: Print) -> None:
    for omission in omitted:
        echo(f"warning: broker: no access for {omission.device}: {omission.reason}")

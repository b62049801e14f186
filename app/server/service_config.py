"""What a running service is configured with, beside its stores and channels."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from app.config.site import SiteConfig
from app.server.exchange import ExchangeConfig
from ingest.mqtt.broker_address import BrokerAddress


class ServiceConfig(Struct, frozen=True):
    """The site's files, the data directory, the broker's address with credentials, the two secrets of DIR, and the
    partners of the exchange."""

    site: SiteConfig
    data: Path
    broker: BrokerAddress
    admin_token: str
    signing_key: str
    exchange: ExchangeConfig = ExchangeConfig()
    idle_max_s: float | None = None
    """Longest time after which outbox and deadlines look again though nothing woke them; None: their own. On virtual
    time, where a look takes no time, it only costs computing."""

"""What a running service is configured with, beside its stores and channels."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from app.config.site import SiteConfig
from ingest.mqtt.broker_address import BrokerAddress


class ServiceConfig(Struct, frozen=True):
    """The site's files, the data directory, the broker's address with credentials, and the two secrets of DIR."""

    site: SiteConfig
    data: Path
    broker: BrokerAddress
    admin_token: str
    signing_key: str

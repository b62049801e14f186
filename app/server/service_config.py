"""What a running service is configured with, beside its stores and channels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from app.config.site import SiteConfig
from app.config.unusable_settings import UnusableSettings
from app.server.access import Access
from app.server.exchange import ExchangeConfig
from console.security.passwords import Passwords
from ingest.mqtt.broker_address import BrokerAddress
from ingest.routing.broker_clients import BrokerClients
from store.database.leadership import Leadership


class ServiceConfig(Struct, frozen=True):
    """The site's files, the data directory, the broker's address with credentials, the two secrets of DIR, and the
    partners of the exchange."""

    site: SiteConfig
    data: Path
    broker: BrokerAddress
    admin_token: str
    signing_key: str
    exchange: ExchangeConfig = ExchangeConfig()
    access: Access = field(default_factory=lambda: Access(Passwords()))
    """How people log in."""
    is_own_broker: bool = False
    """Whether the broker was started by this service: it sends 100 messages or more without acknowledgements."""
    set_broker_clients: Callable[[BrokerClients], None] | None = None
    """Gives the broker its clients, where it was started by this service and has users."""
    may_send: Callable[[], bool] = lambda: True
    """Whether this machine is the active one of those on one ledger; asked before each message is sent."""
    may_send_alone: Callable[[], bool] = lambda: True
    """Whether no other machine can notify people while the ledger takes nothing (app/server/outage_texts.py)."""
    leadership: Leadership | None = None
    """This machine's part, with a ledger on a server."""
    idle_max_s: float | None = None
    """Longest time after which outbox and deadlines look again though nothing woke them; None: their own. On virtual
    time, where a look takes no time, it only costs computing."""
    unusable: UnusableSettings = field(default_factory=UnusableSettings)
    """Parts of the configuration with which this service could not start."""
    findings_from: str = ""
    """Kafka's bootstrap servers: the rules are evaluated elsewhere, and this service is the desk of their findings."""

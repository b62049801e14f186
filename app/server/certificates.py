"""When the certificates of our servers expire, seen as a client sees them: broker, console behind its proxy, history.

A certificate that is renewed on disk and not loaded by its server still expires; so the server is asked, not the file.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from app.config.settings import SiteSettings
from domain import SECOND, Instant
from ingest.mqtt.broker_address import BrokerAddress

log = logging.getLogger("fengshao.certificates")
CHECK_EVERY_S: Final = 6 * 3600.0
TIMEOUT_S: Final = 30.0
Endpoint = tuple[str, int]


def tls_endpoints(settings: SiteSettings, broker: BrokerAddress) -> dict[str, Endpoint]:
    """The servers of this site that speak TLS, by name."""
    found: dict[str, Endpoint] = {"broker": (broker.host, broker.port)} if broker.tls else {}
    for name, url in (("console", settings.public_url), ("history", settings.history.url)):
        try:
            parts = urlsplit(url)
            if parts.scheme == "https" and parts.hostname:
                found[name] = parts.hostname, parts.port or 443
        except ValueError as error:
            log.error("certificate of the %s not watched: its address %s: %s", name, url, error)
    return found


async def certificate_expiry(endpoint: Endpoint) -> Instant:
    """When the certificate that a server presents expires. Raises OSError (ssl.SSLError included) or ValueError.

    Nothing is sent over the connection, so the certificate is read without being trusted: an expired one too.
    """
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(TIMEOUT_S):
        _, writer = await asyncio.open_connection(*endpoint, ssl=context)
    connection = writer.get_extra_info("ssl_object")
    encoded = connection.getpeercert(binary_form=True)
    writer.transport.abort()
    from cryptography import x509  # loaded soon after the start where a server speaks TLS, else never

    return round(x509.load_der_x509_certificate(encoded).not_valid_after_utc.timestamp() * SECOND)


class CertificateWatch:
    """`expiry` has what was seen last; a server that cannot be reached keeps its value."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self.expiry: dict[str, Instant] = {}

    async def run(self) -> None:
        """Ask every server every CHECK_EVERY_S, until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(CHECK_EVERY_S)

    async def check(self) -> None:
        """Ask every server once."""
        for name, endpoint in self._endpoints.items():
            try:
                self.expiry[name] = await certificate_expiry(endpoint)
            except (OSError, TimeoutError, ValueError, OverflowError) as error:
                log.warning("certificate of the %s not read: %s", name, error)

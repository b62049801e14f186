"""Apprise: one of its many services, as best effort. Its success is an HTTP status at most, so it proves nothing.

Apprise blocks, so it runs in a thread of its own pool; it is imported with the first message, because it takes a second
and most sites never use it. A service's URL contains its secrets, so a recipient's address is the name of a service in
site.yaml.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from msgspec import Struct

from alerts.channels.channel import NoCallbacks, NoLookup, SendOutcome, SendResult
from alerts.channels.preflight import PreflightScope, ProviderFault
from alerts.message import Delivery
from domain import Instant
from domain.secret import Secret

TIMEOUT_S: Final = 11.0
"""Below the lease of a message in the outbox."""
_THREADS: Final = 4
ACCEPTED_UNVERIFIED: Final = "unverified"


class AppriseSettings(Struct, frozen=True):
    """Name of each service -> its Apprise URL."""

    services: Mapping[str, Secret]
    timeout_s: float = TIMEOUT_S


class AppriseServices(NoLookup, NoCallbacks):
    """The channel `apprise`. It has no ids, no lookup and no receipts: a message in doubt is sent again."""

    name = "apprise"
    idempotent = True

    def __init__(self, settings: AppriseSettings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="apprise")

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """Title and text to the service that the address names."""
        del now
        url = self._settings.services.get(delivery.address)
        if url is None:
            return SendResult(SendOutcome.RECIPIENT, code=f"no service {delivery.address}")
        title, text = str(delivery.payload.get("subject") or ""), str(delivery.payload["text"])
        work = asyncio.get_running_loop().run_in_executor(self._threads, _notify, url.reveal(), title, text)
        try:
            # A thread cannot be stopped: a service that hangs keeps it, and the others are used meanwhile.
            async with asyncio.timeout(self._settings.timeout_s):
                is_accepted = await asyncio.shield(work)
        except TimeoutError:
            return SendResult(SendOutcome.UNKNOWN, code="timeout")
        if is_accepted is None:
            return SendResult(SendOutcome.CONFIG, code=f"the URL of {delivery.address} is none of Apprise")
        if is_accepted:
            return SendResult(SendOutcome.ACCEPTED, code=ACCEPTED_UNVERIFIED)
        return SendResult(SendOutcome.TEMPORARY, code="not accepted")

    async def preflight(self, scope: PreflightScope, now: Instant) -> Sequence[ProviderFault]:
        """Whether Apprise has a service for each URL; nothing is asked of the services."""
        del scope, now
        loop = asyncio.get_running_loop()
        named = self._settings.services.items()
        known = {name: await loop.run_in_executor(self._threads, is_apprise_url, url.reveal()) for name, url in named}
        return [ProviderFault("apprise.url", name) for name, is_known in known.items() if not is_known]


def is_apprise_url(url: str) -> bool:
    """Whether Apprise has a service for this URL. Imports Apprise."""
    return bool(_apprise().Apprise().add(url))


def _notify(url: str, title: str, text: str) -> bool | None:
    """Apprise's answer; None when no service takes the URL."""
    sender = _apprise().Apprise()
    if not sender.add(url):
        return None
    return bool(sender.notify(body=text, title=title))


def _apprise() -> Any:
    return importlib.import_module("apprise")

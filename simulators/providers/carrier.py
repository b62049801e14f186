"""What carries the messages of a simulated SMS service to the phones, where that is not the service itself."""

from __future__ import annotations

from typing import Protocol

import httpx2
from msgspec import Struct

from domain import Instant


class SubmittedMessage(Struct):
    """One message to one phone that a provider has accepted. `id` is the provider's own, `reference` what its customer
    gave to find it by. `reported`: when the carrier delivered it or gave up.
    """

    provider: str
    id: str
    reference: str
    phone: str
    sign: str
    template: str
    text: str
    at: Instant
    failure: str | None = None
    reported: Instant | None = None

    @property
    def status(self) -> int:
        """1 pending, 2 failed, 3 delivered."""
        if self.reported is None:
            return 1
        return 3 if self.failure is None else 2


class Carrier(Protocol):
    """Takes the messages that the service accepted and decides when each is delivered and reported.

    `client` sends the pushes. With a carrier the service listens on no port unless it is told to.
    """

    client: httpx2.AsyncClient

    def accept(self, message: SubmittedMessage, /) -> None: ...


class CarriedService(Protocol):
    """A service whose messages a carrier delivers."""

    async def deliver(self, message: SubmittedMessage, /) -> None:
        """The message has reached the phone, or cannot."""
        ...

    async def report(self, message: SubmittedMessage, /) -> None:
        """Push its delivery report."""
        ...

    async def reply(self, phone: str, text: str, /) -> None:
        """A person replies to a message of this service."""
        ...

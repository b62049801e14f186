"""What carries the messages of the simulated service, where that is not the service itself."""

from __future__ import annotations

from typing import Protocol

import httpx2

from simulators.providers.aliyun.templates import SubmittedMessage


class Carrier(Protocol):
    """Takes the messages that the service accepted and decides when each is delivered and reported.

    `client` sends the pushes. With a carrier the service listens on no port unless it is told to.
    """

    client: httpx2.AsyncClient

    def accept(self, message: SubmittedMessage, /) -> None: ...

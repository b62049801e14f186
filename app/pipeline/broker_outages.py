"""Outages of the connection to the broker, so that reports missing meanwhile do not count as absence of devices."""

from __future__ import annotations

from domain import Instant
from rules.engine.engine import Engine


class BrokerOutages:
    """Passes outages on to the engine; one that is still open goes on when another one ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._disconnected_since: Instant | None = None

    def begin(self, since: Instant) -> None:
        """The connection was lost."""
        self._engine.outage(since, None)
        self._disconnected_since = since

    def end(self, at: Instant) -> None:
        """The connection is up: end the outage that `begin` began, if any."""
        if self._disconnected_since is not None:
            self._engine.outage(self._disconnected_since, at)
        self._disconnected_since = None

    def add(self, since: Instant, until: Instant) -> None:
        """Nothing could be received between two instants."""
        self._engine.outage(since, until)
        if self._disconnected_since is not None:  # an outage that ended also ends an open one: this one goes on
            self._engine.outage(self._disconnected_since, None)

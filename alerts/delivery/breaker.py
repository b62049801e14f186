"""A circuit breaker: a provider that fails is not asked for a while, so that messages take another way at once. Pure.

Its state is memory only: a restarted service asks every provider again.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from alerts.channels.channel import SendOutcome
from domain import MINUTE, SECOND, Instant

FAILURES: Final = 5
"""Failures within WINDOW_MS that open the breaker."""
WINDOW_MS: Final = MINUTE
PROBE_EVERY_MS: Final = 30 * SECOND

_UNCERTAIN: Final = (SendOutcome.TEMPORARY, SendOutcome.UNKNOWN)
_ANSWERED: Final = (SendOutcome.ACCEPTED, SendOutcome.RECIPIENT, SendOutcome.CONTENT, SendOutcome.TEMPLATE)
"""Answers about one message: the provider itself works."""


class CircuitBreaker:
    """Opens after FAILURES failures in WINDOW_MS, or after one refusal of our account. While open, one message each
    PROBE_EVERY_MS may pass, and every message of a critical danger; the success of one closes the breaker."""

    def __init__(self) -> None:
        self._failures: deque[Instant] = deque(maxlen=FAILURES)
        self._next_probe: Instant | None = None

    @property
    def is_open(self) -> bool:
        return self._next_probe is not None

    def next_probe(self, now: Instant) -> Instant:
        """When the next message may pass; `now` while closed."""
        return now if self._next_probe is None else max(self._next_probe, now)

    def allows(self, now: Instant) -> bool:
        """Whether a message may be sent now. While open this grants one probe, and the next one later."""
        if self._next_probe is None:
            return True
        if now < self._next_probe:
            return False
        self.begin_probe(now)
        return True

    def begin_probe(self, now: Instant) -> None:
        """A message is sent while the breaker is open: no other probe is needed for a while."""
        if self._next_probe is not None:
            self._next_probe = now + PROBE_EVERY_MS

    def record(self, outcome: SendOutcome, now: Instant) -> None:
        """The outcome of one send. A rate limit says nothing about the provider's health."""
        if outcome in _ANSWERED:
            self._failures.clear()
            self._next_probe = None
        elif outcome is SendOutcome.CONFIG:
            self._next_probe = now + PROBE_EVERY_MS
        elif outcome in _UNCERTAIN:
            self._failures.append(now)
            if self.is_open or (len(self._failures) == FAILURES and now - self._failures[0] <= WINDOW_MS):
                self._next_probe = now + PROBE_EVERY_MS

"""The heartbeat to an outside watchdog (dead-man's switch): each minute, while intake, evaluation and sending work.

It follows the audit of open alerts, so it also stops when scheduler, event loop or database do. The address is a
secret: whoever knows it can keep the watchdog quiet. It is never logged.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import httpx2
from msgspec import Struct

from app.config.watch_settings import WatchdogSettings
from app.server.channels import NOT_REACHED, http_client
from domain import MINUTE

log = logging.getLogger("fengshao.watchdog")
STALLED_MS: Final = MINUTE
"""A slice of messages takes milliseconds; a minute without one while entries wait is a fault."""
CRITICAL_WAITS_MS: Final = 2 * MINUTE


class Vitals(Struct, frozen=True):
    """What must work for a danger to reach a person. Durations are 0 while all is well."""

    is_receiving: bool
    journal_error: str = ""
    evaluation_stalled_ms: int = 0
    critical_waits_ms: int = 0
    """For how long a message about a critical danger has been due without a provider's acceptance."""
    stuck: int = 0
    """Messages that no sender takes."""
    unnotified: int = 0
    """Unacknowledged dangers of which every message failed, or that had nobody to be sent to."""
    overdue: int = 0
    """Active alerts whose deadline passed without its next step."""


def not_working(vitals: Vitals) -> list[str]:
    """The parts that do not work, without personal data; empty when the heartbeat may be sent."""
    found = {
        "intake: not connected or not subscribed": not vitals.is_receiving,
        "intake: journal not writable": bool(vitals.journal_error),
        "evaluation: stalled": vitals.evaluation_stalled_ms >= STALLED_MS,
        "sending: a critical message waits": vitals.critical_waits_ms >= CRITICAL_WAITS_MS,
        "sending: messages without a sender": vitals.stuck > 0,
        "sending: a danger reached nobody": vitals.unnotified > 0,
        "escalation: a deadline passed without a step": vitals.overdue > 0,
    }
    return [part for part, is_broken in found.items() if is_broken]


class Watchdog:
    """Sends signals to the watchdog's address; without one it sends nothing."""

    def __init__(self, settings: WatchdogSettings) -> None:
        self._settings = settings
        self._client = http_client() if settings.url else None
        self._started = False
        self.sent: dict[str, int] = {"ok": 0, "fail": 0, "start": 0}
        """Accepted signals since the start."""
        self.refused = 0

    async def report(self, broken: list[str]) -> None:
        """Send the heartbeat, or say what is broken: with style `healthchecks` by a signal, else by silence."""
        if not self._started and self._settings.style == "healthchecks":
            await self._send("start", "/start", "")
        self._started = True
        if not broken:
            await self._send("ok", "", "")
            return
        log.error("no heartbeat to the watchdog: %s", "; ".join(broken))
        if self._settings.style == "healthchecks":
            await self._send("fail", "/fail", "\n".join(broken))

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    def counts(self) -> Mapping[str, int]:
        """Signals by kind, `refused` included."""
        return {**self.sent, "refused": self.refused}

    async def _send(self, signal: str, suffix: str, body: str) -> None:
        if self._client is None:
            return
        try:
            url = httpx2.URL(self._settings.url)
            url = url.copy_with(path=url.path.rstrip("/") + suffix) if suffix else url
            answer = await (self._client.post(url, content=body.encode()) if body else self._client.get(url))
            answer.raise_for_status()
        except NOT_REACHED as error:
            self.refused += 1
            # The error's text contains the address.
            log.warning("watchdog did not accept the signal %s: %s", signal, type(error).__name__)
            return
        self.sent[signal] += 1

"""Receipts and replies are fetched from a provider that cannot call us."""

from __future__ import annotations

from typing import Any

from alerts.channels.channel import InboundText, ProviderEvent
from app.server.provider_polling import poll_once, poll_providers


class Desk:
    def __init__(self) -> None:
        self.received: list[tuple[str, int]] = []

    async def receive(self, events: list[ProviderEvent], channel: str) -> None:
        self.received.append((channel, len(events)))


class Source:
    def __init__(self, is_broken: bool) -> None:
        self.is_broken = is_broken

    async def poll(self, now: int) -> list[ProviderEvent]:
        if self.is_broken:
            raise RuntimeError("broken")
        return [InboundText("19900000001", "31", now)]


async def test_one_broken_provider_does_not_stop_the_others() -> None:
    desk: Any = Desk()
    total = await poll_once(desk, {("sms", "a"): Source(True), ("sms", "b"): Source(False)}, 1)
    assert (total, desk.received) == (1, [("sms", 1)])
    await poll_providers(desk, {}, lambda: 0)

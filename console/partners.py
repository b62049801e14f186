"""What the console needs of the exchange with outside systems."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from alerts.exchange.messages import SYSTEM_PREFIX, OutgoingMessage, PushResult, ReceivedEvent
from domain.secret import Secret

CARE_SYSTEM: Final = "care"
"""The id under which a care platform has its token."""


class CaseExchange(Protocol):
    """Takes cases of outside systems and changes of their states (alerts.exchange.service)."""

    async def receive_case(self, system: str, body: Mapping[str, Any]) -> PushResult: ...

    async def receive_state(self, system: str, external_id: str, body: Mapping[str, Any]) -> ReceivedEvent: ...


class MessageRenderer(Protocol):
    """Writes a message down in the field names of a system (alerts.exchange.targets)."""

    def fields(self, message: OutgoingMessage) -> dict[str, Any]: ...


@dataclass(frozen=True)
class ExchangeDependencies:
    """The exchange with outside systems."""

    cases: CaseExchange
    systems: Collection[str]
    push_secrets: Mapping[str, Secret]
    """By system: the secret that signs its pushes. An unsigned push of such a system is refused."""
    targets: Collection[str]
    """Ids of subscribers and systems that messages are sent to."""
    resume: Callable[[str], None]
    """Try a target now, although it was paused."""
    renderers: Mapping[str, MessageRenderer] = field(default_factory=dict)
    """By system without a URL: writes its messages down in its field names. It fetches them."""
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By system: its name in Chinese and in English."""

    def title_of(self, target: str) -> tuple[str, str]:
        """The name of a target in Chinese and in English: a system's title; a subscriber has only its id."""
        return self.titles.get(target.removeprefix(SYSTEM_PREFIX), (target, target))

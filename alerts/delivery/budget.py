"""Limits on messages to one person: what may be sent in a span of time before calls become summaries and cards wait."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from alerts.message import CALL_KINDS, FOLLOW_UP_KINDS, MessageKind
from alerts.messages.deliveries import SMS, WECOM
from domain import DAY, HOUR, MINUTE

CARD_KINDS: Final = (*CALL_KINDS, MessageKind.ADDED)
"""Kinds that are cards of their own in WeCom; the other kinds update an existing card."""


class Budget(Struct, frozen=True):
    """Limits for one person and channel. Calls and follow-ups are counted apart, so that follow-ups never use up the
    budget of calls. Over the limit of texts, calls and follow-ups are sent as summaries.

    A critical text has no limit here: the gap to the vendor's own limit is its reserve. WeCom silently drops more than
    30 messages a minute to one member, so a card over the limit waits.
    """

    texts_per_quarter_hour: int = 5
    texts_per_hour: int = 11
    texts_per_day: int = 35
    news_per_quarter_hour: int = 6
    news_per_hour: int = 12
    news_per_day: int = 40
    cards_per_minute: int = 20
    critical_cards_per_minute: int = 30

    def limits(self, channel: str, kind: MessageKind, critical: bool) -> tuple[tuple[int, int], ...]:
        """Pairs (span in ms, maximum number in it) for this kind; empty when it has no limit."""
        if channel == WECOM and kind in CARD_KINDS:
            return ((MINUTE, self.critical_cards_per_minute if critical else self.cards_per_minute),)
        if channel != SMS or kind not in (*CALL_KINDS, *FOLLOW_UP_KINDS) or (critical and kind in CALL_KINDS):
            return ()
        if kind in FOLLOW_UP_KINDS:
            return (
                (15 * MINUTE, self.news_per_quarter_hour),
                (HOUR, self.news_per_hour),
                (DAY, self.news_per_day),
            )
        return (
            (15 * MINUTE, self.texts_per_quarter_hour),
            (HOUR, self.texts_per_hour),
            (DAY, self.texts_per_day),
        )


def counted_with(channel: str, kind: MessageKind) -> Collection[MessageKind]:
    """The kinds of messages that count against the same limits as this kind."""
    if channel == WECOM:
        return CARD_KINDS
    return FOLLOW_UP_KINDS if kind in FOLLOW_UP_KINDS else CALL_KINDS

"""Limits on messages to one person: what may be sent in a span of time. The limits are those of the channel's
specification, or of the site."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct, field

from alerts.channel_specs import Content, Limits, OverLimit, PersonLimits, spec_of
from alerts.message import CALL_KINDS, FOLLOW_UP_KINDS, MessageKind

CARD_KINDS: Final = tuple(MessageKind)
"""Every message to a member counts for WeCom; a change of a card is none."""


class Budget(Struct, frozen=True):
    """`own` holds the limits of channels for which the site has written its own."""

    own: Mapping[str, PersonLimits] = field(default_factory=dict)

    def limits(self, channel: str, kind: MessageKind, critical: bool) -> Limits:
        """The limits for this kind of message to one address; empty when it has none."""
        limits = self.of_channel(channel)
        if kind in FOLLOW_UP_KINDS and spec_of(channel).content is not Content.CARD:
            return limits.follow_ups
        if kind in counted_with(channel, kind):
            return limits.critical_calls if critical else limits.calls
        return ()

    def over(self, channel: str) -> OverLimit:
        """What happens to a message over the limit."""
        return self.of_channel(channel).over

    def of_channel(self, channel: str) -> PersonLimits:
        return self.own.get(channel) or spec_of(channel).limits


def counted_with(channel: str, kind: MessageKind) -> Collection[MessageKind]:
    """The kinds of messages that count against the same limits as this kind."""
    if spec_of(channel).content is Content.CARD:
        return CARD_KINDS
    return FOLLOW_UP_KINDS if kind in FOLLOW_UP_KINDS else CALL_KINDS

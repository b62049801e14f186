"""Limits on messages to one person: what may be sent in a span of time. The limits are those of the channel's
specification, or of the site."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import Final

from msgspec import Struct, field

from alerts.channel_specs import Content, Limits, OverLimit, PersonLimits, spec_of
from alerts.message import CALL_KINDS, DANGER_KINDS, FOLLOW_UP_KINDS, VERIFYING_KINDS, MessageKind
from alerts.messages.together import NEWS
from domain import MINUTE

CARD_KINDS: Final = tuple(MessageKind)
"""Every message to a member counts for WeCom; a change of a card is none."""
_CODES: Final = (MessageKind.OWNED, MessageKind.ARRIVED, MessageKind.HELPING)
"""The codes of what he does next: without them he cannot report that he is there."""
CODES_WAIT_MS: Final = 2 * MINUTE
"""He is on his way for longer than this; then only the limit itself holds the codes back."""


class Rank(IntEnum):
    """How much of the limit of all kinds together is kept free for messages of a higher rank: so many places."""

    SUMMARY = 0
    """The summary of calls, at most one in five minutes: what is over the limit stands in it. What joins a critical
    danger: many doors in one text."""
    VITAL = 1
    """A call about a critical danger, or who is asked to assist there (the clinic for a fall). One call too many stands
    in a summary, and the next person is called at once: nobody is at ten dangers."""
    CALL = 2
    OWN_CASE = 3
    """What he needs for what he does: the codes of his case, a question, an answer to his reply, that somebody else has
    the case, so that he may stand down. It waits for room."""
    NEWS = 5
    """What others did. One summary takes the place of what is over."""


def rank_of(kind: MessageKind, critical: bool, variant: str = "") -> Rank:
    """The rank of a message of this kind; `variant` is that of a summary."""
    if kind is MessageKind.SUMMARY:
        return Rank.NEWS if variant == NEWS else Rank.SUMMARY
    if kind in DANGER_KINDS and critical:
        return Rank.SUMMARY if kind is MessageKind.ADDED else Rank.VITAL
    if kind in DANGER_KINDS:
        return Rank.CALL
    if kind is MessageKind.ASSIST and critical:
        return Rank.VITAL
    concerns_him = kind not in FOLLOW_UP_KINDS or kind in (*VERIFYING_KINDS, MessageKind.ACKNOWLEDGED)
    return Rank.OWN_CASE if concerns_him else Rank.NEWS


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

    def together(
        self, channel: str, kind: MessageKind, critical: bool, waited_ms: int = 0, variant: str = ""
    ) -> Limits:
        """The limits of all kinds together, as far as they hold back this kind; empty when the channel has none."""
        has_waited = kind in _CODES and waited_ms >= CODES_WAIT_MS
        rank = Rank.SUMMARY if has_waited else rank_of(kind, critical, variant)
        return tuple((span, max(limit - rank, 1)) for span, limit in self.of_channel(channel).together)

    def over_together(self, channel: str, kind: MessageKind, critical: bool = False) -> OverLimit:
        """What happens to a message over the limit of all kinds together."""
        if kind in CALL_KINDS:
            return OverLimit.NEXT_PERSON if critical else self.over(channel)
        waits = rank_of(kind, critical) in (Rank.OWN_CASE, Rank.VITAL, Rank.SUMMARY)
        return OverLimit.WAIT if waits else self.over(channel)

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

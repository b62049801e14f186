"""Notices that one person gets together: requests to verify, and what is overdue. When the next text may go. Pure.

The first is sent at once. What follows within a span waits, and one text names it all
(`alerts.delivery.combined_notices`); nothing that is urgent waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from alerts.alert import Alert
from alerts.channel_specs import spec_of
from alerts.message import NOT_FAILED, Delivery, DeliveryState, MessageKind
from alerts.messages.renderer import MessageRenderer
from alerts.ports import Outbox
from domain import DAY, HOUR, MINUTE, Instant, Severity

MAY_WAIT: Final = "may_wait"
"""Marks, in the payload of a notice, one that waits for others."""
MAX_TOGETHER: Final = 3
"""Questions in one text: each has its own code."""
MOST_TOGETHER: Final = {
    MessageKind.VERIFY: MAX_TOGETHER,
    MessageKind.VERIFY_STREET: MAX_TOGETHER,
    MessageKind.SUPERVISE: 20,
    MessageKind.ACKNOWLEDGED: 10,
    MessageKind.OWNED: 4,
}
"""Kinds of which several are sent as one text, and how many; fewer where the text has no room for all doors."""
LATER_MS: Final = MINUTE
"""Each waiting notice is due so long after the one before it: if that is no longer wanted, the next one goes out."""
MOST_LATER_MS: Final = 20 * MINUTE
"""So much later than a span are those due that wait behind others of their own span."""
VERIFY_SPAN_MS: Final = {
    Severity.CRITICAL: HOUR // 2, Severity.HIGH: HOUR, Severity.MEDIUM: 4 * HOUR, Severity.LOW: 4 * HOUR,
}  # fmt: skip
"""Between two requests to verify, to one person. A person on site has dealt with it, no device reports it any more, and
a verification has a day."""
OWNED_SPAN_MS: Final = MINUTE
"""Between two texts with the codes of what he does next, to one who takes several: he is on his way for longer."""
STAND_DOWN_SPAN_MS: Final = {
    Severity.CRITICAL: 2 * MINUTE, Severity.HIGH: 5 * MINUTE, Severity.MEDIUM: 15 * MINUTE, Severity.LOW: 15 * MINUTE,
}  # fmt: skip
"""Between two texts that somebody has it, to one who was called: less than he would be on his way."""
NEWS: Final = "news"
"""Variant of a summary of what others did; every other summary is of calls."""
SUMMARY_EVERY_MS: Final = 5 * MINUTE
"""Between two summaries of what was over a person's limit."""
SUPERVISE_SPAN_MS: Final = 4 * HOUR
"""Between two texts about steps that are overdue where the danger itself has ended: two or three a shift."""
LESSER_SPAN_MS: Final = 2 * HOUR
"""The same where somebody has a danger of medium or low severity, or nobody one of low severity: eight hours and more
are allowed to deal with it."""


def next_begin(store: Outbox, kind: MessageKind, channel: str, address: str, now: Instant, span_ms: int) -> Instant:
    """When a notice of this kind may be sent to this address: now, or a span after the last one of its kind."""
    if not span_ms or not spec_of(channel).coded:
        return now
    rows = store.deliveries_to(channel, address, now - DAY)
    begins = [row.not_before for row in rows if row.kind is kind and row.state in NOT_FAILED]
    # What is less urgent waits longer, and is no reason to wait beyond the own span.
    last = max((begin for begin in begins if begin <= now + span_ms + MOST_LATER_MS), default=None)
    if last is None:
        return now
    return last + LATER_MS if last > now else max(now, last + span_ms)


def follow_up_span(kind: MessageKind, alert: Alert, variant: str) -> int:
    """How long a text about how it went on waits for others; what asks for more people never does."""
    if kind is MessageKind.OWNED:
        return OWNED_SPAN_MS
    return STAND_DOWN_SPAN_MS[alert.severity] if kind is MessageKind.ACKNOWLEDGED and not variant else 0


def may_combine(row: Delivery) -> bool:
    """Whether one text may name this message with others of its kind."""
    if row.kind in (MessageKind.ACKNOWLEDGED, MessageKind.OWNED):
        return row.payload.get(MAY_WAIT) is True
    return row.kind in MOST_TOGETHER


def waiting_with(store: Outbox, row: Delivery, now: Instant) -> Sequence[Delivery]:
    """The other notices of its kind that wait for this person at this address."""
    found = store.deliveries_to(row.channel, row.address, now - 2 * DAY)
    waiting = [one for one in found if one.kind is row.kind and one.state is DeliveryState.PENDING]
    fitting = [
        one for one in waiting if may_combine(one) and (one.kind is not MessageKind.SUPERVISE or is_overdue_notice(one))
    ]
    return [one for one in fitting if one.id != row.id and one.person == row.person]


def is_superseded(store: Outbox, row: Delivery, now: Instant) -> bool:
    """Whether a newer summary of what others did, due as well, is sent in its place: it names the same and what was
    withheld later. A summary of calls is always sent."""
    if not _is_news(row):
        return False
    rows = store.deliveries_to(row.channel, row.address, row.created_at)
    newer = rows[[one.id for one in rows].index(row.id) + 1 :]
    soon = [one for one in newer if one.created_at < row.created_at + SUMMARY_EVERY_MS and one.state in NOT_FAILED]
    due = [one for one in soon if one.state is not DeliveryState.PENDING or one.not_before <= now]
    return any(_is_news(one) and one.person == row.person for one in due)


def _is_news(row: Delivery) -> bool:
    return row.kind is MessageKind.SUMMARY and row.payload.get("summary") == NEWS


def is_overdue_notice(row: Delivery) -> bool:
    """Whether a text of supervision is about a step that is overdue and may wait: then it is rendered when it is sent.
    One about an order, or a danger that spreads, is not, also where it is sent late."""
    return row.payload.get(MAY_WAIT) is True


def combined_alerts(row: Delivery) -> Sequence[int]:
    """The alerts that a text names; those of a combined text are in its payload."""
    named = row.payload.get("together")
    return [int(one) for one in named] if isinstance(named, list) else row.alerts


def verify_span(alert: Alert) -> int:
    """How long a request to verify this alert waits for others."""
    return VERIFY_SPAN_MS[alert.severity]


def overdue_text(renderer: MessageRenderer, alert: Alert, now: Instant) -> str:
    """Which step of an alert is overdue, and for how long: 办结超时10分钟. Empty for none."""
    if alert.overdue_since is None:
        return ""
    return renderer.catalog.overdue[alert.overdue_what].format(span=renderer.format_duration(now - alert.overdue_since))

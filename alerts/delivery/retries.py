"""When a message that was not accepted is tried again. Pure."""

from __future__ import annotations

from typing import Final

from alerts.channels.channel import SendOutcome
from alerts.message import MAX_ATTEMPTS
from domain import SECOND

FIRST_BACKOFF_MS: Final = 2 * SECOND
MAX_BACKOFF_MS: Final = 60 * SECOND
LOOKUP_AFTER_MS: Final = 6 * SECOND
SEND_AGAIN_AFTER: Final = 2 * MAX_ATTEMPTS
"""Attempts after which a call for a critical danger that is still in doubt, about 100 s after it was sent, is sent once
more: its provider cannot be asked. Two texts are less than none; the timeline says so."""
TRIED_ON_MS: Final = 15 * SECOND
"""Between further attempts of a call for a critical danger, after others have been called in its place."""
CONFIG_RETRY_MS: Final = 30 * SECOND
OPERATOR_MUST_ACT: Final = (SendOutcome.CONFIG, SendOutcome.TEMPLATE)
"""Tried again until an operator has mended it, while other channels and people are used."""
PERMANENT_FAILURES: Final = (SendOutcome.RATE, SendOutcome.RECIPIENT, SendOutcome.CONTENT)


def retry_delay_ms(outcome: SendOutcome, attempts: int) -> int:
    """Delay before the next attempt, or before the lookup of a message in doubt, after `attempts` of them.

    >>> [retry_delay_ms(SendOutcome.TEMPORARY, n) for n in (1, 2, 3, 9)]
    [2000, 4000, 8000, 60000]
    >>> retry_delay_ms(SendOutcome.UNKNOWN, 1), retry_delay_ms(SendOutcome.TEMPLATE, 1)
    (6000, 30000)
    """
    if outcome is SendOutcome.UNKNOWN:
        return LOOKUP_AFTER_MS
    if outcome in OPERATOR_MUST_ACT:
        return CONFIG_RETRY_MS
    return int(min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempts - 1)))

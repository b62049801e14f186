"""What a failed HTTP exchange proves: only a connection that never came about is known not to have sent anything."""

from __future__ import annotations

import httpx2

from alerts.channels.channel import SendOutcome, SendResult

NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


def failed_exchange(error: Exception) -> SendResult:
    """The result of a send that ended with this error of transport or of reading the answer."""
    outcome = SendOutcome.TEMPORARY if isinstance(error, NEVER_SENT) else SendOutcome.UNKNOWN
    return SendResult(outcome, code=type(error).__name__)

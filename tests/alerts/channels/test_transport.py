"""What a failed exchange proves about whether a message was sent."""

from __future__ import annotations

import httpx2
import pytest

from alerts.channels.channel import SendOutcome
from alerts.channels.transport import failed_exchange


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (httpx2.ConnectError("refused"), SendOutcome.TEMPORARY),
        (httpx2.PoolTimeout("busy"), SendOutcome.TEMPORARY),
        (httpx2.ReadTimeout("slow"), SendOutcome.UNKNOWN),
        (ValueError("no JSON"), SendOutcome.UNKNOWN),
    ],
)
def test_only_a_connection_that_never_came_about_is_known_to_have_sent_nothing(
    error: Exception, outcome: SendOutcome
) -> None:
    result = failed_exchange(error)
    assert (result.outcome, result.code) == (outcome, type(error).__name__)

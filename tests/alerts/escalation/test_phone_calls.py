"""A rung with `phone` also calls a role by voice, on sites that have the channel."""

from __future__ import annotations

from alerts.escalation.phone_calls import with_phone_calls
from alerts.escalation.policy import Recipient
from domain import Ledger, Severity
from tests.alerts.conftest import load_policy


def test_the_built_in_ladder_of_critical_dangers_calls_those_who_have_not_answered() -> None:
    plain = load_policy()
    assert with_phone_calls(plain, ("sms", "wecom")) is plain
    with_calls = with_phone_calls(plain, ("sms", "voice"))
    critical = with_calls.ladders[0]
    assert (critical.ledger, critical.severities) == (Ledger.DANGER, (Severity.CRITICAL,))
    assert critical.rungs[0] == plain.ladders[0].rungs[0], "the text goes out first: the call says where to look"
    assert critical.rungs[1].recipients == (
        Recipient(role="lead", channels=("sms", "wecom")),
        Recipient(role="worker", channels=("voice",)),
    )
    assert critical.rungs[1].wait == plain.ladders[0].rungs[1].wait, "the call delays nobody above"
    assert with_calls.ladders[1] == plain.ladders[1]

"""A provider that fails is not asked for a while."""

from __future__ import annotations

from alerts.channels.channel import SendOutcome
from alerts.delivery.breaker import FAILURES, PROBE_EVERY_MS, CircuitBreaker
from domain import MINUTE, SECOND


def test_five_failures_within_a_minute_open_it_and_one_probe_in_thirty_seconds_passes() -> None:
    breaker = CircuitBreaker()
    for number in range(FAILURES):
        assert breaker.allows(number * SECOND)
        breaker.record(SendOutcome.UNKNOWN, number * SECOND)
    assert breaker.is_open
    assert not breaker.allows(5 * SECOND)
    probe = breaker.next_probe(5 * SECOND)
    assert probe == 4 * SECOND + PROBE_EVERY_MS
    assert breaker.allows(probe)
    assert not breaker.allows(probe + 1), "one probe at a time"
    breaker.record(SendOutcome.TEMPORARY, probe + SECOND)
    assert breaker.next_probe(probe + SECOND) == probe + SECOND + PROBE_EVERY_MS
    breaker.record(SendOutcome.ACCEPTED, probe + MINUTE)
    assert breaker.allows(probe + MINUTE)
    assert breaker.next_probe(probe + MINUTE) == probe + MINUTE


def test_failures_spread_over_more_than_a_minute_leave_it_closed() -> None:
    breaker = CircuitBreaker()
    for number in range(20):
        breaker.record(SendOutcome.TEMPORARY, number * 16 * SECOND)
    assert not breaker.is_open


def test_a_refused_account_opens_it_at_once_and_a_limit_or_a_refused_text_does_not() -> None:
    breaker = CircuitBreaker()
    for outcome in (SendOutcome.RATE, SendOutcome.TEMPLATE, SendOutcome.CONTENT, SendOutcome.RECIPIENT):
        breaker.record(outcome, 0)
        assert not breaker.is_open
    breaker.record(SendOutcome.CONFIG, 0)
    assert breaker.is_open


def test_a_message_that_must_not_wait_takes_the_place_of_the_next_probe() -> None:
    breaker = CircuitBreaker()
    breaker.begin_probe(0)
    assert not breaker.is_open, "a closed breaker has no probes"
    breaker.record(SendOutcome.CONFIG, 0)
    breaker.begin_probe(10 * SECOND)
    assert breaker.next_probe(11 * SECOND) == 10 * SECOND + PROBE_EVERY_MS

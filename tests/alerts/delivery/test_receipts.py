"""Five accepted messages and no receipt in a quarter of an hour: the receipt path is broken."""

from __future__ import annotations

import doctest

from alerts.channels.channel import DeliveryReport
from alerts.delivery import retries
from alerts.delivery.receipts import ACCEPTED_MIN, EARLY_MAX, WITHIN_MS, EarlyReports, ReceiptWatch


def test_receipts_are_missing_after_five_messages_and_fifteen_minutes_and_the_next_one_ends_it() -> None:
    watch = ReceiptWatch()
    for number in range(ACCEPTED_MIN):
        assert not watch.changed(WITHIN_MS + number)
        watch.accepted(number)
    assert not watch.changed(WITHIN_MS - 1)
    assert watch.changed(WITHIN_MS)
    assert watch.is_missing
    assert not watch.changed(WITHIN_MS + 1), "reported once"
    watch.received()
    assert watch.changed(WITHIN_MS + 2)
    assert not watch.is_missing
    watch.accepted(WITHIN_MS + 3)
    assert not watch.changed(3 * WITHIN_MS), "one message without a receipt proves nothing"


def test_reports_that_came_early_are_kept_for_their_message_and_the_oldest_are_dropped() -> None:
    early = EarlyReports()
    early.keep("sms", DeliveryReport(True, 0, delivery="d-01"))
    for number in range(EARLY_MAX + 1):
        early.keep("sms", DeliveryReport(True, 0, provider_id=str(number)))
    assert early.take("sms", "0") is None
    assert early.take("voice", "1") is None
    assert early.take("sms", "1") == DeliveryReport(True, 0, provider_id="1")
    assert early.take("sms", "1") is None
    assert early.take("sms", None) is None


def test_delays_of_retries() -> None:
    assert doctest.testmod(retries).failed == 0

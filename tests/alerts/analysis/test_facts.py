"""Counts of messages of several months add up."""

from __future__ import annotations

from alerts.analysis.facts import DeliveryCount, merge_delivery_counts


def test_counts_of_two_months_with_the_same_outcome_are_one_line_and_the_largest_stands_first() -> None:
    january = [DeliveryCount("sms", "aliyun", "delivered", "", 3), DeliveryCount("wecom", "", "failed", "60011", 9)]
    february = [DeliveryCount("sms", "aliyun", "delivered", "", 8)]
    assert merge_delivery_counts([january, february]) == (
        DeliveryCount("sms", "aliyun", "delivered", "", 11),
        DeliveryCount("wecom", "", "failed", "60011", 9),
    )

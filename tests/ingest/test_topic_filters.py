"""Topic filters with wildcards."""

from __future__ import annotations

from ingest.topics import TopicFilterSet


def test_a_plus_in_a_filter_matches_one_level_and_no_more() -> None:
    filters = TopicFilterSet(["application/+/device/abcd/event/up"])
    assert "application/7/device/abcd/event/up" in filters
    assert "application/7/x/device/abcd/event/up" not in filters

"""Which topics a filter covers."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.adapters import FILTERS
from ingest.routing.platform_guesses import COMMON_OTHER_FILTERS
from ingest.topics import TopicFilterSet, filter_covers, filter_fault, filter_matches, is_plain_topic_level


@pytest.mark.parametrize(
    ("pattern", "topic", "covered"),
    [
        ("a/b", "a/b", True),
        ("a/+/c", "a/b/c", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/#", "a/b/c", True),
        ("#", "a", True),
        ("+/x", "$SYS/x", False),
        ("$oc/#", "$oc/x", True),
        ("/+/+/properties/report", "/p/d/properties/report", True),
        ("a/+/b/+/c", "a/1/b/2/c", True),
        ("a/+/b/+/c", "a/1/b/2/d", False),
    ],
)
def test_a_filter_covers_a_topic(pattern: str, topic: str, covered: bool) -> None:
    assert covered is filter_matches(pattern, topic) is (topic in TopicFilterSet([pattern]))


LEVELS = st.lists(st.sampled_from(["a", "b", "+", "x y", ""]), min_size=1, max_size=5).map("/".join)


@given(st.lists(LEVELS, max_size=4), LEVELS.filter(lambda topic: "+" not in topic))
def test_a_filter_set_covers_what_its_filters_cover(patterns: list[str], topic: str) -> None:
    assert any(filter_matches(pattern, topic) for pattern in patterns) is (topic in TopicFilterSet(patterns))


def test_a_name_with_wildcards_is_no_plain_topic_level() -> None:
    assert [False, False, False, True] == [is_plain_topic_level(name) for name in ("", "a+", "#", "3栋/402")]


SOME = st.sampled_from(["a", "b", "tele", ""])
PATTERN = st.lists(st.sampled_from(["a", "b", "tele", "+"]), min_size=1, max_size=4).flatmap(
    lambda levels: st.sampled_from(["/".join(levels), "/".join([*levels, "#"])])
)


@given(PATTERN, PATTERN, st.lists(SOME, min_size=1, max_size=5).map("/".join))
@example("a/#", "a", "a")
@example("tele/+", "tele/#", "tele/a/b")
def test_a_filter_that_covers_another_covers_all_of_its_topics(wide: str, narrow: str, topic: str) -> None:
    if filter_covers(wide, narrow) and filter_matches(narrow, topic):
        assert filter_matches(wide, topic)
    assert filter_covers(wide, wide)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "1 to 1024 bytes"),
        ("a" * 2000, "1 to 1024 bytes"),
        ("tele#", "write tele/#"),
        ("te+le/x", "write tele/+/x"),
        ("tele/#/SENSOR", "# may only be the last level"),
        ("$share/g/tele/#", "the broker's own"),
        ("$SYS/#", "the broker's own"),
        ("#", "every topic"),
        ("+/+/#", "every topic"),
    ],
)
def test_a_faulty_filter_is_named_with_what_to_write(pattern: str, message: str) -> None:
    fault = filter_fault(pattern)

    assert fault is not None
    assert message in fault


@pytest.mark.parametrize(
    "pattern", [each for patterns in (*FILTERS.values(), *COMMON_OTHER_FILTERS.values()) for each in patterns]
)
def test_every_default_filter_is_right(pattern: str) -> None:
    assert filter_fault(pattern) is None


def test_a_plus_in_a_filter_matches_one_level_and_no_more() -> None:
    filters = TopicFilterSet(["application/+/device/abcd/event/up"])
    assert "application/7/device/abcd/event/up" in filters
    assert "application/7/x/device/abcd/event/up" not in filters

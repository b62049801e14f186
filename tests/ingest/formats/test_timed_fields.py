"""Fields grouped by time: no value is lost, and a true bool holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.timed_fields import event_fields, flatten, group_by_time

FIELDS = st.lists(st.tuples(st.sampled_from([None, 5, "5"]), st.sampled_from(["alarm", "sos"]), st.booleans()))


@given(FIELDS)
def test_every_value_is_in_a_group_of_its_time(fields: list[tuple[object, str, bool]]) -> None:
    groups = group_by_time(fields)

    assert {(repr(at), name, value) for at, name, value in fields} == {
        (repr(at), name, value) for at, group in groups for name, value in group.items()
    }


@given(FIELDS)
def test_of_two_bools_at_one_time_the_true_one_comes_last(fields: list[tuple[object, str, bool]]) -> None:
    groups = group_by_time(fields)
    for at, name, value in fields:
        if value:
            assert [group[name] for time, group in groups if repr(time) == repr(at) and name in group][-1]


@given(st.lists(st.tuples(st.sampled_from([None, 5]), st.sampled_from(["t", "h", "p"]), st.integers(1, 3))))
def test_of_two_numbers_at_one_time_the_later_one_comes_last(fields: list[tuple[object, str, int]]) -> None:
    groups = group_by_time(fields)
    for (at, name), value in {(at, name): value for at, name, value in fields}.items():
        assert value == [group[name] for time, group in groups if time == at and name in group][-1]


def test_a_test_of_one_message_does_not_mark_the_alarm_of_another() -> None:
    fields = [(5, "alarm", False), (5, "test", True), (5, "alarm", True)]

    assert [(5, {"alarm": False, "test": True}), (5, {"alarm": True})] == group_by_time(fields)


def test_nested_fields_and_events_become_flat_fields() -> None:
    assert {"a.b.c": 1, "d": None} == dict(flatten({"a": {"b": {"c": 1}}, "d": None}))
    assert {"level.now": 2, "leak": True} == event_fields("leak", {"level": {"now": 2}})


def test_of_two_true_bools_that_are_repeated_false_both_true_ones_come_last() -> None:
    fields = [(5, "alarm", True), (5, "sos", True), (5, "alarm", False), (5, "sos", False)]

    assert group_by_time(fields) == [(5, {"alarm": False, "sos": False}), (5, {"alarm": True, "sos": True})]

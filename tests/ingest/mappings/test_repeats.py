"""Objections that repeat, and self-tests that do not end."""

from __future__ import annotations

from typing import Any

from domain import Reading, RefusalReason
from domain.self_tests import LIMIT as TEST_MAX
from ingest.mappings.field_values import Objection
from ingest.mappings.repeats import DETAILS_MAX, RepeatFilter, SelfTestLimiter


def test_a_word_is_reported_once_and_a_missing_mapping_refused_once() -> None:
    repeats = RepeatFilter()
    word = Objection(RefusalReason.BAD_VALUE, "alarm: 'q'", True, "alarm", once=True)
    mapping = Objection(RefusalReason.NO_MAPPING, "unread", once=True)
    always = Objection(RefusalReason.BAD_VALUE, "z", True)
    first = [each.danger for each in repeats.to_report("d", [word, mapping, always], 0)]
    again = [each.danger for each in repeats.to_report("d", [word, mapping, always], 1)]
    assert ([True, False, True], [False, True]) == (first, again)


def test_the_number_of_remembered_details_is_limited() -> None:
    repeats = RepeatFilter()
    assert all(repeats.is_new("d", str(number), 0) for number in range(DETAILS_MAX + 1))
    assert repeats.is_new("d", "0", 0)


def test_a_self_test_ends_after_its_limit_and_a_new_one_starts_again() -> None:
    runs = SelfTestLimiter()

    def at(received: int, **values: Any) -> bool:
        return runs.limit(Reading("d", "gas_alarm", received, received, {"alarm": True, **values})).is_test

    later = TEST_MAX + 1
    assert [True, True, False] == [at(each, test=True) for each in (0, TEST_MAX, later)]
    assert [False, True] == [at(later), at(later + 1, test=True)]

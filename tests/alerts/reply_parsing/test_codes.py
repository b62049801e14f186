"""The numbers and digits of reply codes."""

from __future__ import annotations

from alerts.reply_parsing.codes import normalize_phone, smallest_free


def test_the_smallest_free_number_is_assigned_up_to_99() -> None:
    assert smallest_free([]) == 1
    assert smallest_free([1, 3]) == 2
    assert smallest_free(range(1, 100)) is None


def test_phone_numbers_are_normalized() -> None:
    assert normalize_phone("+86 199-0000-0001") == normalize_phone("8619900000001") == normalize_phone("19900000001")

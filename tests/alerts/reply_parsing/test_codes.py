"""The numbers and digits of reply codes."""

from __future__ import annotations

from alerts.reply_parsing.codes import EMERGENCY_NUMBERS, MAX_NUMBER, codes_of, normalize_phone, smallest_free


def test_the_smallest_free_number_is_assigned_up_to_99() -> None:
    assert smallest_free([]) == 1
    assert smallest_free([1, 3]) == 2
    assert smallest_free(range(1, 100)) is None


def test_phone_numbers_are_normalized() -> None:
    assert normalize_phone("+86 199-0000-0001") == normalize_phone("8619900000001") == normalize_phone("19900000001")


def test_no_code_is_the_number_of_police_fire_or_ambulance() -> None:
    """The eleventh alert of a busy phone was to be verified by 110, which is never taken for an answer."""
    numbers = list[int]()
    while (number := smallest_free(numbers)) is not None:
        numbers.append(number)
    codes = {code for number in numbers for code in codes_of(number).values()}
    assert len(numbers) == MAX_NUMBER - 2
    assert not codes & EMERGENCY_NUMBERS

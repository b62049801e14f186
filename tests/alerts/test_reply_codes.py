"""What people write back: codes, words, full-width digits, and everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.codes import Answer, Meaning, normalise, pass_code, plain_phone, read, smallest_free, take_code


@pytest.mark.parametrize(
    ("text", "meaning", "number"),
    [
        ("31", Meaning.TAKE, 3),
        ("32", Meaning.PASS, 3),
        ("３１", Meaning.TAKE, 3),
        (" 3 1 。", Meaning.TAKE, 3),
        ("31接警", Meaning.TAKE, 3),
        ("收到31", Meaning.TAKE, 3),
        ("回复31", Meaning.TAKE, 3),
        ("992无法到场", Meaning.PASS, 99),
        ("11", Meaning.TAKE, 1),
        ("1", Meaning.TAKE, None),
        ("收到", Meaning.TAKE, None),
        ("好的！", Meaning.TAKE, None),
        ("无法到场", Meaning.PASS, None),
        ("td", Meaning.OPT_OUT, None),
        ("退订", Meaning.OPT_OUT, None),
        ("33", Meaning.UNCLEAR, None),
        ("01", Meaning.UNCLEAR, None),
        ("1001", Meaning.UNCLEAR, None),
        ("在哪里？", Meaning.UNCLEAR, None),
        ("", Meaning.UNCLEAR, None),
    ],
)
def test_a_reply_is_read_as_people_write_it(text: str, meaning: Meaning, number: int | None) -> None:
    assert read(text) == Answer(meaning, number)


@given(st.integers(1, 99))
def test_every_printed_code_is_read_back(number: int) -> None:
    assert read(take_code(number)) == Answer(Meaning.TAKE, number)
    assert read(pass_code(number)) == Answer(Meaning.PASS, number)


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert read(text).meaning in Meaning
    assert normalise(normalise(text)) == normalise(text) or not text.isascii()


def test_the_smallest_free_number_is_given_and_the_hundredth_is_not() -> None:
    assert smallest_free([]) == 1
    assert smallest_free([1, 3]) == 2
    assert smallest_free(range(1, 100)) is None


def test_a_phone_is_the_same_however_it_is_written() -> None:
    assert plain_phone("+86 199-0000-0001") == plain_phone("8619900000001") == plain_phone("19900000001")

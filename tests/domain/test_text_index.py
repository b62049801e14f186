"""A part of a text is found in the texts that have it and in no two of them together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.text_index import TextIndex

LETTERS = st.text(st.sampled_from("aAb栋\n"), max_size=5)


@given(texts=st.lists(LETTERS, max_size=6), part=LETTERS)
def test_the_texts_with_a_part_are_those_that_a_look_at_each_finds(texts: list[str], part: str) -> None:
    expected = [number for number, text in enumerate(texts) if part.lower() in text.lower()]
    assert TextIndex(texts).containing(part) == expected


def test_a_part_with_the_separator_is_in_no_text() -> None:
    assert TextIndex(["a", "b"]).containing("a\0b") == []

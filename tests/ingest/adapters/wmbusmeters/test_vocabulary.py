"""Status words of wM-Bus meters: current verdicts, past ones, and words without a meaning."""

from __future__ import annotations

import pytest

from ingest.adapters.wmbusmeters import vocabulary
from ingest.adapters.wmbusmeters.vocabulary import AMBIGUOUS_WORDS, MEANINGS, WORD_PARTS, verdicts


@pytest.mark.parametrize("word", MEANINGS)
def test_a_listed_word_has_its_meaning_and_none_once_it_is_past(word: str) -> None:
    assert [MEANINGS[word]] == list(verdicts([word]))
    assert [] == list(verdicts([f"PREV_{word}", f"{word}_DATE"]))


@pytest.mark.parametrize(("part", "meaning"), WORD_PARTS)
def test_an_unlisted_word_has_the_meaning_of_its_part(part: str, meaning: str) -> None:
    assert [meaning] == list(verdicts([f"QX_{part}_NOW"]))
    assert [] == list(verdicts([f"NO_{part}"]))


@pytest.mark.parametrize("word", AMBIGUOUS_WORDS)
def test_an_ambiguous_word_is_no_verdict(word: str) -> None:
    assert [] == list(verdicts([word]))


def test_a_long_status_is_read_and_not_kept_in_memory() -> None:
    texts = ("LEAK " * 100, "DRY")
    before = vocabulary._read_remembered_status.cache_info().currsize
    assert ("leak",) == vocabulary.read_status(texts).verdicts
    assert before == vocabulary._read_remembered_status.cache_info().currsize

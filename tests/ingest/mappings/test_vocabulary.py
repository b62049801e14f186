"""Phrases are read by their grammar."""

from __future__ import annotations

import pytest

from ingest.mappings.vocabulary import Meaning, Vocabulary, collect_words

WORDS = Vocabulary(
    collect_words([{"danger": ["alarm", "smoke", "报警"], "clear": ["normal"], "fault": ["fault"], "note": ["x"]}])
)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("no alarm", Meaning.CLEAR),
        ("未报警", Meaning.CLEAR),
        ("fault recovered", Meaning.FAULT_OVER),
        ("报警解除", Meaning.CLEAR),
        ("normal recovered", Meaning.CLEAR),
        ("smoke detected", Meaning.DANGER),
        ("检测到报警", Meaning.DANGER),
        ("not normal", Meaning.DANGER),
        ("not armed", None),
        ("no x", None),
        ("未", None),
        ("", None),
        ("something else", None),
    ],
)
def test_a_phrase_is_read_by_its_grammar(text: str, meaning: Meaning | None) -> None:
    word = WORDS.meaning_of(text)
    assert meaning == (word.meaning if word else None)

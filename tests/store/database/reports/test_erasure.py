"""Words in texts and JSON values are replaced whole, the longest first."""

from __future__ import annotations

from store.database.reports.erasure import replaced


def test_words_are_replaced_in_texts_lists_and_objects() -> None:
    value = {"params": {"place": "3栋老槐树旁", "limit": 10}, "lines": ["老槐树", None]}
    words = ("老槐树", "老槐树旁")
    assert replaced(value, words, "×") == {"params": {"place": "3栋×", "limit": 10}, "lines": ["×", None]}
    assert replaced("3栋", words, "×") == "3栋"

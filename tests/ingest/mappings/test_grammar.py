"""Words of the grammar are compared with normalized tokens: each must be in that form itself."""

from __future__ import annotations

import re

import pytest

from ingest.mappings import grammar
from ingest.mappings.field_names import normalized

SETS = {name: words for name, words in vars(grammar).items() if isinstance(words, (frozenset, tuple))}


@pytest.mark.parametrize("name", SETS)
def test_every_word_is_normalized(name: str) -> None:
    assert [] == [word for word in SETS[name] if word != normalized(word)]


@pytest.mark.parametrize("name", [name for name in SETS if name.endswith("_ZH") and isinstance(SETS[name], tuple)])
def test_no_prefix_or_suffix_hides_a_longer_one_behind_it(name: str) -> None:
    words = list(SETS[name])
    hidden = [
        (first, later)
        for index, first in enumerate(words)
        for later in words[index + 1 :]
        if later != first and (later.startswith(first) if name != "SUFFIX_ENDINGS_ZH" else later.endswith(first))
    ]
    assert [] == hidden


def test_a_danger_word_before_the_name_of_a_device_is_part_of_the_name() -> None:
    pattern = re.compile("漏水" + grammar.NOT_A_DEVICE_NAME_ZH)

    assert [True, False, False] == [
        pattern.search(text) is not None for text in ("漏水报警", "漏水传感器", "漏水报警器")
    ]

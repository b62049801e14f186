"""Full-width characters of Chinese input methods."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.widths import narrow


def test_full_width_characters_become_ascii_and_chinese_stays() -> None:
    assert narrow("ｌｅｌ＿ｐｃｔ　＞＝　１０。燃气、“报警”") == 'lel_pct >= 10.燃气,"报警"'


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_stays_as_it_is(text: str) -> None:
    assert narrow(text) == text

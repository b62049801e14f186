"""Names in the field's own terms: what is refused, where, and what is not looked at."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.plain_names import name_faults

FILE = Path("rules/x.py")


def faults(source: str) -> list[str]:
    return list(name_faults(FILE, source))


def test_a_name_made_of_such_a_word_is_told_with_what_to_write() -> None:
    assert faults("x = 1\ndef _keep_seat(a): ...") == [
        "rules/x.py:2: _keep_seat: 'seat' is no term of this field: write state"
    ]


def test_every_way_to_define_a_name_is_seen() -> None:
    source = """
import a as told
class OwedWakes:
    deaf: int = 0
def f(said, *, hush=1):
    self.minds = [mine for mine in said]
"""
    names = {line.split(": ")[1] for line in faults(source)}
    assert names == {"told", "OwedWakes", "deaf", "said", "hush", "minds", "mine"}


def test_what_others_define_what_is_text_and_parts_of_longer_words_are_left_alone() -> None:
    assert faults("from a import told\ntold()\nx.seat()\nheard = 'x'".replace("heard", "overheard_total")) == []
    assert faults('x = field(name="word_at")  # he said: hush\nremind = reseated = 1') == []

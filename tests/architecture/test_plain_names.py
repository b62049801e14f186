"""Names in terms of the field: what is refused, where, and what is not checked."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.plain_names import name_faults

FILE = Path("rules/x.py")


def faults(source: str) -> list[str]:
    return list(name_faults(FILE, source))


def test_a_name_made_of_such_a_word_is_refused_with_a_replacement() -> None:
    assert faults("x = 1\ndef _keep_seat(a): ...") == [
        "rules/x.py:2: _keep_seat: 'seat' is no term of this field: write state"
    ]


def test_every_kind_of_definition_is_checked() -> None:
    source = """
import a as told
class OwedWakes:
    deaf: int = 0
def f(said, *, hush=1):
    self.minds = [mine for mine in said]
"""
    names = {line.split(": ")[1] for line in faults(source)}
    assert names == {"told", "OwedWakes", "deaf", "said", "hush", "minds", "mine"}


def test_used_names_texts_and_parts_of_longer_words_are_not_checked() -> None:
    assert faults("from a import told\ntold()\nx.seat()\nheard = 'x'".replace("heard", "overheard_total")) == []
    assert faults('x = field(name="word_at")  # he said: hush\nremind = reseated = 1') == []


def test_more_words_are_refused_in_tests_and_some_are_things_there() -> None:
    source = "def test_a_story_of_two_doors(): told = 1"
    assert [line.split(": ")[1:3] for line in name_faults(Path("tests/rules/test_x.py"), source)] == [
        ["test_a_story_of_two_doors", "'story' is no term of this field"],
        ["told", "'told' is no term of this field"],
    ]
    assert faults("def a_story(): ...") == []

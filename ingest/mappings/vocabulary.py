"""What the words of makers mean: danger, all-clear, fault, warm-up, and so on, in several languages, by data.

The words stand in mapping books (`words`, see ingest/mappings/words.*.yaml): of every kind or of one, of every
platform, of one, or of one model; the more special go before the more general. A phrase is read by its grammar where
it is not listed: `no smoke detected`, `device fault recovered`, `未检测到烟雾`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ingest.mappings.field_names import normalized
from ingest.mappings.grammar import (
    ALL_CLEAR_WORDS,
    BUTTON_NUMBERS,
    CONFIRMATIONS,
    CONFIRMATIONS_ZH,
    DANGER_SUBJECTS,
    DANGER_SUBJECTS_ZH,
    DEVICE_SUBJECTS,
    DEVICE_SUBJECTS_ZH,
    ENDINGS,
    LEADING_FILLERS,
    NEGATIONS,
    NEGATIONS_ZH,
    NEUTRALIZERS,
    NEUTRALIZERS_ZH,
    NOT_A_DEVICE_NAME_ZH,
    NOT_YET_ZH,
    PREFIX_ENDINGS_ZH,
    SUFFIX_ENDINGS_ZH,
    TRAILING_FILLERS,
)


class Meaning(StrEnum):
    """What a word says. YES and NO speak only in a field that is itself a verdict: `smoke: yes`, not `event: yes`."""

    DANGER = "danger"
    CLEAR = "clear"
    YES = "yes"
    NO = "no"
    FAULT = "fault"
    FAULT_OVER = "fault_over"
    WARM_UP = "warm_up"
    EXPIRED = "expired"
    TEST = "test"
    TEST_OVER = "test_over"
    TAMPER = "tamper"
    BATTERY_LOW = "battery_low"
    POWER_LOST = "power_lost"
    POWER_BACK = "power_back"
    UNMEASURED = "unmeasured"
    NOTE = "note"


class Word(Struct, frozen=True):
    """A meaning, and of which quantity where a kind has several dangers (`flooded` of a manhole)."""

    meaning: Meaning
    quantity: str = ""


OTHER_QUANTITIES: Final[dict[Meaning, tuple[str, bool]]] = {
    Meaning.FAULT: ("fault", True),
    Meaning.FAULT_OVER: ("fault", False),
    Meaning.EXPIRED: ("expired", True),
    Meaning.TEST: ("test", True),
    Meaning.TEST_OVER: ("test", False),
    Meaning.TAMPER: ("tamper", True),
    Meaning.BATTERY_LOW: ("battery_low", True),
    # A detector at the mains that has none does not watch: the same people go there as for a fault.
    Meaning.POWER_LOST: ("fault", True),
    Meaning.POWER_BACK: ("fault", False),
}
"""What a word says of another quantity than that of its field."""

HARMLESS: Final = frozenset({Meaning.WARM_UP, Meaning.UNMEASURED, Meaning.NOTE})
"""Understood, and nothing is measured by it."""

LAST_WORDS: Final = {"fault": Meaning.FAULT, "failure": Meaning.FAULT, "failed": Meaning.FAULT, "test": Meaning.TEST}
LAST_WORD_NOTES: Final = frozenset({"muted", "silenced", "hushed", "acknowledged", "online", "offline", "restart"})
LAST_WORDS_ZH: Final = {"故障": Meaning.FAULT}
"""What a phrase is about that nobody listed, by its last word: `chamber failure`, `heat alarm test`, 火警故障."""
_REVERSED: Final = {
    Meaning.DANGER: Meaning.CLEAR,
    Meaning.YES: Meaning.NO,
    Meaning.FAULT: Meaning.FAULT_OVER,
    Meaning.TEST: Meaning.TEST_OVER,
    Meaning.POWER_LOST: Meaning.POWER_BACK,
    Meaning.TAMPER: Meaning.NOTE,
    Meaning.BATTERY_LOW: Meaning.NOTE,
    Meaning.EXPIRED: Meaning.NOTE,
    Meaning.WARM_UP: Meaning.NOTE,
}
"""What is said when a state is denied or over. Of most all-clears that are denied nothing is known (`not armed`)."""

_WORD_BREAKS: Final = re.compile(r"(?<=[a-zа-я])(?=[A-ZА-Я])|[\W_]+")
_STATEMENT_BREAKS: Final = re.compile(r"\s*[,;|&+、，；。\n]\s*|\.\s+|\s+[-–—/]\s+")
_POSSIBLE_BREAKS: Final = re.compile(r"\s*[/:：]\s*|\s+(?:and|und|et|y|e|и)\s+|[和及并]")
"""Signs between statements of their own, and signs that may also stand within one."""
_ONLY_SIGNS: Final = re.compile(r"[-–—_.*\s]+")
_NOT_ABOUT_DANGER: Final = (Meaning.NO, Meaning.TAMPER, Meaning.BATTERY_LOW, Meaning.POWER_LOST, Meaning.POWER_BACK)
_MEANING_OF_DANGER: Final = dict.fromkeys(_NOT_ABOUT_DANGER) | {Meaning.YES: Word(Meaning.DANGER)}
"""`co high` is one; `co low` may be the lower of two alarms, and `smoke/battery low` says two things."""
_MEANING_OF_DEVICE: Final = dict.fromkeys((Meaning.DANGER, Meaning.YES, Meaning.NO)) | {
    Meaning.CLEAR: Word(Meaning.NOTE)
}
"""That a battery is normal clears no alarm, and that one is high is none."""
_TEXT_MAX: Final = 80
_SHORT_PHRASE: Final = 3
_LONG_TEXT: Final = 400
_CACHE_SIZE: Final = 4_096

Words = Mapping[str, Word]


class Vocabulary:
    """The words that hold for one kind, platform and model, by their folded spelling."""

    def __init__(self, words: Words) -> None:
        self._words = words
        names = {*DANGER_SUBJECTS_ZH, *DEVICE_SUBJECTS_ZH}
        dangers = (text for text, word in words.items() if word.meaning is Meaning.DANGER and text not in names)
        chinese = "|".join(re.escape(text) for text in dangers if len(text) > 1 and text[0] > "\u2e80") or "(?!)"
        self._danger_zh = re.compile(f"(?:{chinese}){NOT_A_DEVICE_NAME_ZH}")
        self.meaning_of = lru_cache(maxsize=_CACHE_SIZE)(self._meaning_of)
        self.statements = lru_cache(maxsize=_CACHE_SIZE)(self._statements)

    def _statements(self, text: str) -> tuple[str, ...]:
        """The statements that a text holds: a danger in one of them is no less one for a fault in the next.

        >>> Vocabulary({}).statements("smoke detected, sensor fault"), Vocabulary({}).statements("smoke")
        (('smoke detected', 'sensor fault'), ('smoke',))
        """
        if normalized(text) in self._words or len(text) > _LONG_TEXT:
            return (text,)
        parts = [part for part in _STATEMENT_BREAKS.split(text) if part]
        if len(parts) < 2 and self.meaning_of(text) is None:
            parts = [part for part in _POSSIBLE_BREAKS.split(text) if part]
            known = [word.meaning for part in parts if (word := self.meaning_of(part)) is not None]
            parts = parts if Meaning.DANGER in known else []
        return tuple(parts) if len(parts) > 1 else (text,)

    def hints_at_danger(self, text: str) -> bool:
        """Whether a word of danger stands in a text that nobody understands, and nothing that may undo it.

        A danger's mere name is none: `gas valve closed`, 烟雾报警器上线.
        """
        tokens = _tokens(text[:_LONG_TEXT]) or [""]
        telling = [token for token, after in zip(tokens, [*tokens[1:], ""], strict=True) if _is_statement(token, after)]
        known = {word.meaning for token in telling if (word := self._phrase([token])) is not None}
        doubt = known - {Meaning.DANGER, Meaning.YES, Meaning.NO} or (NEGATIONS | ENDINGS | NEUTRALIZERS).intersection(
            tokens
        )
        whole = "".join(tokens)
        if doubt or any(undone in whole for undone in NEUTRALIZERS_ZH):
            return False
        return Meaning.DANGER in known or self._danger_zh.search(whole) is not None

    def _meaning_of(self, text: str) -> Word | None:
        """What a text says; None when nobody listed it and no grammar explains it."""
        text = text.strip()[:_TEXT_MAX]
        tokens = _tokens(text)
        return self._phrase(tokens) if tokens or not _ONLY_SIGNS.fullmatch(text) else Word(Meaning.UNMEASURED)

    def _phrase(self, tokens: list[str]) -> Word | None:
        whole = "".join(tokens)
        if not whole or whole in self._words:
            return self._words.get(whole)
        which = self._phrase(tokens[1:]) if len(tokens) > 1 and tokens[0] in BUTTON_NUMBERS else None
        said = which or self._negated(tokens, whole) or self._ended(tokens, whole)
        return (
            said or self._with_subject(tokens, whole) or self._confirmed(tokens, whole) or _by_last_word(tokens, whole)
        )

    def _negated(self, tokens: list[str], whole: str) -> Word | None:
        rest = tokens[1:] if tokens[0] in NEGATIONS else _strip_affix(whole, start=NEGATIONS_ZH)
        if len(tokens) > 2 and tokens[-2] in NEGATIONS and tokens[-1] in CONFIRMATIONS:  # `smoke alarm not activated`
            rest = tokens[:-2]
        if len(tokens) > 2 and tokens[-2] in NEGATIONS and tokens[-1] in ENDINGS:  # `alarm not cleared`
            return self._phrase(tokens[:-2])
        if ALL_CLEAR_WORDS.intersection(("".join(rest),)):
            return Word(Meaning.DANGER)
        return _reversed(self._phrase(rest)) if rest else None

    def _ended(self, tokens: list[str], whole: str) -> Word | None:
        rest = (
            tokens[:-1]
            if tokens[-1] in ENDINGS
            else _strip_affix(whole, start=PREFIX_ENDINGS_ZH, end=SUFFIX_ENDINGS_ZH)
        )
        if still := _strip_affix("".join(rest), end=NOT_YET_ZH):  # 报警未解除
            return self._phrase(still)
        said = self._phrase(rest) if rest else None
        return said if said is not None and said.meaning in (Meaning.CLEAR, Meaning.NO) else _reversed(said)

    def _with_subject(self, tokens: list[str], whole: str) -> Word | None:
        """What is said of something: a statement without what it is about, or without what changes nothing in it."""
        first, last = tokens[0], tokens[-1]
        if len(tokens) > 1 and (
            first in LEADING_FILLERS or last in TRAILING_FILLERS or (last.isdecimal() and int(last) > 0)
        ):
            return self._phrase(tokens[1:] if first in LEADING_FILLERS else tokens[:-1])
        of_danger = tokens[1:] if first in DANGER_SUBJECTS else _strip_affix(whole, start=DANGER_SUBJECTS_ZH)
        of_device = (
            tokens[1:] if first in DEVICE_SUBJECTS else _strip_affix(whole, start=DEVICE_SUBJECTS_ZH, end=("状态",))
        )
        said = self._phrase(of_danger or of_device) if of_danger or of_device else None
        return (
            None if said is None else (_MEANING_OF_DANGER if of_danger else _MEANING_OF_DEVICE).get(said.meaning, said)
        )

    def _confirmed(self, tokens: list[str], whole: str) -> Word | None:
        rest = (
            tokens[:-1]
            if tokens[-1] in CONFIRMATIONS
            else _strip_affix(whole, end=CONFIRMATIONS_ZH, start=CONFIRMATIONS_ZH)
        )
        return self._phrase(rest) if rest else None


def _is_statement(word: str, after: str) -> bool:
    """Whether a word says that something is so: `smoke` and `leak sensor` are names."""
    return word not in DANGER_SUBJECTS or (word == "leak" and after not in DEVICE_SUBJECTS)


def _tokens(text: str) -> list[str]:
    return [token for token in map(normalized, _WORD_BREAKS.split(text)) if token]


def _by_last_word(tokens: list[str], whole: str) -> Word | None:
    if len(tokens) <= _SHORT_PHRASE and tokens[-1] in LAST_WORD_NOTES and NEGATIONS.isdisjoint(tokens):
        return Word(Meaning.NOTE)
    meaning = LAST_WORDS.get(tokens[-1]) or next(
        (LAST_WORDS_ZH[end] for end in LAST_WORDS_ZH if whole.endswith(end)), None
    )
    return Word(meaning) if meaning is not None else None


def _strip_affix(whole: str, start: Iterable[str] = (), end: Iterable[str] = ()) -> list[str]:
    """The text without one of these at its start or its end; nothing when none stands there."""
    for each in start:
        if whole.startswith(each) and whole != each:
            return [whole.removeprefix(each)]
    for each in end:
        if whole.endswith(each) and whole != each:
            return [whole.removesuffix(each)]
    return []


def _reversed(word: Word | None) -> Word | None:
    meaning = _REVERSED.get(word.meaning) if word is not None else None
    return Word(meaning, word.quantity) if word is not None and meaning is not None else None


WordLists = dict[str, list[str]]
"""Words by their meaning, or by the danger quantity of the kind that they mean."""


def collect_words(lists: Iterable[WordLists]) -> dict[str, Word]:
    """All words by their folded spelling; of two lists the later counts.

    >>> collect_words([{"danger": ["Gas leak"]}, {"flooded": ["满溢"]}])["满溢"]
    Word(meaning=<Meaning.DANGER: 'danger'>, quantity='flooded')
    """
    known = {each.value: Word(each) for each in Meaning}
    return {
        normalized(text): known.get(meant) or Word(Meaning.DANGER, meant)
        for said in lists
        for meant, texts in said.items()
        for text in texts
    }

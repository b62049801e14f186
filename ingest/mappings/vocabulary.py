"""Meanings of the words that makers write: danger, all-clear, fault, warm-up and others, in several languages.

The words are data in mapping books (`words`, see ingest/mappings/words.*.yaml): for every kind or one, for every
platform, one platform or one model; more specific lists replace more general ones. A phrase that no list has is read by
its grammar: `no smoke detected`, `device fault recovered`, `未检测到烟雾`.
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
    """What a word means. YES and NO count only in a field that is itself a verdict: `smoke: yes`, not `event: yes`."""

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
    """A meaning, with its quantity where a kind has several dangers (`flooded` of a manhole)."""

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
    # A mains detector without power detects nothing: the same people go there as for a fault.
    Meaning.POWER_LOST: ("fault", True),
    Meaning.POWER_BACK: ("fault", False),
}
"""Meanings that belong to another quantity than that of the field, with its value."""

HARMLESS: Final = frozenset({Meaning.WARM_UP, Meaning.UNMEASURED, Meaning.NOTE})
"""Understood; no quantity gets a value."""

LAST_WORDS: Final = {"fault": Meaning.FAULT, "failure": Meaning.FAULT, "failed": Meaning.FAULT, "test": Meaning.TEST}
LAST_WORD_NOTES: Final = frozenset({"muted", "silenced", "hushed", "acknowledged", "online", "offline", "restart"})
LAST_WORDS_ZH: Final = {"故障": Meaning.FAULT}
"""The meaning of a phrase that no list has, by its last word: `chamber failure`, `heat alarm test`, 火警故障."""
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
"""The meaning of a state that is negated or ended. A negated all-clear mostly means nothing (`not armed`)."""

_WORD_BREAKS: Final = re.compile(r"(?<=[a-zа-я])(?=[A-ZА-Я])|[\W_]+")
_STATEMENT_BREAKS: Final = re.compile(r"\s*[,;|&+、，；。\n]\s*|\.\s+|\s+[-–—/]\s+")
_POSSIBLE_BREAKS: Final = re.compile(r"\s*[/:：]\s*|\s+(?:and|und|et|y|e|и)\s+|[和及并]")
"""Signs between separate statements, and signs that may also be within one."""
_ONLY_SIGNS: Final = re.compile(r"[-–—_.*\s]+")
_NOT_ABOUT_DANGER: Final = (Meaning.NO, Meaning.TAMPER, Meaning.BATTERY_LOW, Meaning.POWER_LOST, Meaning.POWER_BACK)
_MEANING_OF_DANGER: Final = dict.fromkeys(_NOT_ABOUT_DANGER) | {Meaning.YES: Word(Meaning.DANGER)}
"""`co high` is a danger; `co low` may be the lower of two alarms, and `smoke/battery low` has two statements."""
_MEANING_OF_DEVICE: Final = dict.fromkeys((Meaning.DANGER, Meaning.YES, Meaning.NO)) | {
    Meaning.CLEAR: Word(Meaning.NOTE)
}
"""A normal battery clears no alarm, and a high one is none."""
_NEUTRAL: Final = NEGATIONS | ENDINGS | NEUTRALIZERS
_TEXT_MAX: Final = 80
_SHORT_PHRASE: Final = 3
_LONG_TEXT: Final = 400
_CACHE_SIZE: Final = 4_096

Words = Mapping[str, Word]


class Vocabulary:
    """The words of one kind, platform and model, by their normalized spelling."""

    def __init__(self, words: Words) -> None:
        self._words = words
        names = {*DANGER_SUBJECTS_ZH, *DEVICE_SUBJECTS_ZH}
        dangers = (text for text, word in words.items() if word.meaning is Meaning.DANGER and text not in names)
        chinese = "|".join(re.escape(text) for text in dangers if len(text) > 1 and text[0] > "\u2e80") or "(?!)"
        self._danger_zh = re.compile(f"(?:{chinese}){NOT_A_DEVICE_NAME_ZH}")
        self.meaning_of = lru_cache(maxsize=_CACHE_SIZE)(self._meaning_of)
        self.statements = lru_cache(maxsize=_CACHE_SIZE)(self._statements)

    def _statements(self, text: str) -> tuple[str, ...]:
        """The statements in a text: a danger in one of them counts, whatever the others mean.

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
        """Whether a text that is not understood holds a word of danger, and no word that may neutralize it.

        The mere name of a danger does not count: `gas valve closed`, 烟雾报警器上线.
        """
        tokens = _tokens(text[:_LONG_TEXT]) or [""]
        pairs = zip(tokens, [*tokens[1:], ""], strict=True)
        statements = [token for token, next_token in pairs if _is_statement(token, next_token)]
        meanings = {word.meaning for token in statements if (word := self._phrase([token])) is not None}
        if meanings - {Meaning.DANGER, Meaning.YES, Meaning.NO} or _NEUTRAL.intersection(tokens):
            return False
        whole = "".join(tokens)
        if any(neutralizer in whole for neutralizer in NEUTRALIZERS_ZH):
            return False
        return Meaning.DANGER in meanings or self._danger_zh.search(whole) is not None

    def _meaning_of(self, text: str) -> Word | None:
        """The meaning of a text; None when no list has it and the grammar does not explain it."""
        text = text.strip()[:_TEXT_MAX]
        tokens = _tokens(text)
        return self._phrase(tokens) if tokens or not _ONLY_SIGNS.fullmatch(text) else Word(Meaning.UNMEASURED)

    def _phrase(self, tokens: list[str]) -> Word | None:
        whole = "".join(tokens)
        if not whole or whole in self._words:
            return self._words.get(whole)
        without_button = self._phrase(tokens[1:]) if len(tokens) > 1 and tokens[0] in BUTTON_NUMBERS else None
        return (
            without_button
            or self._negated(tokens, whole)
            or self._ended(tokens, whole)
            or self._with_subject(tokens, whole)
            or self._confirmed(tokens, whole)
            or _by_last_word(tokens, whole)
        )

    def _negated(self, tokens: list[str], whole: str) -> Word | None:
        rest = tokens[1:] if tokens[0] in NEGATIONS else _strip_affix(whole, start=NEGATIONS_ZH)
        if len(tokens) > 2 and tokens[-2] in NEGATIONS and tokens[-1] in CONFIRMATIONS:  # `smoke alarm not activated`
            rest = tokens[:-2]
        if len(tokens) > 2 and tokens[-2] in NEGATIONS and tokens[-1] in ENDINGS:  # `alarm not cleared`
            return self._phrase(tokens[:-2])
        if "".join(rest) in ALL_CLEAR_WORDS:
            return Word(Meaning.DANGER)
        return _reversed(self._phrase(rest)) if rest else None

    def _ended(self, tokens: list[str], whole: str) -> Word | None:
        if tokens[-1] in ENDINGS:
            rest = tokens[:-1]
        else:
            rest = _strip_affix(whole, start=PREFIX_ENDINGS_ZH, end=SUFFIX_ENDINGS_ZH)
        if continuing := _strip_affix("".join(rest), end=NOT_YET_ZH):  # 报警未解除
            return self._phrase(continuing)
        word = self._phrase(rest) if rest else None
        return word if word is not None and word.meaning in (Meaning.CLEAR, Meaning.NO) else _reversed(word)

    def _with_subject(self, tokens: list[str], whole: str) -> Word | None:
        """A statement without its subject (`sensor warming up`), or without words that change nothing in it."""
        first, last = tokens[0], tokens[-1]
        has_filler_behind = last in TRAILING_FILLERS or (last.isdecimal() and int(last) > 0)
        if len(tokens) > 1 and (first in LEADING_FILLERS or has_filler_behind):
            return self._phrase(tokens[1:] if first in LEADING_FILLERS else tokens[:-1])
        of_danger = tokens[1:] if first in DANGER_SUBJECTS else _strip_affix(whole, start=DANGER_SUBJECTS_ZH)
        of_device = tokens[1:]
        if first not in DEVICE_SUBJECTS:
            of_device = _strip_affix(whole, start=DEVICE_SUBJECTS_ZH, end=("状态",))
        word = self._phrase(of_danger or of_device) if of_danger or of_device else None
        if word is None:
            return None
        return (_MEANING_OF_DANGER if of_danger else _MEANING_OF_DEVICE).get(word.meaning, word)

    def _confirmed(self, tokens: list[str], whole: str) -> Word | None:
        if tokens[-1] in CONFIRMATIONS:
            rest = tokens[:-1]
        else:
            rest = _strip_affix(whole, end=CONFIRMATIONS_ZH, start=CONFIRMATIONS_ZH)
        return self._phrase(rest) if rest else None


def _is_statement(word: str, next_word: str) -> bool:
    """Whether a word is a statement: `smoke` and `leak sensor` are only names."""
    return word not in DANGER_SUBJECTS or (word == "leak" and next_word not in DEVICE_SUBJECTS)


def _tokens(text: str) -> list[str]:
    return [token for token in map(normalized, _WORD_BREAKS.split(text)) if token]


def _by_last_word(tokens: list[str], whole: str) -> Word | None:
    if len(tokens) <= _SHORT_PHRASE and tokens[-1] in LAST_WORD_NOTES and NEGATIONS.isdisjoint(tokens):
        return Word(Meaning.NOTE)
    zh = (meaning for suffix, meaning in LAST_WORDS_ZH.items() if whole.endswith(suffix))
    meaning = LAST_WORDS.get(tokens[-1]) or next(zh, None)
    return Word(meaning) if meaning is not None else None


def _strip_affix(whole: str, start: Iterable[str] = (), end: Iterable[str] = ()) -> list[str]:
    """The text without one of these prefixes or suffixes, as a list of one; empty when it has none of them."""
    for prefix in start:
        if whole.startswith(prefix) and whole != prefix:
            return [whole.removeprefix(prefix)]
    for suffix in end:
        if whole.endswith(suffix) and whole != suffix:
            return [whole.removesuffix(suffix)]
    return []


def _reversed(word: Word | None) -> Word | None:
    meaning = _REVERSED.get(word.meaning) if word is not None else None
    return Word(meaning, word.quantity) if word is not None and meaning is not None else None


WordLists = dict[str, list[str]]
"""Words by their meaning, or by the danger quantity of the kind."""


def collect_words(lists: Iterable[WordLists]) -> dict[str, Word]:
    """All words by their normalized spelling; a later list replaces an earlier one.

    >>> collect_words([{"danger": ["Gas leak"]}, {"flooded": ["满溢"]}])["满溢"]
    Word(meaning=<Meaning.DANGER: 'danger'>, quantity='flooded')
    """
    meanings = {meaning.value: Word(meaning) for meaning in Meaning}
    return {
        normalized(text): meanings.get(meaning) or Word(Meaning.DANGER, meaning)
        for by_meaning in lists
        for meaning, texts in by_meaning.items()
        for text in texts
    }

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

from ingest.spelling import folded


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


OTHERS: Final[dict[Meaning, tuple[str, bool]]] = {
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

NOT: Final = frozenset(
    {"no", "not", "none", "non", "without", "kein", "keine", "keinen", "nicht", "нет", "не", "без", "sin", "ningun"}
)
NOT_ZH: Final = ("没有检测到", "未检测到", "未发现", "没有", "未", "无", "不")
OVER: Final = frozenset(
    {"recovered", "recover", "recovery", "restored", "restore", "cleared", "clear", "release", "released", "dismissed"}
    | {"over", "ended", "end", "off", "reset", "gone", "resolved", "finished", "normal", "inactive"}
    | {"behoben", "beendet", "aufgehoben", "aus", "снята", "снят", "устранена", "отбой", "finalizada", "restaurada"}
)
OVER_ZH: Final = ("已解除", "解除", "已恢复", "恢复正常", "恢复", "已消除", "消除", "结束")
SEEN: Final = frozenset(
    {
        "detected",
        "alarm",
        "alert",
        "on",
        "active",
        "activated",
        "triggered",
        "high",
        "present",
        "event",
        "warning",
        "occurred",
    }
    | {
        "erkannt",
        "festgestellt",
        "ausgelost",
        "ausgelöst",
        "обнаружен",
        "обнаружена",
        "обнаружено",
        "detectado",
        "detectada",
    }
)
WHICH: Final = frozenset({"button", "btn", "key", "remote", *"123456789"})
"""Which of several buttons it was: `1_single`, `button_long_press`."""
LAST: Final = {"fault": Meaning.FAULT, "failure": Meaning.FAULT, "failed": Meaning.FAULT, "test": Meaning.TEST}
LAST_ZH: Final = {"故障": Meaning.FAULT}
"""What a phrase is about that nobody listed, by its last word: `chamber failure`, `heat alarm test`, 火警故障."""
SEEN_ZH: Final = ("报警", "告警", "警报", "检测到", "已触发", "触发")

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
"""What is said when a state is denied or over. Of an all-clear that is over nothing is known."""

_BREAKS: Final = re.compile(r"(?<=[a-zа-я])(?=[A-ZА-Я])|[\W_]+")
_TEXT_MAX: Final = 80
_KEPT: Final = 4_096

Said = Mapping[str, Word]


class Vocabulary:
    """The words that hold for one kind, platform and model, by their folded spelling."""

    def __init__(self, words: Said) -> None:
        self._words = words
        self.meaning_of = lru_cache(maxsize=_KEPT)(self._meaning_of)

    def _meaning_of(self, text: str) -> Word | None:
        """What a text says; None when nobody listed it and no grammar explains it."""
        text = text.strip()[:_TEXT_MAX]
        tokens = [folded(token) for token in _BREAKS.split(text)]
        return self._phrase([token for token in tokens if token])

    def _phrase(self, tokens: list[str]) -> Word | None:
        whole = "".join(tokens)
        if not whole or whole in self._words:
            return self._words.get(whole)
        which = self._phrase(tokens[1:]) if len(tokens) > 1 and tokens[0] in WHICH else None
        said = which or self._denied(tokens, whole) or self._over(tokens, whole) or self._seen(tokens, whole)
        return said or _last(tokens, whole)

    def _denied(self, tokens: list[str], whole: str) -> Word | None:
        rest = tokens[1:] if tokens[0] in NOT else _without(whole, start=NOT_ZH)
        if len(tokens) > 2 and tokens[-2] in NOT and tokens[-1] in SEEN:  # `smoke alarm not activated`
            rest = tokens[:-2]
        return _reversed(self._phrase(rest)) if rest else None

    def _over(self, tokens: list[str], whole: str) -> Word | None:
        rest = tokens[:-1] if tokens[-1] in OVER else _without(whole, end=OVER_ZH)
        said = self._phrase(rest) if rest else None
        return said if said is not None and said.meaning in (Meaning.CLEAR, Meaning.NO) else _reversed(said)

    def _seen(self, tokens: list[str], whole: str) -> Word | None:
        rest = tokens[:-1] if tokens[-1] in SEEN else _without(whole, end=SEEN_ZH, start=SEEN_ZH)
        return self._phrase(rest) if rest else None


def _last(tokens: list[str], whole: str) -> Word | None:
    meaning = LAST.get(tokens[-1]) or next((LAST_ZH[end] for end in LAST_ZH if whole.endswith(end)), None)
    return Word(meaning) if meaning is not None else None


def _without(whole: str, start: Iterable[str] = (), end: Iterable[str] = ()) -> list[str]:
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


def gathered(lists: Iterable[WordLists]) -> dict[str, Word]:
    """All words by their folded spelling; of two lists the later counts.

    >>> gathered([{"danger": ["Gas leak"]}, {"flooded": ["满溢"]}])["满溢"]
    Word(meaning=<Meaning.DANGER: 'danger'>, quantity='flooded')
    """
    known = {each.value: Word(each) for each in Meaning}
    return {
        folded(text): known.get(meant) or Word(Meaning.DANGER, meant)
        for said in lists
        for meant, texts in said.items()
        for text in texts
    }

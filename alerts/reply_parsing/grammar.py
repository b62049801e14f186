"""The shape of replies.zh.yaml: the words people answer a text with, by what they mean, checked before anything starts.

A site's own replies.zh.yaml adds words; a word it puts into another list moves there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from itertools import product
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from domain import Fault

_STRICT = ConfigDict(extra="forbid", frozen=True)
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_DROPPED: Final = ("Mn", "Me", "Cf", "Sk")
"""Accents, keycaps, joiners and skin tones: they change the look of a sign, not its meaning."""
_GAPS: Final = re.compile(r"(?<=[\u3400-\u9fff])[^\S\n]+(?=[\u3400-\u9fff])")


class WordKind(StrEnum):
    """What a word does in a reply."""

    ACKNOWLEDGE = "take"
    GO = "go"
    """On the way, or soon: a promise, so not there yet."""
    RECEIPT = "receipt"
    """收到, 好的: acknowledges beside a code, or where only one call can be meant."""
    ARRIVE = "arrive"
    COME = "come"
    """到场 alone: arrived, unless a promise is beside it."""
    RESOLVE = "resolve"
    REINFORCE = "reinforce"
    """Asks for more people."""
    DECLINE = "pass"
    CANNOT = "cannot"
    """Declines what follows it directly (不能 + 去), or everything when nothing follows."""
    NEGATION = "negation"
    """Negates without declining (没到, 不是11): no action is read from such a text."""
    DOUBTFUL = "doubtful"
    """Put off, taken back, or unsettled: no action is read, except a refusal."""
    QUESTION = "question"
    COURTESY = "courtesy"
    FILLER = "filler"
    LABEL = "label"
    """Words beside a code: 编号, 号, 回复."""
    OPT_OUT = "opt_out"
    MINUTES = "minutes"
    UNIT = "unit"
    """After a number: it counts, dates or addresses something and is no code."""
    PREFIX = "prefix"
    """Before a number: likewise (第11, 打119)."""


_FIRST: Final = (WordKind.DECLINE, WordKind.CANNOT, WordKind.NEGATION, WordKind.DOUBTFUL, WordKind.QUESTION)
"""Searched before all others, so that no friendly word can cover the beginning of a refusal (我去 + 不了)."""
_VAGUE: Final = (WordKind.DOUBTFUL, WordKind.QUESTION)
_REFUSING: Final = (WordKind.DECLINE, WordKind.CANNOT, WordKind.NEGATION)
_AGREEING: Final = (
    WordKind.ACKNOWLEDGE,
    WordKind.GO,
    WordKind.RECEIPT,
    WordKind.ARRIVE,
    WordKind.COME,
    WordKind.RESOLVE,
    WordKind.REINFORCE,
    WordKind.COURTESY,
    WordKind.FILLER,
    WordKind.LABEL,
)


class WordSet:
    """Words to be found in a text: the longest that begins earliest; words of letters only where no letter touches."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._longest = max(map(len, self._words), default=0)

    def split(self, plain: str) -> Iterator[tuple[str, str]]:
        """Pairs of the text before each word found, and the word; the last pair is the rest, and no word."""
        begin = at = 0
        while at < len(plain):
            word = self._at(plain, at)
            if word:
                yield plain[begin:at], word
                begin = at = at + len(word)
            else:
                at += 1
        yield plain[begin:], ""

    def found_in(self, plain: str) -> str:
        """The first word in a text, or nothing."""
        return next((word for _, word in self.split(plain)), "")

    def _at(self, plain: str, at: int) -> str:
        for size in range(min(self._longest, len(plain) - at), 0, -1):
            word = plain[at : at + size]
            if word in self._words and not _within_letters(plain, at, at + size):
                return word
        return ""


def _within_letters(plain: str, begin: int, end: int) -> bool:
    """`no` does not stand in `now`."""
    return _letters(plain[max(begin - 1, 0) : begin + 1]) == 2 or _letters(plain[end - 1 : end + 1]) == 2


def _letters(pair: str) -> int:
    return sum(sign.isascii() and sign.isalpha() for sign in pair)


class ReplyWords(BaseModel):
    """Lists of words. `{去,来}不了` means 去不了 and 来不了; an empty alternative is allowed."""

    model_config = _STRICT

    words: dict[WordKind, tuple[str, ...]] = {}
    not_negated: tuple[str, ...] = ()
    """Words that agree although they contain a negation: 没问题."""
    signs: dict[str, str] = {}
    """Signs read as another one: 沒 as 没."""
    quotes: tuple[str, ...] = ()
    """Regular expressions of our own texts as people paste them back; what they match is not part of the answer."""
    longest_promise_min: int | None = Field(default=None, ge=1, le=120)
    """A promise of more minutes (`90分钟到`) is no take."""

    @field_validator("signs")
    @classmethod
    def _single(cls, signs: dict[str, str]) -> dict[str, str]:
        for sign, plain in signs.items():
            if len(sign) != 1 or len(plain) != 1:
                raise ValueError(f"{sign}: {plain} must be one sign each: write a word into a list instead")
        return signs

    @field_validator("quotes")
    @classmethod
    def _compiles(cls, quotes: tuple[str, ...]) -> tuple[str, ...]:
        for quote in quotes:
            try:
                re.compile(quote, re.MULTILINE)
            except re.error as error:
                raise ValueError(f"{quote} is no regular expression: {error}") from None
        return quotes

    def spelled(self) -> Iterator[tuple[WordKind, str]]:
        """Every word with its kind, braces written out, as it will be compared."""
        for kind, words in self.words.items():
            for written in words:
                for word in expand(written):
                    yield kind, plain_text(word, self.sign_table)

    def excepted(self) -> set[str]:
        return {plain_text(word, self.sign_table) for word in self.not_negated}

    @cached_property
    def sign_table(self) -> dict[int, str]:
        """`signs` for `str.translate`."""
        return str.maketrans(self.signs)


class ReplyGrammar(ReplyWords):
    """All lists together, in which every kind of word is present."""

    @model_validator(mode="after")
    def _whole(self) -> ReplyGrammar:
        missing = [kind.value for kind in WordKind if not self.words.get(kind)]
        if missing:
            raise ValueError(f"no words for {', '.join(missing)}: write at least one each")
        return self

    def extended(self, own: ReplyWords) -> ReplyGrammar:
        """With a site's words; what the site lists leaves the list it stood in."""
        signs = {**self.signs, **own.signs}
        table = str.maketrans(signs)
        moved = {plain_text(word, table) for _, written in _written(own) for word in expand(written)}
        words = {kind: tuple(w for w in self._flat(kind) if plain_text(w, table) not in moved) for kind in WordKind}
        for kind, written in _written(own):
            words[kind] = (*words[kind], written)
        return ReplyGrammar.model_construct(
            words=words,
            not_negated=(*self.not_negated, *own.not_negated),
            signs=signs,
            quotes=(*self.quotes, *own.quotes),
            longest_promise_min=own.longest_promise_min or self.longest_promise_min,
        )

    def _flat(self, kind: WordKind) -> list[str]:
        return [word for written in self.words.get(kind, ()) for word in expand(written)]

    @cached_property
    def kinds(self) -> Mapping[str, WordKind]:
        """What each word is."""
        return {word: kind for kind, word in self.spelled()}

    @cached_property
    def first(self) -> WordSet:
        """Refusals, negations and questions, and the agreeing words that look like them (没问题, 处理好了)."""
        vague = WordSet(word for word, kind in self.kinds.items() if kind in _VAGUE)
        excepted = self.excepted()
        return WordSet(
            word for word, kind in self.kinds.items() if kind in _FIRST or word in excepted or vague.found_in(word)
        )

    @cached_property
    def second(self) -> WordSet:
        """All other words."""
        return WordSet(word for word, kind in self.kinds.items() if kind not in _FIRST)

    @cached_property
    def quoted(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{quote})" for quote in self.quotes) or r"(?!)", re.MULTILINE)


def check(own: ReplyWords, grammar: ReplyGrammar) -> list[Fault]:
    """Every fault of these lists; `grammar` is all that will be in force with them."""
    refusing = [word for kind, word in grammar.spelled() if kind in _REFUSING]
    negations, excepted = WordSet(refusing), grammar.excepted()
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    for kind, words in own.words.items():
        for index, written in enumerate(words):
            for word in (plain_text(one, grammar.sign_table) for one in expand(written)):
                hidden = negations.found_in(word) if kind in _AGREEING and word not in excepted else ""
                message = _fault(word, kind, seen, hidden)
                if message:
                    faults.append(Fault(("words", kind.value, index), message))
                seen.setdefault(word, kind.value)
    return faults


def _fault(word: str, kind: WordKind, seen: Mapping[str, str], hidden: str) -> str:
    if not word:
        return "is an empty word: remove it"
    if any(sign.isdecimal() for sign in word):
        return f"{word} holds digits, which are read as codes: write the word without them"
    if seen.get(word, kind.value) != kind.value:
        return f"{word} stands in {seen[word]} and in {kind.value}: keep one"
    if hidden not in ("", word):
        return f"{word} contains the negation {hidden}: list it under not_negated too if it agrees all the same"
    return ""


def expand(written: str) -> Iterator[str]:
    """The words of a pattern.

    >>> list(expand("{去,来}不了"))
    ['去不了', '来不了']
    """
    parts = _BRACES.split(written)
    for chosen in product(*(part.split(",") if index % 2 else [part] for index, part in enumerate(parts))):
        yield "".join(chosen)


def plain_text(text: str, sign_table: Mapping[int, str]) -> str:
    """One spelling for what looks alike: full-width and circled digits, keycaps, capitals, blanks within Chinese.

    >>> plain_text("１①，收 到 OK", {})
    '11,收到 ok'
    """
    folded = unicodedata.normalize("NFKC", text).lower().translate(sign_table)
    kept = "".join(sign for sign in folded if unicodedata.category(sign) not in _DROPPED)
    return _GAPS.sub("", kept).strip()


def _written(own: ReplyWords) -> list[tuple[WordKind, str]]:
    return [(kind, written) for kind, words in own.words.items() for written in words]

"""Tokenizer of replies: words of the grammar, numbers and the rest, adjusted by their neighbours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.reply_parsing.codes import MAX_NUMBER
from alerts.reply_parsing.grammar import ReplyGrammar, WordKind


class Mark(StrEnum):
    """Parts of a text that are no words of the grammar."""

    NUMBER = "number"
    AMOUNT = "amount"
    """A number that counts, dates or addresses something."""
    GAP = "gap"
    """Blanks and punctuation."""
    LIST = "list"
    """`、` between two numbers: they are two."""
    UNKNOWN = "unknown"


class Token(Struct, frozen=True):
    kind: WordKind | Mark
    text: str


_ROWS: Final = ("零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖", "〇幺两貳參肆伍陸柒捌")
_DIGITS: Final[dict[str, int]] = {sign: value for row in _ROWS for value, sign in enumerate(row)}
_TENS: Final = {"十": 10, "拾": 10, "百": 100}
_NUMERALS: Final = "".join([*_DIGITS, *_TENS])
_PART: Final = re.compile(
    rf"(?P<clock>\d{{1,2}}:\d{{2}}(?::\d{{2}})?)|(?P<digits>[0-9]+)|(?P<hanzi>[{_NUMERALS}]+)|(?P<sign>.)", re.DOTALL
)
_LISTING: Final = frozenset("、/+&⁄|")
_TONES: Final = frozenset("~^`")
ACTS: Final = frozenset({WordKind.ACKNOWLEDGE, WordKind.GO, WordKind.ARRIVE, WordKind.COME, WordKind.RESOLVE})
_COUNTED: Final = (Mark.AMOUNT, WordKind.GO, WordKind.DOUBTFUL)


def tokenize(plain: str, grammar: ReplyGrammar) -> list[Token]:
    """Words, numbers and the rest of a normalised text."""
    found = [*_layers(plain, grammar), Token(Mark.GAP, "")]
    return _joined(_negated(_amounts(found, grammar.longest_promise_min or MAX_NUMBER)))


def _layers(plain: str, grammar: ReplyGrammar) -> Iterator[Token]:
    """Refusals and negations wherever they begin, then the other words in what lies between."""
    for gap, word in grammar.first.split(plain):
        for rest, other in grammar.second.split(gap):
            yield from _parts(rest)
            if other:
                yield Token(grammar.kinds[other], other)
        if word:
            yield Token(grammar.kinds[word], word)


def _parts(plain: str) -> Iterator[Token]:
    for match in _PART.finditer(plain):
        if match["clock"]:
            yield Token(Mark.AMOUNT, match[0])
        elif match["digits"]:
            yield Token(Mark.NUMBER, match[0])
        elif match["hanzi"]:
            yield Token(Mark.NUMBER, to_digits(match[0]))
        else:
            yield Token(_sign(match[0]), match[0])


def _sign(sign: str) -> Mark:
    if sign in _LISTING:
        return Mark.LIST
    return Mark.GAP if sign in _TONES or unicodedata.category(sign)[0] in "ZPC" else Mark.UNKNOWN


def to_digits(hanzi: str) -> str:
    """Chinese numerals as digits; `0` for what is no number.

    >>> [to_digits(text) for text in ("一一", "十一", "二十", "一百二十一", "十十")]
    ['11', '11', '20', '121', '0']
    """
    if not any(sign in _TENS for sign in hanzi):
        return "".join(str(_DIGITS[sign]) for sign in hanzi)
    total, digit, last = 0, 0, 1000
    for sign in hanzi:
        if sign in _DIGITS:
            digit = digit * 10 + _DIGITS[sign]
            continue
        if _TENS[sign] >= last:
            return "0"
        last = _TENS[sign]
        total, digit = total + (digit or 1) * last, 0
    return str(total + digit)


def _amounts(tokens: Sequence[Token], longest_min: int) -> list[Token]:
    """Numbers that count, date or address something; `5分钟` is a promise."""
    out: list[Token] = []
    address = False
    for index, token in enumerate(tokens):
        if token.kind is Mark.NUMBER:
            token, address = _number(token, _unit_after(tokens, index), address, longest_min)
        elif token.kind in (WordKind.MINUTES, WordKind.UNIT):
            counts = any(token.kind is not Mark.GAP for token in out) and _last(out).kind in _COUNTED
            address = counts and token.kind is WordKind.UNIT
            token = Token(Mark.GAP if counts else Mark.UNKNOWN, token.text)
        elif token.kind not in (Mark.GAP, WordKind.LABEL):
            address = token.kind in (Mark.AMOUNT, WordKind.PREFIX)
        out.append(token)
    return [Token(Mark.GAP, token.text) if token.kind is WordKind.PREFIX else token for token in _before_amounts(out)]


def _before_amounts(tokens: Sequence[Token]) -> list[Token]:
    """A number directly before an address or a time belongs to it: `11-11:30`."""
    out: list[Token] = []
    amount = False
    for token in reversed(tokens):
        if token.kind is not Mark.GAP:
            amount = token.kind is Mark.AMOUNT or (amount and token.kind is Mark.NUMBER)
        out.append(Token(Mark.AMOUNT, token.text) if amount and token.kind is Mark.NUMBER else token)
    return out[::-1]


def _number(token: Token, unit: WordKind | Mark, address: bool, longest_min: int) -> tuple[Token, bool]:
    if unit is WordKind.MINUTES:
        return Token(WordKind.GO if int(token.text) <= longest_min else WordKind.DOUBTFUL, token.text), False
    if address or unit is WordKind.UNIT:
        return Token(Mark.AMOUNT, token.text), True
    return token, False


def _unit_after(tokens: Sequence[Token], index: int) -> WordKind | Mark:
    """What follows a number, blanks left out."""
    rest = (token.kind for token in tokens[index + 1 :] if token.kind is not Mark.GAP or token.text.strip())
    return next(rest, Mark.GAP)


def _last(tokens: Sequence[Token]) -> Token:
    return next(token for token in reversed(tokens) if token.kind is not Mark.GAP)


def _negated(tokens: Sequence[Token]) -> list[Token]:
    """`不能` with what follows it: 不能+去 declines, 不能+收到 only negates, 不会+不去 and 不是+去不了 do neither."""
    out: list[Token] = []
    last = -1
    for token in tokens:
        if token.kind is Mark.GAP and token.text.isspace():
            out.append(token)
            continue
        before = out[last].kind if last >= 0 else Mark.GAP
        if before is WordKind.CANNOT:
            out[last] = Token(_declines(token.kind), out[last].text)
        last = len(out)
        if token.kind is WordKind.DECLINE and before in (WordKind.CANNOT, WordKind.NEGATION):
            out.append(Token(WordKind.NEGATION, token.text))
        elif token.kind in ACTS and before in (WordKind.CANNOT, WordKind.DECLINE):
            out.append(Token(WordKind.DECLINE, token.text))
        else:
            out.append(token)
    return out


def _declines(following: WordKind | Mark) -> WordKind:
    alone = following in (Mark.GAP, Mark.LIST, WordKind.FILLER, WordKind.COURTESY)
    resolves = following is WordKind.RESOLVE
    return WordKind.DECLINE if (following in ACTS and not resolves) or alone else WordKind.NEGATION


def _joined(tokens: Sequence[Token]) -> list[Token]:
    """`1 1` and `1,1` are 11, and `11 11` is one code; `11 12` and `1、1` stay two numbers."""
    out: list[Token] = []
    run: list[Token] = []
    for token in tokens:
        if token.kind is Mark.NUMBER or (run and token.kind is Mark.GAP):
            run.append(token)
            continue
        out += [*_one_number(run), token]
        run = []
    return out + _one_number(run)


def _one_number(run: list[Token]) -> list[Token]:
    numbers = [token.text for token in run if token.kind is Mark.NUMBER]
    rest = run[-1:] if run and run[-1].kind is Mark.GAP else []
    if len(numbers) > 1 and all(len(token) == 1 for token in numbers):
        return [Token(Mark.NUMBER, "".join(numbers)), *rest]
    if numbers and len(set(numbers)) == 1:
        return [Token(Mark.NUMBER, numbers[0]), *rest]
    return run

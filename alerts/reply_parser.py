"""What a text from a phone means: `parse_reply(text, grammar, numbers)`, a pure and total function.

An action is read only where every part of the text is understood and nothing contradicts it; otherwise the answer is
`unclear` and the reason why. A refusal is the exception: it may stand beside what is not understood, because asking
the next person too early costs nobody his life.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.reply_codes import LARGEST
from alerts.reply_grammar import ReplyGrammar, WordKind, plain_text

LONGEST_REPLY: Final = 500


class ReplyIntent(StrEnum):
    """What the writer wants."""

    TAKE = "take"
    PASS = "pass"  # noqa: S105 - 无法到场, not a password
    ARRIVE = "arrive"
    RESOLVE = "resolve"
    RECEIPT = "receipt"
    """收到 without a code: a take where it can mean one call only, else no answer."""
    QUESTION = "question"
    COURTESY = "courtesy"
    OPT_OUT = "opt_out"
    UNCLEAR = "unclear"


class Certainty(StrEnum):
    """How much of the text was understood."""

    WHOLE = "whole"
    SAFE = "safe"
    """Not all of it; the intent is the one that harms nobody if it is wrong."""
    SHORT = "short"
    """A bare `1` or `2`: good only where exactly one alert can be meant."""


class Unclear(StrEnum):
    """Why no intent was read."""

    NONE = ""
    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNKNOWN_WORDS = "unknown_words"
    NO_SUCH_CODE = "no_such_code"
    TWO_CODES = "two_codes"
    CONTRADICTION = "contradiction"
    NEGATION = "negation"
    DOUBTFUL = "doubtful"
    PLACE_OR_TIME = "place_or_time"
    NUMBER_ONLY = "number_only"


class ParsedReply(Struct, frozen=True):
    """`numbers` are those of the alerts meant: none, one, or several that are all declined."""

    intent: ReplyIntent
    numbers: tuple[int, ...] = ()
    certainty: Certainty = Certainty.WHOLE
    why: Unclear = Unclear.NONE

    @property
    def number(self) -> int | None:
        return self.numbers[0] if len(self.numbers) == 1 else None


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
_ACTS: Final = frozenset({WordKind.TAKE, WordKind.GO, WordKind.ARRIVE, WordKind.COME, WordKind.RESOLVE})
_OWN: Final = {"1": ReplyIntent.TAKE, "2": ReplyIntent.PASS, "3": ReplyIntent.ARRIVE, "4": ReplyIntent.RESOLVE}
_COUNTED: Final = (Mark.AMOUNT, WordKind.GO, WordKind.DOUBTFUL)
_FITTING: Final = {
    (ReplyIntent.TAKE, ReplyIntent.ARRIVE): ReplyIntent.ARRIVE,
    (ReplyIntent.TAKE, ReplyIntent.RESOLVE): ReplyIntent.RESOLVE,
    **{(own, own): own for own in _OWN.values()},
    **{(own, claim): own for own in _OWN.values() for claim in (None, ReplyIntent.RECEIPT)},
}
"""What the last digit of a code and the words beside it say together; a pair not here contradicts itself."""


class _Said(Struct, frozen=True):
    """A text taken apart, with the numbers the phone holds."""

    tokens: tuple[Token, ...]
    kinds: frozenset[WordKind | Mark]
    codes: tuple[str, ...]
    held: frozenset[int]

    @property
    def understood(self) -> bool:
        return not self.kinds & {Mark.UNKNOWN, WordKind.QUESTION, WordKind.NEGATION, WordKind.DOUBTFUL}


def parse_reply(text: str, grammar: ReplyGrammar, held: Collection[int] = ()) -> ParsedReply:
    """What a text means, coming from a phone that holds these alert numbers."""
    if len(text) > LONGEST_REPLY:
        return _unclear(Unclear.TOO_LONG)
    tokens = tuple(tokenize(grammar.quoted.sub(" ", plain_text(text, grammar.signs)), grammar))
    numbers = [token.text for token in tokens if token.kind is Mark.NUMBER]
    # A code said twice is one code; a single digit said twice (`1、1`) may be a code in two pieces.
    codes = tuple(numbers if any(len(one) == 1 for one in numbers) else dict.fromkeys(numbers))
    said = _Said(tokens, frozenset(token.kind for token in tokens), codes, frozenset(held))
    for read in (_empty, _opt_out, _refusal, _question, _doubt, _several, _coded):
        parsed = read(said)
        if parsed is not None:
            return parsed
    return _words(said)


def _unclear(why: Unclear, numbers: tuple[int, ...] = ()) -> ParsedReply:
    return ParsedReply(ReplyIntent.UNCLEAR, numbers, why=why)


def _empty(said: _Said) -> ParsedReply | None:
    return None if said.kinds - {Mark.GAP, Mark.LIST} else _unclear(Unclear.EMPTY)


def _opt_out(said: _Said) -> ParsedReply | None:
    alone = not said.kinds - {WordKind.OPT_OUT, WordKind.LABEL, WordKind.FILLER, WordKind.COURTESY, Mark.GAP}
    return ParsedReply(ReplyIntent.OPT_OUT) if alone and WordKind.OPT_OUT in said.kinds else None


def _refusal(said: _Said) -> ParsedReply | None:
    """He declines: with codes these alerts, without any whatever this phone was called for."""
    if WordKind.PASS not in said.kinds:
        return None
    if _contradicts(said):
        return _unclear(Unclear.CONTRADICTION)
    meant = [_readings(said, code, True) for code in said.codes]
    if any(reading[1] in ("3", "4") for found in meant for reading in found[:1]):
        return _unclear(Unclear.CONTRADICTION)
    numbers = tuple(dict.fromkeys(found[0][0] for found in meant if found))
    whole = said.understood and all(meant)
    return ParsedReply(ReplyIntent.PASS, numbers, Certainty.WHOLE if whole else Certainty.SAFE)


def _question(said: _Said) -> ParsedReply | None:
    if WordKind.QUESTION not in said.kinds:
        return None
    meant = [found[0][0] for code in said.codes if (found := _readings(said, code, True))]
    return ParsedReply(ReplyIntent.QUESTION, tuple(meant[:1]))


def _doubt(said: _Said) -> ParsedReply | None:
    """Something is negated, put off or not understood: only a plain code for declining counts."""
    for kind, why in (
        (WordKind.NEGATION, Unclear.NEGATION),
        (WordKind.DOUBTFUL, Unclear.DOUBTFUL),
        (WordKind.OPT_OUT, Unclear.DOUBTFUL),
    ):
        if kind in said.kinds:
            return _unclear(why)
    if Mark.UNKNOWN not in said.kinds:
        return None
    if len(said.codes) == 1 and not _contradicts(said) and not _glued(said.tokens):
        found = _readings(said, said.codes[0], False)
        if found and found[0][1] == "2":
            return ParsedReply(ReplyIntent.PASS, (found[0][0],), Certainty.SAFE)
    return _unclear(Unclear.UNKNOWN_WORDS)


def _contradicts(said: _Said) -> bool:
    """Words of action beside a refusal. In a text not wholly understood `去` may be said of somebody else."""
    acts = said.kinds & _ACTS
    return bool(acts - {WordKind.TAKE, WordKind.COME} or (acts and Mark.UNKNOWN not in said.kinds))


def _several(said: _Said) -> ParsedReply | None:
    """Two codes are two alerts: only declining both is plain."""
    if len(said.codes) < 2:
        return None
    meant = [_readings(said, code, False) for code in said.codes]
    if not said.kinds & _ACTS and all(found and found[0][1] == "2" for found in meant):
        return ParsedReply(ReplyIntent.PASS, tuple(dict.fromkeys(found[0][0] for found in meant)))
    return _unclear(Unclear.TWO_CODES)


def _coded(said: _Said) -> ParsedReply | None:
    """One number: a code, or an alert's number beside a word that says what about it."""
    if not said.codes:
        return None
    code, claim, labelled = said.codes[0], _claim(said), WordKind.LABEL in said.kinds
    if claim is ReplyIntent.UNCLEAR:
        return _unclear(Unclear.CONTRADICTION)
    found = _readings(said, code, claim is not None or labelled)
    if not found:
        short = code in ("1", "2") and claim is None
        return ParsedReply(_OWN[code], (), Certainty.SHORT) if short else _unclear(Unclear.NO_SUCH_CODE)
    number, last = found[0]
    if code == "2" and claim is ReplyIntent.RECEIPT and not labelled:
        return _unclear(Unclear.NUMBER_ONLY, (number,))
    fits = _FITTING.get((_OWN[last], claim)) if last else claim
    if len(found) > 1 and (labelled or (claim is not None and fits is not claim)):
        return _unclear(Unclear.NO_SUCH_CODE)
    if fits is None:
        return _unclear(Unclear.CONTRADICTION if last else Unclear.NUMBER_ONLY, (number,))
    return ParsedReply(ReplyIntent.TAKE if fits is ReplyIntent.RECEIPT else fits, (number,))


def _words(said: _Said) -> ParsedReply:
    """No code at all."""
    claim = _claim(said)
    if claim is ReplyIntent.UNCLEAR:
        return _unclear(Unclear.CONTRADICTION)
    if Mark.AMOUNT in said.kinds:
        return _unclear(Unclear.PLACE_OR_TIME)
    if claim is not None:
        return ParsedReply(claim)
    return ParsedReply(ReplyIntent.COURTESY) if WordKind.COURTESY in said.kinds else _unclear(Unclear.UNKNOWN_WORDS)


def _claim(said: _Said) -> ReplyIntent | None:
    """What the words say, UNCLEAR when they contradict each other."""
    kinds = said.kinds
    if WordKind.RESOLVE in kinds:
        return ReplyIntent.UNCLEAR if kinds & {WordKind.TAKE, WordKind.GO} else ReplyIntent.RESOLVE
    if WordKind.ARRIVE in kinds:
        return ReplyIntent.UNCLEAR if WordKind.GO in kinds else ReplyIntent.ARRIVE
    if kinds & {WordKind.TAKE, WordKind.GO}:
        return ReplyIntent.TAKE
    if WordKind.COME in kinds:
        return ReplyIntent.ARRIVE
    return ReplyIntent.RECEIPT if WordKind.RECEIPT in kinds else None


def _readings(said: _Said, code: str, by_number: bool) -> list[tuple[int, str]]:
    """The alerts of this phone that a number can stand for, each with the digit for what is answered or nothing."""
    if code.startswith("0") or len(code) > 3:
        return []
    found: list[tuple[int, str]] = []
    if len(code) > 1 and code[-1] in _OWN and int(code[:-1]) in said.held:
        found.append((int(code[:-1]), code[-1]))
    if by_number and int(code) <= LARGEST and int(code) in said.held:
        found.append((int(code), ""))
    return found


def _glued(tokens: Sequence[Token]) -> bool:
    """A number directly beside something not understood belongs to that: `12家`."""
    pairs = itertools.pairwise(tokens)
    return any({one.kind, other.kind} == {Mark.NUMBER, Mark.UNKNOWN} for one, other in pairs)


def tokenize(plain: str, grammar: ReplyGrammar) -> list[Token]:
    """Words, numbers and the rest of a normalised text."""
    found = [*_layers(plain, grammar), Token(Mark.GAP, "")]
    return _joined(_negated(_amounts(found, grammar.longest_promise_min or LARGEST)))


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
            yield Token(Mark.NUMBER, western(match[0]))
        else:
            yield Token(_sign(match[0]), match[0])


def _sign(sign: str) -> Mark:
    if sign in _LISTING:
        return Mark.LIST
    return Mark.GAP if sign in _TONES or unicodedata.category(sign)[0] in "ZPC" else Mark.UNKNOWN


def western(hanzi: str) -> str:
    """Chinese numerals as digits; `0` for what is no number.

    >>> [western(text) for text in ("一一", "十一", "二十", "一百二十一", "十十")]
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
            counts = any(one.kind is not Mark.GAP for one in out) and _last(out).kind in _COUNTED
            address = counts and token.kind is WordKind.UNIT
            token = Token(Mark.GAP if counts else Mark.UNKNOWN, token.text)
        elif token.kind not in (Mark.GAP, WordKind.LABEL):
            address = token.kind in (Mark.AMOUNT, WordKind.PREFIX)
        out.append(token)
    return [Token(Mark.GAP, one.text) if one.kind is WordKind.PREFIX else one for one in _before_amounts(out)]


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
    rest = (one.kind for one in tokens[index + 1 :] if one.kind is not Mark.GAP or one.text.strip())
    return next(rest, Mark.GAP)


def _last(tokens: Sequence[Token]) -> Token:
    return next(one for one in reversed(tokens) if one.kind is not Mark.GAP)


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
        if token.kind is WordKind.PASS and before in (WordKind.CANNOT, WordKind.NEGATION):
            out.append(Token(WordKind.NEGATION, token.text))
        elif token.kind in _ACTS and before in (WordKind.CANNOT, WordKind.PASS):
            out.append(Token(WordKind.PASS, token.text))
        else:
            out.append(token)
    return out


def _declines(following: WordKind | Mark) -> WordKind:
    alone = following in (Mark.GAP, Mark.LIST, WordKind.FILLER, WordKind.COURTESY)
    resolves = following is WordKind.RESOLVE
    return WordKind.PASS if (following in _ACTS and not resolves) or alone else WordKind.NEGATION


def _joined(tokens: Sequence[Token]) -> list[Token]:
    """`1 1` and `1,1` are 11, and `11 11` is said once; `11 12` and `1、1` stay two numbers."""
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
    if len(numbers) > 1 and all(len(one) == 1 for one in numbers):
        return [Token(Mark.NUMBER, "".join(numbers)), *rest]
    if numbers and len(set(numbers)) == 1:
        return [Token(Mark.NUMBER, numbers[0]), *rest]
    return run

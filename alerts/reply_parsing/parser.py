"""What a text from a phone means: `parse_reply(text, grammar, numbers)`, a pure and total function.

An action is read only where every part of the text is understood and nothing contradicts it; otherwise the answer is
`unclear` and the reason why. A refusal is the exception: it may stand beside what is not understood, because asking
the next person too early costs nobody his life.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from alerts.reply_parsing.codes import EMERGENCY_NUMBERS, MAX_NUMBER
from alerts.reply_parsing.grammar import ReplyGrammar, WordKind, plain_text
from alerts.reply_parsing.tokenizer import ACTS, Mark, Token, tokenize

MAX_REPLY_LENGTH: Final = 500


class ReplyIntent(StrEnum):
    """What the writer wants."""

    ACKNOWLEDGE = "take"
    DECLINE = "pass"
    ARRIVE = "arrive"
    RESOLVE = "resolve"
    REINFORCE = "reinforce"
    VERIFY = "verify"
    REAL = "real"
    FALSE_ALARM = "false_alarm"
    TEST = "test"
    DEVICE_FAULT = "device_fault"
    PRANK = "prank"
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
    """`numbers` are those of the alerts meant: none, one, or several that are all declined. `arrived`: says so too."""

    intent: ReplyIntent
    numbers: tuple[int, ...] = ()
    certainty: Certainty = Certainty.WHOLE
    why: Unclear = Unclear.NONE
    arrived: bool = False

    @property
    def number(self) -> int | None:
        return self.numbers[0] if len(self.numbers) == 1 else None


_INTENT_OF_DIGIT: Final = {
    "1": ReplyIntent.ACKNOWLEDGE,
    "2": ReplyIntent.DECLINE,
    "3": ReplyIntent.ARRIVE,
    "4": ReplyIntent.RESOLVE,
    "5": ReplyIntent.REAL,
    "6": ReplyIntent.FALSE_ALARM,
    "7": ReplyIntent.TEST,
    "8": ReplyIntent.DEVICE_FAULT,
    "9": ReplyIntent.PRANK,
    "0": ReplyIntent.VERIFY,
}
_CONCLUSIONS: Final = frozenset("56789")
_ASKED_ONLY: Final = frozenset("567890")
"""Digits that are codes only while the sender is asked for them: `15` from a person on his way means minutes."""
_COMBINED_INTENT: Final[dict[tuple[ReplyIntent, ReplyIntent | None], ReplyIntent]] = {
    (ReplyIntent.ACKNOWLEDGE, ReplyIntent.ARRIVE): ReplyIntent.ARRIVE,
    (ReplyIntent.ACKNOWLEDGE, ReplyIntent.RESOLVE): ReplyIntent.RESOLVE,
    (ReplyIntent.ACKNOWLEDGE, ReplyIntent.REINFORCE): ReplyIntent.REINFORCE,
    (ReplyIntent.ARRIVE, ReplyIntent.REINFORCE): ReplyIntent.REINFORCE,
    **{(_INTENT_OF_DIGIT[digit], ReplyIntent.RESOLVE): _INTENT_OF_DIGIT[digit] for digit in sorted(_CONCLUSIONS)},
    **{(own, own): own for own in _INTENT_OF_DIGIT.values()},
    **{(own, claim): own for own in _INTENT_OF_DIGIT.values() for claim in (None, ReplyIntent.RECEIPT)},
}
"""The meaning of the last digit of a code with the words beside it; a pair not listed is a contradiction."""


_CONCLUDING: Final = {"误报": "6", "假警报": "6", "假的": "6", "测试": "7", "演习": "7"}
"""Words that are doubtful alone, by the digit with which they state a conclusion."""


class _TokenizedReply(Struct, frozen=True):
    """A tokenized text, with the numbers that the phone holds."""

    tokens: tuple[Token, ...]
    kinds: frozenset[WordKind | Mark]
    codes: tuple[str, ...]
    held: frozenset[int]
    asked: frozenset[int] = frozenset()

    @property
    def understood(self) -> bool:
        return not self.kinds & {Mark.UNKNOWN, WordKind.QUESTION, WordKind.NEGATION, WordKind.DOUBTFUL}


def parse_reply(
    text: str, grammar: ReplyGrammar, held: Collection[int] = (), asked: Collection[int] = ()
) -> ParsedReply:
    """Parse a text from a phone that holds these alert numbers; of those in `asked` the sender was asked to verify or
    to conclude. Total: never raises."""
    if len(text) > MAX_REPLY_LENGTH:
        return _unclear(Unclear.TOO_LONG)
    tokens = tuple(tokenize(grammar.quoted.sub(" ", plain_text(text, grammar.sign_table)), grammar))
    numbers = [token.text for token in tokens if token.kind is Mark.NUMBER]
    # A repeated code is one code; a repeated single digit (`1、1`) may be a code in two pieces.
    codes = tuple(numbers if any(len(one) == 1 for one in numbers) else dict.fromkeys(numbers))
    reply = _TokenizedReply(tokens, frozenset(token.kind for token in tokens), codes, frozenset(held), frozenset(asked))
    readers = (_empty, _opt_out, _refusal, _question, _doubt, _several, _coded)
    parsed = next((found for read in readers if (found := read(reply)) is not None), None) or _words(reply)
    return _with_arrival(parsed, reply)


def _with_arrival(parsed: ParsedReply, reply: _TokenizedReply) -> ParsedReply:
    if parsed.intent is not ReplyIntent.REINFORCE:
        return parsed
    has_code = any(len(code) > 1 and code.endswith("3") for code in reply.codes)
    return replace(parsed, arrived=WordKind.ARRIVE in reply.kinds or has_code)


def _unclear(why: Unclear, numbers: tuple[int, ...] = ()) -> ParsedReply:
    return ParsedReply(ReplyIntent.UNCLEAR, numbers, why=why)


def _empty(reply: _TokenizedReply) -> ParsedReply | None:
    return None if reply.kinds - {Mark.GAP, Mark.LIST} else _unclear(Unclear.EMPTY)


def _opt_out(reply: _TokenizedReply) -> ParsedReply | None:
    alone = not reply.kinds - {WordKind.OPT_OUT, WordKind.LABEL, WordKind.FILLER, WordKind.COURTESY, Mark.GAP}
    return ParsedReply(ReplyIntent.OPT_OUT) if alone and WordKind.OPT_OUT in reply.kinds else None


def _refusal(reply: _TokenizedReply) -> ParsedReply | None:
    """He declines: with codes these alerts, without any whatever this phone was called for."""
    if WordKind.DECLINE not in reply.kinds:
        return None
    if _contradicts(reply):
        return _unclear(Unclear.CONTRADICTION)
    meant = [_readings(reply, code, True) for code in reply.codes]
    if any(reading[1] not in ("", "1", "2") for found in meant for reading in found[:1]):
        return _unclear(Unclear.CONTRADICTION)
    numbers = tuple(dict.fromkeys(found[0][0] for found in meant if found))
    whole = reply.understood and all(meant)
    return ParsedReply(ReplyIntent.DECLINE, numbers, Certainty.WHOLE if whole else Certainty.SAFE)


def _question(reply: _TokenizedReply) -> ParsedReply | None:
    if WordKind.QUESTION not in reply.kinds:
        return None
    meant = [found[0][0] for code in reply.codes if (found := _readings(reply, code, True))]
    return ParsedReply(ReplyIntent.QUESTION, tuple(meant[:1]))


def _doubt(reply: _TokenizedReply) -> ParsedReply | None:
    """Something is negated, put off or not understood: only a plain code for declining counts."""
    if not reply.understood and not reply.kinds & {WordKind.DOUBTFUL, WordKind.OPT_OUT} and _wants_more(reply):
        return _reinforce(reply)
    for kind, why in (
        (WordKind.NEGATION, Unclear.NEGATION),
        (WordKind.DOUBTFUL, Unclear.DOUBTFUL),
        (WordKind.OPT_OUT, Unclear.DOUBTFUL),
    ):
        if kind in reply.kinds and not (kind is WordKind.DOUBTFUL and _concludes(reply)):
            return _unclear(why)
    if Mark.UNKNOWN not in reply.kinds:
        return None
    if len(reply.codes) == 1 and not _contradicts(reply) and not _glued(reply.tokens):
        found = _readings(reply, reply.codes[0], False)
        if found and found[0][1] == "2":
            return ParsedReply(ReplyIntent.DECLINE, (found[0][0],), Certainty.SAFE)
    return _unclear(Unclear.UNKNOWN_WORDS)


def _wants_more(reply: _TokenizedReply) -> bool:
    return _claim(reply) is ReplyIntent.REINFORCE and len(reply.codes) <= 1


def _reinforce(reply: _TokenizedReply) -> ParsedReply:
    """`请增援，敲不开门`: calling more than are needed harms nobody; not calling those he asks for may."""
    meant = [found[0] for code in reply.codes if (found := _readings(reply, code, True))]
    if any(digit not in ("", "1", "3") for _, digit in meant):
        return _unclear(Unclear.CONTRADICTION)
    return ParsedReply(ReplyIntent.REINFORCE, tuple(number for number, _ in meant), Certainty.SAFE)


def _concludes(reply: _TokenizedReply) -> bool:
    """A code for what it turned out to be, with the same word beside it: `36误报` is no doubt."""
    words = {token.text for token in reply.tokens if token.kind is WordKind.DOUBTFUL}
    if len(reply.codes) != 1 or len(words) != 1 or WordKind.OPT_OUT in reply.kinds:
        return False
    found = _readings(reply, reply.codes[0], False)
    return bool(found) and _CONCLUDING.get(words.pop()) == found[0][1]


def _contradicts(reply: _TokenizedReply) -> bool:
    """Words of action beside a refusal. In a text that is not wholly understood, `去` may be about another person."""
    acts = reply.kinds & ACTS
    return bool(acts - {WordKind.ACKNOWLEDGE, WordKind.COME} or (acts and Mark.UNKNOWN not in reply.kinds))


def _several(reply: _TokenizedReply) -> ParsedReply | None:
    """Two codes are two alerts: only declining both is plain."""
    if len(reply.codes) < 2:
        return None
    meant = [_readings(reply, code, False) for code in reply.codes]
    if not reply.kinds & ACTS and all(found and found[0][1] == "2" for found in meant):
        return ParsedReply(ReplyIntent.DECLINE, tuple(dict.fromkeys(found[0][0] for found in meant)))
    return _unclear(Unclear.TWO_CODES)


def _coded(reply: _TokenizedReply) -> ParsedReply | None:
    """One number: a code, or the number of an alert beside a word for the action."""
    if not reply.codes:
        return None
    code, claim, labelled = reply.codes[0], _claim(reply), WordKind.LABEL in reply.kinds
    if claim is ReplyIntent.UNCLEAR:
        return _unclear(Unclear.CONTRADICTION)
    found = _readings(reply, code, claim is not None or labelled)
    if not found:
        short = code in ("1", "2") and claim is None
        return ParsedReply(_INTENT_OF_DIGIT[code], (), Certainty.SHORT) if short else _unclear(Unclear.NO_SUCH_CODE)
    number, last = found[0]
    if code == "2" and claim is ReplyIntent.RECEIPT and not labelled:
        return _unclear(Unclear.NUMBER_ONLY, (number,))
    fits = _COMBINED_INTENT.get((_INTENT_OF_DIGIT[last], claim)) if last else claim
    if len(found) > 1 and (labelled or (claim is not None and fits is not claim)):
        return _unclear(Unclear.NO_SUCH_CODE)
    if fits is None:
        return _unclear(Unclear.CONTRADICTION if last else Unclear.NUMBER_ONLY, (number,))
    return ParsedReply(ReplyIntent.ACKNOWLEDGE if fits is ReplyIntent.RECEIPT else fits, (number,))


def _words(reply: _TokenizedReply) -> ParsedReply:
    """No code at all."""
    claim = _claim(reply)
    if claim is ReplyIntent.UNCLEAR:
        return _unclear(Unclear.CONTRADICTION)
    if Mark.AMOUNT in reply.kinds and claim is not ReplyIntent.REINFORCE:
        return _unclear(Unclear.PLACE_OR_TIME)
    if claim is not None:
        return ParsedReply(claim)
    return ParsedReply(ReplyIntent.COURTESY) if WordKind.COURTESY in reply.kinds else _unclear(Unclear.UNKNOWN_WORDS)


def _claim(reply: _TokenizedReply) -> ReplyIntent | None:
    """The intent of the words; UNCLEAR when they contradict each other."""
    kinds = reply.kinds
    if WordKind.REINFORCE in kinds:
        return ReplyIntent.UNCLEAR if WordKind.RESOLVE in kinds else ReplyIntent.REINFORCE
    if WordKind.RESOLVE in kinds:
        return ReplyIntent.UNCLEAR if kinds & {WordKind.ACKNOWLEDGE, WordKind.GO} else ReplyIntent.RESOLVE
    if WordKind.ARRIVE in kinds:
        return ReplyIntent.UNCLEAR if WordKind.GO in kinds else ReplyIntent.ARRIVE
    if kinds & {WordKind.ACKNOWLEDGE, WordKind.GO}:
        return ReplyIntent.ACKNOWLEDGE
    if WordKind.COME in kinds:
        return ReplyIntent.ARRIVE
    return ReplyIntent.RECEIPT if WordKind.RECEIPT in kinds else None


def _readings(reply: _TokenizedReply, code: str, by_number: bool) -> list[tuple[int, str]]:
    """The alerts of this phone that a number can stand for, each with the digit for what is answered or nothing."""
    if code.startswith("0") or len(code) > 3:
        return []
    found: list[tuple[int, str]] = []
    if len(code) > 1 and _is_code(reply, code):
        found.append((int(code[:-1]), code[-1]))
    if by_number and int(code) <= MAX_NUMBER and int(code) in reply.held:
        found.append((int(code), ""))
    return found


def _is_code(reply: _TokenizedReply, code: str) -> bool:
    """Whether a number is the code of an alert on this phone, for an answer that is possible now."""
    number, digit = int(code[:-1]), code[-1]
    if digit in _ASKED_ONLY:
        return number in reply.asked and code not in EMERGENCY_NUMBERS
    return digit in _INTENT_OF_DIGIT and number in reply.held


def _glued(tokens: Sequence[Token]) -> bool:
    """A number directly beside something not understood belongs to that: `12家`."""
    pairs = itertools.pairwise(tokens)
    return any({one.kind, other.kind} == {Mark.NUMBER, Mark.UNKNOWN} for one, other in pairs)

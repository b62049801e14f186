"""What the people who are called do with a text: nothing, or the codes that it asks for, sooner or later.

A worker reads the text only: codes are taken from the words in front of them, as a person takes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Final

from msgspec import Struct

from domain import MINUTE, SECOND, Instant


class Behaviour(Struct, frozen=True):
    """How a worker answers. Times are medians, probabilities are of one call; the values are ours."""

    answer_ms: Instant = 40 * SECOND
    travel_ms: Instant = 6 * MINUTE
    work_ms: Instant = 10 * MINUTE
    spread: float = 0.5
    """Standard deviation of the logarithm of each time."""
    ignores: float = 0.03
    declines: float = 0.03
    garbles: float = 0.02
    """Answers with words that are not understood, and with the code a minute later."""


class Reply(Struct, frozen=True):
    """A text back. `when_over`: not before what is dealt with is over."""

    after_ms: Instant
    text: str
    when_over: bool = False


_TAKE: Final = re.compile(r"回复(\d+)(?:接|，不能|，不去|，不便|，退回)|有险情(?:回复)?(\d+)")
_DECLINE: Final = re.compile(r"(?:，|。)(\d+)无法|(?:不能|不去|不便|退回)回复(\d+)|无法核查(?:回复)?(\d+)")
_ARRIVE: Final = re.compile(r"到场回复(\d+)")
_DONE: Final = re.compile(r"处置完(?:毕请)?回复(\d+)")
_VERIFIED: Final = re.compile(r"无险情回复(\d+)")
_REAL: Final = re.compile(r"真实(\d+)")
_FALSE: Final = re.compile(r"误报(\d+)")
_GARBLED: Final = ("在打电话稍等", "？？", "啥情况", "晓得咯但是")


def codes(text: str) -> Mapping[str, str]:
    """The codes of a text by what they answer: take, decline, arrive, done, verified, real, false.

    >>> codes("【枫树社区】紧急：燃气泄漏，3栋402。勿开关电器，10分钟内到场。回复11接警，12无法到场。")
    {'take': '11', 'decline': '12'}
    >>> codes("已由李伟接警：燃气泄漏，3栋402。到场回复13，处置完回复14。")
    {'arrive': '13', 'done': '14'}
    """
    found = {}
    for name, pattern in _PATTERNS.items():
        if match := pattern.search(text):
            found[name] = next(code for code in match.groups() if code)
    return found


_PATTERNS: Final = {
    "take": _TAKE,
    "decline": _DECLINE,
    "arrive": _ARRIVE,
    "done": _DONE,
    "verified": _VERIFIED,
    "real": _REAL,
    "false": _FALSE,
}


def replies(text: str, behaviour: Behaviour, is_real: bool, random: Random) -> tuple[Reply, ...]:
    """What this person sends back after a text, in order of time. `is_real`: there is something to deal with."""
    found = codes(text)
    if "real" in found:
        return (Reply(_about(behaviour.answer_ms, behaviour, random), found["real" if is_real else "false"]),)
    if "verified" in found:
        return (Reply(_about(behaviour.work_ms, behaviour, random), found["verified"], when_over=True),)
    if "take" in found:
        return _answer_call(found, behaviour, random)
    if "arrive" in found:
        travel = _about(behaviour.travel_ms, behaviour, random)
        return (Reply(travel, found["arrive"]),)
    if "done" in found:
        return (Reply(_about(behaviour.work_ms, behaviour, random), found["done"], when_over=True),)
    return ()


def misunderstood(random: Random) -> str:
    """Words that are no answer."""
    return random.choice(_GARBLED)


def _answer_call(found: Mapping[str, str], behaviour: Behaviour, random: Random) -> tuple[Reply, ...]:
    draw, delay = random.random(), _about(behaviour.answer_ms, behaviour, random)
    if draw < behaviour.ignores:
        return ()
    draw -= behaviour.ignores
    if draw < behaviour.declines and "decline" in found:
        return (Reply(delay, found["decline"]),)
    draw -= behaviour.declines
    if draw < behaviour.garbles:
        return (Reply(delay, misunderstood(random)), Reply(delay + MINUTE, found["take"]))
    return (Reply(delay, found["take"]),)


def _about(median_ms: Instant, behaviour: Behaviour, random: Random) -> Instant:
    return round(median_ms * random.lognormvariate(0.0, behaviour.spread))

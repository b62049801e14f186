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
    """A text back. `means`: what it answers, a key of `codes`; empty for words that are none. `when_over`: not before
    what is dealt with is over."""

    after_ms: Instant
    text: str
    means: str = ""
    when_over: bool = False


_TAKE: Final = re.compile(r"回复(\d+)(?:接|，不能|，不去|，不便|，退回)|有险情(?:回复)?(\d+)")
_DECLINE: Final = re.compile(r"(?:，|。)(\d+)无法|(?:不能|不去|不便|退回)回复(\d+)|无法核查(?:回复)?(\d+)")
_ARRIVE: Final = re.compile(r"到场(?:逐处)?回复(\d+)((?:、\d+)*)")
_DIGITS: Final = {"real": re.compile(r"真实改(\d)"), "false": re.compile(r"误报改(\d)")}
"""The last digits of a text about several places."""
_DONE: Final = re.compile(r"(?:处置|检修)完(?:毕请)?回复(\d+)|其他(\d+)")
_VERIFIED: Final = re.compile(r"(?:无险情|属实)(?:逐处)?(?:回复)?(\d+)((?:、\d+)*)")
_REAL: Final = re.compile(r"真实(\d+)")
_FALSE: Final = re.compile(r"误报(\d+)")
_TAKEN_BY_ANOTHER: Final = re.compile(r"已由\S+?接警|\S+已到场|已有人前往|已有人接警|已并案")
_DEALT_WITH: Final = re.compile(r"已处置|处置完毕|等待核查|已结案|已并案")
_URGED: Final = re.compile(r"督办|请督促")
_ON_THE_WAY: Final = ("take", "arrive", "done")
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
    for name, digit in _DIGITS.items():
        if "arrive" in found and (match := digit.search(text)):
            found[name] = found["arrive"][:-1] + match[1]
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
    conclusion = "real" if is_real else "false"
    if "arrive" in found:
        return _go_to_each(text, found, conclusion, behaviour, random)
    if conclusion in found:
        return (Reply(_about(behaviour.answer_ms, behaviour, random), found[conclusion], "done"),)
    if "verified" in found:
        return _verify(text, found["verified"], behaviour, random)
    if "take" in found:
        return _answer_call(found, behaviour, random)
    if "done" in found:
        return (Reply(_about(behaviour.work_ms, behaviour, random), found["done"], "done", when_over=True),)
    return ()


def settled_by(text: str) -> frozenset[str]:
    """What a person no longer answers after he has read this text: whoever reads that another has the case does not
    take it, and whoever reads that it is dealt with does not go there.

    >>> sorted(settled_by("已由李伟接警：燃气泄漏，3栋402。接警时间01:16，编号1。"))
    ['take']
    >>> settled_by("已由李伟接警：燃气泄漏，3栋402。到场回复13，处置完回复14。")
    frozenset()
    """
    if codes(text):
        return frozenset()
    if _DEALT_WITH.search(text):
        return frozenset(_ON_THE_WAY)
    return frozenset(_ON_THE_WAY[:1]) if _TAKEN_BY_ANOTHER.search(text) else frozenset()


def urged_by(text: str) -> str:
    """The answer that a supervisor who reads this text telephones for: `verified` or `done`; empty for no such text.

    >>> urged_by("高危督办：爆管，3栋402，办结超时10分钟。责任人李伟，请督促处置。")
    'done'
    """
    if not _URGED.search(text) or "回复" in text:
        return ""
    return "verified" if "核查超时" in text else "done"


def misunderstood(random: Random) -> str:
    """Words that are no answer."""
    return random.choice(_GARBLED)


def _answer_call(found: Mapping[str, str], behaviour: Behaviour, random: Random) -> tuple[Reply, ...]:
    draw, delay = random.random(), _about(behaviour.answer_ms, behaviour, random)
    if draw < behaviour.ignores:
        return ()
    draw -= behaviour.ignores
    if draw < behaviour.declines and "decline" in found:
        return (Reply(delay, found["decline"], "take"),)
    draw -= behaviour.declines
    if draw < behaviour.garbles:
        return (Reply(delay, misunderstood(random)), Reply(delay + MINUTE, found["take"], "take"))
    return (Reply(delay, found["take"], "take"),)


def _verify(text: str, first: str, behaviour: Behaviour, random: Random) -> tuple[Reply, ...]:
    """Goes to each place of a text that names several, and answers from there."""
    match = _VERIFIED.search(text)
    others = [code for code in match[2].split("、") if code] if match is not None else []
    at, answers = 0, list[Reply]()
    for code in (first, *others):
        at += _about(behaviour.work_ms, behaviour, random)
        answers.append(Reply(at, code, f"verified {code}" if answers else "verified", when_over=True))
    return tuple(answers)


def _go_to_each(
    text: str, found: Mapping[str, str], conclusion: str, behaviour: Behaviour, random: Random
) -> tuple[Reply, ...]:
    """Goes to each place of a text that names several, one after the other."""
    match = _ARRIVE.search(text)
    others = [code for code in match[2].split("、") if code] if match is not None else []
    answers = list(_go_there(found, conclusion, behaviour, random))
    for code in others:
        own = {name: code[:-1] + other[-1] for name, other in found.items()}
        begin = answers[-1].after_ms
        further = _go_there(own, conclusion, behaviour, random)
        answers += [Reply(begin + one.after_ms, one.text, f"{one.means} {code}", one.when_over) for one in further]
    return tuple(answers)


def _go_there(found: Mapping[str, str], conclusion: str, behaviour: Behaviour, random: Random) -> tuple[Reply, ...]:
    """Arrives, and reports when it is dealt with, where the text says how."""
    travel_ms = _about(behaviour.travel_ms, behaviour, random)
    arrival = Reply(travel_ms, found["arrive"], "arrive")
    done = found.get(conclusion, found.get("done"))
    if done is None:
        return (arrival,)
    work_ms = _about(behaviour.work_ms, behaviour, random)
    return (arrival, Reply(travel_ms + work_ms, done, "done", when_over=True))


def _about(median_ms: Instant, behaviour: Behaviour, random: Random) -> Instant:
    return round(median_ms * random.lognormvariate(0.0, behaviour.spread))

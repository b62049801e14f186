"""Reply codes in text messages (facts/notifications.md 4.3): `31` takes alert 3 of this phone, `32` passes it on.

It knows numbers and words, not which alert a number stands for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from msgspec import Struct

LARGEST: Final = 99


class Meaning(StrEnum):
    TAKE = "take"
    PASS = "pass"  # noqa: S105 - 无法到场, not a password
    OPT_OUT = "opt_out"
    UNCLEAR = "unclear"


class Answer(Struct, frozen=True):
    """What a reply means. `number` None with TAKE or PASS is good only if exactly one alert is open for the phone."""

    meaning: Meaning
    number: int | None = None


_TAKE_WORDS: Final = frozenset({"1", "收到", "好的", "好", "接警", "我去", "收到接警"})
_PASS_WORDS: Final = frozenset({"2", "无法到场", "不去", "去不了"})
_OPT_OUT: Final = frozenset({"T", "TD", "退订", "N"})
_CODE: Final = re.compile(r"(?:收到|好的|回复)?([1-9]\d?)([12])(?:接警|收到|好的|无法到场|不去|去不了)?")


def smallest_free(used: Collection[int]) -> int | None:
    """The smallest free alert number of a phone, None when all 99 are in use.

    >>> smallest_free([1, 2, 4])
    3
    """
    return next((number for number in range(1, LARGEST + 1) if number not in used), None)


def take_code(number: int) -> str:
    return f"{number}1"


def pass_code(number: int) -> str:
    return f"{number}2"


def normalise(text: str) -> str:
    """Full-width to plain, without spaces and punctuation.

    >>> normalise(" ３１，接警。")
    '31接警'
    """
    plain = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LN").upper()


def read(text: str) -> Answer:
    """What a person meant.

    >>> read("３１接警"), read("122"), read("好的")
    (Answer(meaning=<Meaning.TAKE: 'take'>, number=3), Answer(meaning=<Meaning.PASS: 'pass'>, number=12), \
Answer(meaning=<Meaning.TAKE: 'take'>, number=None))
    """
    said = normalise(text)
    if said in _OPT_OUT:
        return Answer(Meaning.OPT_OUT)
    if said in _TAKE_WORDS:
        return Answer(Meaning.TAKE)
    if said in _PASS_WORDS:
        return Answer(Meaning.PASS)
    found = _CODE.fullmatch(said)
    if found is None:
        return Answer(Meaning.UNCLEAR)
    return Answer(Meaning.TAKE if found[2] == "1" else Meaning.PASS, int(found[1]))


def plain_phone(phone: str) -> str:
    """A mainland number without country code, spaces and dashes.

    >>> plain_phone("+86 138-0013-8000")
    '13800138000'
    """
    digits = "".join(sign for sign in phone if sign.isdigit())
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits

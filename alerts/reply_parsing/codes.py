"""Reply codes of text messages: the number of an alert on one phone, then a digit for the action.

`31` acknowledges alert 3 of this phone, `32` declines it, `33` reports arrival, `34` reports it as dealt with.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

MAX_NUMBER: Final = 99


def smallest_free(used: Collection[int]) -> int | None:
    """The smallest free alert number of a phone; None when all 99 are in use.

    >>> smallest_free([1, 2, 4])
    3
    """
    return next((number for number in range(1, MAX_NUMBER + 1) if number not in used), None)


def codes_of(number: int) -> dict[str, str]:
    """The template variables for a number.

    >>> codes_of(3)
    {'ok': '31', 'no': '32', 'here': '33', 'done': '34', 'number': '3'}
    """
    return {
        "ok": f"{number}1",
        "no": f"{number}2",
        "here": f"{number}3",
        "done": f"{number}4",
        "number": str(number),
    }


def normalize_phone(phone: str) -> str:
    """A mainland number without country code, spaces and dashes.

    >>> normalize_phone("+86 138-0013-8000")
    '13800138000'
    """
    digits = "".join(sign for sign in phone if sign.isdigit())
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits

"""Reply codes of text messages: the number of an alert on one phone, then a digit for the action.

`31` acknowledges alert 3 of this phone, `32` declines it, `33` reports arrival, `34` reports it as dealt with; `35` to
`39` say what it turned out to be, `30` that it was verified.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

MAX_NUMBER: Final = 99
EMERGENCY_NUMBERS: Final = frozenset({"110", "119", "120"})
"""Police, fire, ambulance: never codes. Alerts 11 and 12 would have them, so no alert has these numbers."""
_NEVER_GIVEN: Final = frozenset(int(number[:-1]) for number in EMERGENCY_NUMBERS)
DIGITS: Final = {
    "ok": 1,
    "no": 2,
    "here": 3,
    "done": 4,
    "real": 5,
    "wrong": 6,
    "test": 7,
    "fault": 8,
    "prank": 9,
    "verified": 0,
}
"""The last digit of a code, by the template variable that states it."""


def smallest_free(used: Collection[int]) -> int | None:
    """The smallest free alert number of a phone; None when all up to MAX_NUMBER are in use.

    >>> smallest_free([1, 2, 4]), smallest_free(range(1, 11))
    (3, 13)
    """
    taken = {*used, *_NEVER_GIVEN}
    return next((number for number in range(1, MAX_NUMBER + 1) if number not in taken), None)


def codes_of(number: int) -> dict[str, str]:
    """The template variables for a number.

    >>> {name: code for name, code in codes_of(3).items() if name in ("ok", "no", "here", "done", "number")}
    {'ok': '31', 'no': '32', 'here': '33', 'done': '34', 'number': '3'}
    """
    return {name: f"{number}{digit}" for name, digit in DIGITS.items()} | {"number": str(number)}


def normalize_phone(phone: str) -> str:
    """A mainland number without country code, spaces and dashes.

    >>> normalize_phone("+86 138-0013-8000")
    '13800138000'
    """
    digits = "".join(sign for sign in phone if sign.isdigit())
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits

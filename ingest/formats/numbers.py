"""Numbers that a platform writes as text. It knows no field."""

from __future__ import annotations

import re
from typing import Final

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?|nan|[+-]?inf", re.IGNORECASE)


def number_in(text: str) -> int | float | str:
    """The number if the text is one, else the text. Not-a-number stays one: the gate refuses it by name.

    >>> number_in("24"), number_in("312.407"), number_in(" -0.5 "), number_in("N"), number_in("1_0"), number_in("inf")
    (24, 312.407, -0.5, 'N', '1_0', inf)
    """
    trimmed = text.strip()
    if _WHOLE.fullmatch(trimmed):
        return int(trimmed)
    return float(trimmed) if _DECIMAL.fullmatch(trimmed) else text

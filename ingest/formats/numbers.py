"""Numbers that a platform sends as text."""

from __future__ import annotations

import re
from typing import Final

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?|nan|[+-]?inf", re.IGNORECASE)


def parse_number(text: str) -> int | float | str:
    """Return the number that `text` holds, else `text`. NaN and infinity are kept: validation refuses them by name.

    >>> [parse_number(text) for text in ("24", "312.407", " -0.5 ", "N", "1_0", "inf")]
    [24, 312.407, -0.5, 'N', '1_0', inf]
    """
    trimmed = text.strip()
    if _WHOLE.fullmatch(trimmed):
        return int(trimmed)
    return float(trimmed) if _DECIMAL.fullmatch(trimmed) else text

"""Full-width signs, as Chinese input methods write them, and their ASCII twins."""

from __future__ import annotations

from typing import Final
from unicodedata import normalize

_QUOTES: Final = {
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "。": ".",
    "、": ",",
    "【": "[",
    "】": "]",
    "—": "-",
    "–": "-",
}


def narrow(written: str) -> str:
    """The text with every full-width sign as its ASCII twin; Chinese characters stay.

    >>> narrow("lel_pct ＞ １０，“燃气”")
    'lel_pct > 10,"燃气"'
    """
    return "".join(_twin(sign) for sign in written)


def _twin(sign: str) -> str:
    if sign.isascii():
        return sign
    twin = _QUOTES.get(sign) or normalize("NFKC", sign)
    return twin if twin.isascii() else sign

"""Full-width characters, as Chinese input methods write them, and their ASCII equivalents."""

from __future__ import annotations

from typing import Final
from unicodedata import normalize

_PUNCTUATION: Final = {
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


def narrow(text: str) -> str:
    """The text with full-width characters replaced by ASCII; Chinese characters stay.

    >>> narrow("lel_pct ＞ １０，“燃气”")
    'lel_pct > 10,"燃气"'
    """
    return "".join(_ascii(character) for character in text)


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    equivalent = _PUNCTUATION.get(character) or normalize("NFKC", character)
    return equivalent if equivalent.isascii() else character

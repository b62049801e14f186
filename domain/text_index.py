"""Many short texts, searched for a part of one: all of them are one string."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

SEPARATOR: Final = "\0"


class TextIndex:
    """Texts by number, in lower case.

    >>> index = TextIndex(["GAS-12", "door-1", "gas-3"])
    >>> index.containing("gas"), index.containing("S-1"), index.containing("")
    ([0, 2], [0], [0, 1, 2])
    """

    def __init__(self, texts: Iterable[str]) -> None:
        lower = [text.lower() for text in texts]
        self._joined = SEPARATOR.join(lower)
        self._begins = array("L", accumulate((len(text) + 1 for text in lower), initial=0))

    def containing(self, part: str) -> list[int]:
        """The numbers of the texts that have this part, ascending. A part with a separator is in none."""
        found = list[int]()
        if SEPARATOR in part:
            return found
        joined, begins, part = self._joined, self._begins, part.lower()
        end = begins[-1] - 1
        position = joined.find(part)
        while -1 < position <= end and len(found) < len(begins) - 1:
            number = bisect_right(begins, position) - 1
            found.append(number)
            position = joined.find(part, begins[number + 1])
        return found

"""Names of places joined to an address, outermost first: 枫林苑 + 3栋 + 402 is 枫林苑3栋402."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

NO_NAME: Final = "无"
"""How registers write that a level has no name of its own here (a building without units)."""
_NUMBERED: Final = re.compile(
    r"[0-9]|[A-Za-z](?![A-Za-z])|[一二三四五六七八九十百零〇]+[栋幢座号楼单门层组排弄室户区期巷队]"
)


def joined(names: Sequence[str]) -> str:
    """The address. What a name repeats of those before it is said once; figures never run into figures.

    >>> joined(["枫林苑", "枫林苑3栋", "402"]), joined(["枫林苑", "3", "2", "402"]), joined(["Maple Court", "Block 3"])
    ('枫林苑3栋402', '枫林苑3-2-402', 'Maple Court Block 3')
    """
    kept: list[str] = []
    for name in names:
        start = next((start for start in range(len(kept)) if _repeats(_together(kept[start:]), name)), len(kept))
        kept[start:] = [name]
    return _together(kept)


def _together(names: Sequence[str]) -> str:
    text = ""
    for name in names:
        text += _between(text[-1:], name[:1]) + name
    return text


def _between(before: str, after: str) -> str:
    if before.isdecimal() and after.isdecimal():
        return "-"
    plain = before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
    return " " if plain else ""


def _repeats(before: str, name: str) -> bool:
    """True when a name spells once more what stands before it: 枫林苑3栋 after 枫林苑; never 2号房 after 2号."""
    if not name.startswith(before):
        return False
    rest = name[len(before) :]
    if _NUMBERED.match(before) is None:
        return True
    return rest.startswith("-") or (rest[:1].isdecimal() and not before[-1].isascii())

"""Names of places joined to an address, outermost first: 枫林苑 + 3栋 + 402 is 枫林苑3栋402."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Final

NO_NAME: Final = "无"
"""How registers write that a level has no name of its own (a building without units)."""
_NUMBERED: Final = re.compile(
    r"[0-9]|[A-Za-z](?![A-Za-z])|[一二三四五六七八九十百零〇]+[栋幢座号楼单门层组排弄室户区期巷队]"
)

_SIGNS: Final = f"{string.ascii_letters}{string.digits}一二三四五六七八九十百零〇-"
_LIST: Final = "、"
_AND_OTHERS: Final = "等"
_FIGURES: Final = re.compile(f"[{_SIGNS}]")


def joined(names: Sequence[str]) -> str:
    """The address. What a name repeats of the names before it is written once; digits never run into digits.

    >>> joined(["枫林苑", "枫林苑3栋", "402"]), joined(["枫林苑", "3", "2", "402"]), joined(["Maple Court", "Block 3"])
    ('枫林苑3栋402', '枫林苑3-2-402', 'Maple Court Block 3')
    """
    parts: list[str] = []
    for name in names:
        start = next((start for start in range(len(parts)) if _repeats(_concatenated(parts[start:]), name)), len(parts))
        parts[start:] = [name]
    return _concatenated(parts)


def shortened(address: str, max_length: int) -> str:
    """The last `max_length` characters or fewer: building and room stay. Never cut inside a number: 13号楼 must not
    become 3号楼.

    Of a list the last addresses are left out first.

    >>> shortened("枫林苑13号楼2单元402", 10), shortened("枫林苑13号楼2单元402", 9), shortened("枫林苑3栋", 9)
    ('13号楼2单元402', '2单元402', '枫林苑3栋')
    >>> shortened("枫林苑3栋101、102、103等", 14), shortened("枫林苑3栋101、102", 9)
    ('枫林苑3栋101、102等', '枫林苑3栋101等')
    """
    while len(address) > max_length and _LIST in address:
        address = f"{address.rpartition(_LIST)[0]}{_AND_OTHERS}"
    start = len(address) - max_length
    if start <= 0:
        return address
    if _FIGURES.match(address, start - 1):
        # Cut before the next part that begins with a number; without one, after the number that would be split.
        rest = address[start:].lstrip(_SIGNS)
        following = _FIGURES.search(rest)
        return (rest[following.start() :] if following is not None else rest) or address[start:]
    return address[start:]


def _concatenated(names: Sequence[str]) -> str:
    text = ""
    for name in names:
        text += _separator(text[-1:], name[:1]) + name
    return text


def _separator(before: str, after: str) -> str:
    if before.isdecimal() and after.isdecimal():
        return "-"
    plain = before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
    return " " if plain else ""


def _repeats(before: str, name: str) -> bool:
    """True when a name begins with what is before it: 枫林苑3栋 after 枫林苑; never 2号房 after 2号."""
    if not name.startswith(before):
        return False
    rest = name[len(before) :]
    if _NUMBERED.match(before) is None:
        return True
    return rest.startswith("-") or (rest[:1].isdecimal() and not before[-1].isascii())

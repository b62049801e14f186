"""Several addresses in one line of a text, and whether such a line names an address. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from typing import Final

_MAX_LIST: Final = 30
"""Characters of a list of addresses that fit into one text segment."""


def is_named(line: str, address: str) -> bool:
    """Whether one line of addresses, which states their common beginning once, names this one.

    >>> [is_named("枫林苑3栋2单元402、403", address) for address in ("枫林苑3栋2单元403", "枫林苑3栋2单元40")]
    [True, False]
    """
    first, *others = line.removesuffix("等").split("、")
    return address == first or _lies_in(first, address) or any(_is_joined(first, end, address) for end in others if end)


def _is_joined(first: str, end: str, address: str) -> bool:
    """Whether `end`, written behind `first`, means this address: 203 behind 102 is no 1203."""
    common = address.removesuffix(end)
    return address.endswith(end) and first.startswith(common) and not _ends_in_number(common)


def join_addresses(addresses: Collection[str]) -> str:
    """Addresses in one line, with their common prefix written once.

    >>> join_addresses(["枫林苑3栋2单元104", "枫林苑3栋2单元105", "枫林苑3栋2单元105"])
    '枫林苑3栋2单元104、105'

    A place in which another one of them lies is named by that:

    >>> join_addresses(["枫林苑3栋2单元202", "枫林苑3栋2单元", "枫林苑3栋2单元101"])
    '枫林苑3栋2单元202、101'
    """
    given = [address for address in dict.fromkeys(addresses) if address]
    in_order = sorted(given)
    unique = [one for one in given if not _has_part(one, in_order)]
    common = _common_prefix_length(unique) if len(unique) > 1 else 0
    line = unique[0] if unique else ""
    for address in unique[1:]:
        if len(line) + len(address) - common >= _MAX_LIST:
            return f"{line}等"
        line = f"{line}、{address[common:]}"
    return line


def _lies_in(inner: str, outer: str) -> bool:
    """Whether an address is a part of the other: a flat of a unit."""
    return inner != outer and inner.startswith(outer) and not _ends_in_number(outer)


def _has_part(address: str, in_order: Sequence[str]) -> bool:
    """Whether another one lies in this address. In order, what begins with an address follows it: a storm has hundreds
    of doors, and each text about it looks at all of them."""
    following = bisect_right(in_order, address)
    return following < len(in_order) and _lies_in(in_order[following], address)


def _common_prefix_length(addresses: Sequence[str]) -> int:
    """Length of the common prefix, not splitting a number."""
    first, last = min(addresses), max(addresses)
    differs = (n for n, (sign, other) in enumerate(zip(first, last, strict=False)) if sign != other)
    length = next(differs, max(len(min(addresses, key=len)) - 1, 0))
    while _ends_in_number(first[:length]):
        length -= 1
    return length


def _ends_in_number(text: str) -> bool:
    """Whether the last character is a digit or Latin letter: such a word is not split."""
    return text[-1:].isalnum() and text[-1:].isascii()

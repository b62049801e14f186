"""Names that people write and that are not known: what to say of one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from string import ascii_letters, digits

NAMES_LISTED_MAX = 24
"""So many known names are listed; of more only the nearest is told."""
SIMILARITY_MIN = 0.6
FUZZY_NAMES_MAX = 2_000
LETTERS = ascii_letters + digits + "-_."


def unknown_name(name: str, known: Iterable[str]) -> str:
    """What is wrong with a name of a fixed list.

    >>> unknown_name("smss", ["sms", "wecom"])
    "'smss' is unknown: write one of sms, wecom; did you mean sms?"
    """
    names = sorted(known)
    listed = f"write one of {', '.join(names)}" if len(names) <= NAMES_LISTED_MAX else "write one that is known"
    return f"{name!r} is unknown: {listed}{did_you_mean(name, names)}"


def missing_reference(name: str, known: Iterable[str]) -> str:
    """What is wrong with a reference to a record that the site does not have."""
    return f"{name!r} does not exist: add it, or correct the name{did_you_mean(name, known)}"


def did_you_mean(name: str, known: Iterable[str], cutoff: float = SIMILARITY_MIN) -> str:
    """The nearest known name as a question; nothing when none is near."""
    near = nearest(name, known, cutoff)
    return f"; did you mean {near}?" if near else ""


def nearest(name: str, known: Iterable[str], cutoff: float = SIMILARITY_MIN) -> str | None:
    """The known name that this one is most like. Of very many only what is one slip of the finger away is found."""
    names = known if isinstance(known, Collection) else list(known)
    slip = next((one for one in _single_edits(name) if one in names), None)
    if slip is not None or len(names) > FUZZY_NAMES_MAX:
        return slip
    return next(iter(get_close_matches(name, names, 1, cutoff)), None)


def _single_edits(name: str) -> Iterator[str]:
    """What may have been meant: one letter too many, two exchanged, one wrong, one left out."""
    parts = [(name[:index], name[index:]) for index in range(len(name) + 1)]
    yield from (left + right[1:] for left, right in parts if right)
    yield from (left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1)
    yield from (left + letter + right[1:] for left, right in parts if right for letter in LETTERS)
    yield from (left + letter + right for left, right in parts for letter in LETTERS)

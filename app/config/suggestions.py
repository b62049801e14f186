"""Messages for unknown names in configuration files, with the most similar known name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from string import ascii_letters, digits

NAMES_LISTED_MAX = 24
"""A longer list of known names is not printed; only the most similar one is."""
SIMILARITY_MIN = 0.6
FUZZY_NAMES_MAX = 2_000
"""Among more names only single edits are searched: difflib would take seconds."""
_LETTERS = ascii_letters + digits + "-_."


def unknown_name(name: str, known: Iterable[str]) -> str:
    """Message for a name that is not in a fixed list.

    >>> unknown_name("smss", ["sms", "wecom"])
    "'smss' is unknown: write one of sms, wecom; did you mean sms?"
    """
    names = sorted(known)
    listed = f"write one of {', '.join(names)}" if len(names) <= NAMES_LISTED_MAX else "write one that is known"
    return f"{name!r} is unknown: {listed}{did_you_mean(name, names)}"


def missing_reference(name: str, known: Iterable[str]) -> str:
    """Message for a reference to a record that does not exist."""
    return f"{name!r} does not exist: add it, or correct the name{did_you_mean(name, known)}"


def did_you_mean(name: str, known: Iterable[str], cutoff: float = SIMILARITY_MIN) -> str:
    """`; did you mean X?` for the most similar known name; empty when none is similar enough."""
    match = nearest(name, known, cutoff)
    return f"; did you mean {match}?" if match else ""


def nearest(name: str, known: Iterable[str], cutoff: float = SIMILARITY_MIN) -> str | None:
    """The most similar known name: one single edit away, else by difflib's ratio (at least `cutoff`)."""
    names = known if isinstance(known, Collection) else list(known)
    edited = next((candidate for candidate in _single_edits(name) if candidate in names), None)
    if edited is not None or len(names) > FUZZY_NAMES_MAX:
        return edited
    return next(iter(get_close_matches(name, names, 1, cutoff)), None)


def _single_edits(name: str) -> Iterator[str]:
    """Every name one edit away: a letter removed, two exchanged, one replaced, one inserted."""
    parts = [(name[:index], name[index:]) for index in range(len(name) + 1)]
    yield from (left + right[1:] for left, right in parts if right)
    yield from (left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1)
    yield from (left + letter + right[1:] for left, right in parts if right for letter in _LETTERS)
    yield from (left + letter + right for left, right in parts for letter in _LETTERS)

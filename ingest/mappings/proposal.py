"""Proposes a line of a mapping book by which an unread verdict would be understood, for the installer of the device.

The reader of the proposed line knows the maker's document; the line shows only how to write down what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from ingest.mappings.conversion import as_word
from ingest.mappings.plan import FieldSpec
from ingest.mappings.value_shapes import words_in

ShownValue = str | int | float | bool | list[str]

TEXT_MAX: Final = 80
WORDS_MAX: Final = 8
_UNQUOTED: Final = re.compile(r"[^\W\d][\w-]*(?:[ ./][\w-]+)*")
_RESERVED: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_EXACT_INT: Final = 2**53


class UnreadVerdict(Struct, frozen=True):
    """A field of a safety device that may be its verdict and is not understood.

    `line` belongs under `kinds: <kind>:` of a mapping book, or stands alone where it begins with `words:`.
    """

    field: str
    value: ShownValue
    line: str


def propose_field(name: str, value: object, dangers: Sequence[str]) -> UnreadVerdict:
    """A line for an unmapped field.

    >>> propose_field("alarm_code", 7, ["alarm"]).line
    "alarm_code: {to: alarm, words: {'7': true}}"
    >>> propose_field("泄漏 状态:1", True, ["leak", "opened"]).line
    '"泄漏 状态:1": {to: leak}  # or opened'
    """
    others = f"  # or {', '.join(dangers[1:])}" if len(dangers) > 1 else ""
    words = [] if type(value) is bool else list(map(as_word, words_in(value) or (value,)))
    pairs = f", words: {{{_pairs(dict.fromkeys(words[:WORDS_MAX], True))}}}" if words else ""
    field = name[:TEXT_MAX]
    return UnreadVerdict(field, shortened(value), f"{_yaml(field)}: {{to: {dangers[0]}{pairs}}}{others}")


def propose_word(name: str, value: object, kind: str, spec: FieldSpec) -> UnreadVerdict:
    """A line for a value of a verdict's field: a word joins the vocabulary, a number the words of the field."""
    field = name[:TEXT_MAX]
    if isinstance(value, str) and not value.strip().lstrip("-").isdecimal():
        line = f"words: {{{kind}: {{danger: [{_yaml(value.strip()[:TEXT_MAX])}]}}}}"
        return UnreadVerdict(field, shortened(value), f"{line}  # or clear, fault, test, warm_up, note")
    codes = {**_known_codes(spec), as_word(value)[:TEXT_MAX]: True}
    comment = "  # and what else this field says" if spec.others else ""
    line = f"{_yaml(field)}: {{to: {spec.quantity}, words: {{{_pairs(codes)}}}}}{comment}"
    return UnreadVerdict(field, shortened(value), line)


def _known_codes(spec: FieldSpec) -> Mapping[str, bool]:
    """The numbers that the mapping lists for the field: a line in a site's file replaces the whole rule."""
    rule = spec.rule
    words = {"1": True, "0": False} if rule is None or rule.words is None else rule.words
    is_inverted = rule is not None and rule.invert
    return {word: value is not is_inverted for word, value in words.items() if type(value) is bool and word.isdecimal()}


def _pairs(words: Mapping[str, bool]) -> str:
    return ", ".join(f"{_yaml(word)}: {str(value).lower()}" for word, value in words.items())


def _yaml(text: str) -> str:
    """A text as YAML reads it back: unquoted where that is safe, or quoted."""
    if _UNQUOTED.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    if text.isdecimal():
        return f"'{text}'"
    return msgspec.json.encode(text).decode()


def shortened(value: object) -> ShownValue:
    """A value as it is shown and stored: at most WORDS_MAX words of TEXT_MAX characters.

    >>> shortened("x" * 99) == "x" * 80, shortened({"a": 1}), shortened(["a", "b"]), shortened(2**70)
    (True, "{'a': 1}", ['a', 'b'], '1180591620717411303424')
    """
    if type(value) is bool or (type(value) is int and abs(value) < _EXACT_INT) or type(value) is float:
        return value
    words = words_in(value)
    if words is None or isinstance(value, str):
        return str(value)[:TEXT_MAX]
    return [word[:TEXT_MAX] for word in words[:WORDS_MAX]]

"""The line by which a site's mapping can make an unread verdict understood: data for whoever installs the device.

The reader of a proposed line knows the maker's document; the line only says how to write down what stands there.
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
    """A field of a safety device that may be its verdict and that nobody understood.

    `line` belongs under `kinds: <kind>:` of a mapping book, or stands alone where it begins with `words:`.
    """

    field: str
    value: ShownValue
    line: str


def propose_field(name: str, said: object, dangers: Sequence[str]) -> UnreadVerdict:
    """For a field that no mapping names.

    >>> propose_field("alarm_code", 7, ["alarm"]).line
    "alarm_code: {to: alarm, words: {'7': true}}"
    >>> propose_field("泄漏 状态:1", True, ["leak", "opened"]).line
    '"泄漏 状态:1": {to: leak}  # or opened'
    """
    others = f"  # or {', '.join(dangers[1:])}" if len(dangers) > 1 else ""
    words = [] if type(said) is bool else list(map(as_word, words_in(said) or (said,)))
    listed = f", words: {{{_pairs(dict.fromkeys(words[:WORDS_MAX], True))}}}" if words else ""
    return UnreadVerdict(
        name[:TEXT_MAX], shortened(said), f"{_yaml(name[:TEXT_MAX])}: {{to: {dangers[0]}{listed}}}{others}"
    )


def propose_word(name: str, said: object, kind: str, spec: FieldSpec) -> UnreadVerdict:
    """For a value of a field that is a verdict: a word joins the vocabulary, a number the words of the field."""
    if isinstance(said, str) and not said.strip().lstrip("-").isdecimal():
        line = f"words: {{{kind}: {{danger: [{_yaml(said.strip()[:TEXT_MAX])}]}}}}"
        return UnreadVerdict(name[:TEXT_MAX], shortened(said), f"{line}  # or clear, fault, test, warm_up, note")
    codes = {**_known_codes(spec), as_word(said)[:TEXT_MAX]: True}
    also = "  # and what else this field says" if spec.others else ""
    line = f"{_yaml(name[:TEXT_MAX])}: {{to: {spec.quantity}, words: {{{_pairs(codes)}}}}}{also}"
    return UnreadVerdict(name[:TEXT_MAX], shortened(said), line)


def _known_codes(spec: FieldSpec) -> Mapping[str, bool]:
    """The numbers that the field is known to say: a line in a site's file takes the place of the whole rule."""
    rule = spec.rule
    known = {"1": True, "0": False} if rule is None or rule.words is None else rule.words
    inverted = rule is not None and rule.invert
    return {word: meant is not inverted for word, meant in known.items() if type(meant) is bool and word.isdecimal()}


def _pairs(words: Mapping[str, bool]) -> str:
    return ", ".join(f"{_yaml(word)}: {str(meant).lower()}" for word, meant in words.items())


def _yaml(text: str) -> str:
    """A text as YAML reads it back: as it stands, or quoted."""
    if _UNQUOTED.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    if text.isdecimal():
        return f"'{text}'"
    return msgspec.json.encode(text).decode()


def shortened(said: object) -> ShownValue:
    """A value as it is shown and remembered: no more than a few words.

    >>> shortened("x" * 99) == "x" * 80, shortened({"a": 1}), shortened(["a", "b"]), shortened(2**70)
    (True, "{'a': 1}", ['a', 'b'], '1180591620717411303424')
    """
    if type(said) is bool or (type(said) is int and abs(said) < _EXACT_INT) or type(said) is float:
        return said
    words = words_in(said)
    if words is None or isinstance(said, str):
        return str(said)[:TEXT_MAX]
    return [word[:TEXT_MAX] for word in words[:WORDS_MAX]]

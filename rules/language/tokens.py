"""Splits the text of a condition into tokens: numbers, durations, times of day, texts, names and signs."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from rules.language.foreign_terms import replacement_for_sign


class ExpressionError(ValueError):
    """A condition that cannot be read; `column` counts from 1 inside the written text."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"column {column}: {message}")
        self.column, self.message = column, message


_TOKEN: Final = re.compile(
    r"(?P<clock>\d{1,2}:\d{2}(?![\d:]))|(?P<duration>(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+(?![A-Za-z0-9_]))"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>>=|<=|==|!=|[<>+\-*/().,])",
    re.ASCII,
)


class Token(Struct, frozen=True):
    type: str
    text: str
    column: int


def tokenize(written: str) -> list[Token]:
    found, position = [], 0
    while position < len(written):
        if written[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(written, position)
        if match is None:
            raise ExpressionError(
                position + 1, f"{written[position]!r} means nothing here{replacement_for_sign(written[position])}"
            )
        found.append(Token(str(match.lastgroup), match.group(), position + 1))
        position = match.end()
    return [*found, Token("end", "the end", len(written) + 1)]

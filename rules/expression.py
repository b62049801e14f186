"""Reads a condition as a person writes it, `lel_pct >= 25 and not test`, into a tree. It knows no kinds and judges
nothing (rules/meaning.py does); it never calls eval.

Numbers, durations (`12h`, as milliseconds), `true`, `false`, 'text', quantity names, attributes (`device.x`,
`person.x`, `place.x`), `+ - * /`, comparisons, `and or not`, parentheses, and the functions of tree.FUNCTIONS.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain import HOUR
from domain.duration import parse_duration
from rules.tree import (
    COMPARISONS,
    FUNCTIONS,
    LEARNED,
    OWNERS,
    Attribute,
    Binary,
    Distance,
    Literal,
    Node,
    Quantity,
    Unary,
    Window,
)

LONGEST: Final = 500
"""Characters of one condition: what is longer nobody can check by reading."""


class ExpressionError(ValueError):
    """A condition that cannot be read; `column` counts from 1 inside the written text."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"column {column}: {message}")
        self.column, self.message = column, message


_TOKEN: Final = re.compile(
    r"(?P<duration>\d+(?:\.\d+)?(?:ms|s|m|h|d)(?![a-z0-9_]))|(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>>=|<=|==|!=|[<>+\-*/().,])"
)


class _Token(Struct, frozen=True):
    type: str
    text: str
    column: int


def _tokens(written: str) -> list[_Token]:
    found, position = [], 0
    while position < len(written):
        if written[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(written, position)
        if match is None:
            raise ExpressionError(position + 1, f"{written[position]!r} means nothing here{_hint(written[position])}")
        found.append(_Token(str(match.lastgroup), match.group(), position + 1))
        position = match.end()
    return [*found, _Token("end", "the end", len(written) + 1)]


def _hint(character: str) -> str:
    hints = {"=": ": write == to compare", "&": ": write and", "|": ": write or", "!": ": write not or !="}
    return hints.get(character, "")


class _Parser:
    """Recursive descent, one method a level of precedence."""

    def __init__(self, written: str) -> None:
        self.tokens = _tokens(written)
        self.position = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> _Token | None:
        token = self.next
        if token.type in ("name", "sign") and token.text in texts:
            self.position += 1
            return token
        return None

    def demand(self, text: str) -> None:
        if self.take(text) is None:
            raise ExpressionError(self.next.column, f"expected {text!r}, found {self.next.text!r}")

    def whole(self) -> Node:
        node = self.either()
        if self.next.type != "end":
            raise ExpressionError(self.next.column, f"{self.next.text!r} follows a complete condition: write and, or")
        return node

    def either(self) -> Node:
        node = self.both()
        while self.take("or"):
            node = Binary("or", node, self.both())
        return node

    def both(self) -> Node:
        node = self.negation()
        while self.take("and"):
            node = Binary("and", node, self.negation())
        return node

    def negation(self) -> Node:
        return Unary("not", self.negation()) if self.take("not") else self.comparison()

    def comparison(self) -> Node:
        left = self.sum()
        token = self.take(*COMPARISONS)
        if token is None:
            return left
        node = Binary(token.text, left, self.sum())
        if self.next.text in COMPARISONS:
            raise ExpressionError(self.next.column, "compare two things at a time: write a < b and b < c")
        return node

    def sum(self) -> Node:
        node = self.product()
        while token := self.take("+", "-"):
            node = Binary(token.text, node, self.product())
        return node

    def product(self) -> Node:
        node = self.signed()
        while token := self.take("*", "/"):
            node = Binary(token.text, node, self.signed())
        return node

    def signed(self) -> Node:
        return Unary("-", self.signed()) if self.take("-") else self.atom()

    def atom(self) -> Node:
        if self.take("("):
            node = self.either()
            self.demand(")")
            return node
        token = self.next
        if token.type in ("end", "sign") or token.text in ("and", "or", "not"):
            raise ExpressionError(token.column, f"expected a quantity or a number, found {token.text!r}")
        self.position += 1
        return self.named(token) if token.type == "name" else _literal(token)

    def named(self, token: _Token) -> Node:
        if token.text in ("true", "false"):
            return Literal(token.text == "true")
        if self.take("("):
            return self.call(token)
        return self.attribute(token) if self.take(".") else Quantity(token.text)

    def attribute(self, owner: _Token) -> Node:
        if owner.text not in OWNERS:
            raise ExpressionError(owner.column, f"{owner.text!r} has no attributes: write {', '.join(OWNERS)}")
        name = self.next
        if name.type != "name":
            raise ExpressionError(name.column, f"expected the name of an attribute after {owner.text!r}.")
        self.position += 1
        return Attribute(owner.text, name.text)

    def call(self, function: _Token) -> Node:
        if function.text not in FUNCTIONS:
            raise ExpressionError(function.column, f"no function {function.text!r}: there are {', '.join(FUNCTIONS)}")
        operand = self.sum()
        if function.text == "distance_m":
            return self.distance(function, operand)
        if function.text == "abs":
            self.demand(")")
            return Unary("abs", operand)
        if function.text in LEARNED:
            self.demand(")")
            return _window(function, operand, Literal(HOUR, duration=True), operand)
        self.demand(",")
        second = self.sum()
        third = self.sum() if function.text == "quantile" and self.take(",") else None
        self.demand(")")
        if function.text == "default":
            return Binary("default", operand, second)
        return _window(function, operand, second if third is None else third, second)

    def distance(self, function: _Token, first: Node) -> Distance:
        found = [first]
        while self.take(","):
            found.append(self.sum())
        self.demand(")")
        points = [part for part in found if isinstance(part, (Quantity, Attribute))]
        if len(found) != 4 or len(points) != 4:
            raise ExpressionError(function.column, f"{_POINTS}: {_EXAMPLE}")
        for lat, lon in (points[:2], points[2:]):
            if not lat.name.endswith("lat") or lon != _replaced(lat, "lon"):
                raise ExpressionError(
                    function.column, f"a point is ..lat and the same ..lon, in this order: {_EXAMPLE}"
                )
        return Distance((points[0], points[1]), (points[2], points[3]))


_POINTS: Final = "distance_m needs latitude and longitude of two points, measured or written down"
_EXAMPLE: Final = "distance_m(lat, lon, person.fence_lat, person.fence_lon)"


def _replaced(lat: Quantity | Attribute, ending: str) -> Quantity | Attribute:
    return replace(lat, name=lat.name.removesuffix("lat") + ending)


def _window(function: _Token, operand: Node, length: Node, part: Node) -> Window:
    name, column = function.text, function.column
    if not isinstance(operand, Quantity):
        raise ExpressionError(column, f"{name} looks at one quantity, as in (volume_m3, 12h)")
    if not (isinstance(length, Literal) and length.duration and length.value):
        example = f"{name}({operand.name}, {'0.9, ' if name == 'quantile' else ''}12h)"
        raise ExpressionError(column, f"{name} needs a time: {example}")
    if name != "quantile":
        return Window(name, operand.name, int(length.value))
    if not (isinstance(part, Literal) and isinstance(part.value, (int, float)) and 0 <= part.value <= 1):
        raise ExpressionError(column, f"quantile needs a part from 0 to 1: quantile({operand.name}, 0.9, 12h)")
    return Window(name, operand.name, int(length.value), float(part.value))


def _literal(token: _Token) -> Literal:
    if token.type == "duration":
        return Literal(parse_duration(token.text), duration=True)
    if token.type == "text":
        return Literal(token.text[1:-1])
    return Literal(float(token.text) if "." in token.text else int(token.text))


@lru_cache(maxsize=4096)
def parse(written: str) -> Node:
    """The tree of a written condition.

    >>> parse("lel_pct >= 25")
    Binary(sign='>=', left=Quantity(name='lel_pct'), right=Literal(value=25, duration=False))
    >>> parse("lel_pct => 25")
    Traceback (most recent call last):
    rules.expression.ExpressionError: column 9: '=' means nothing here: write == to compare
    """
    if len(written) > LONGEST:
        raise ExpressionError(LONGEST, f"a condition has at most {LONGEST} characters: make it two rules")
    return _Parser(written).whole()

"""Parser of conditions: `lel_pct >= 25 and not test` becomes a syntax tree (rules/language/nodes.py). No eval.

Numbers, durations (`12h`, as milliseconds), times of day (`22:30`, as minutes), `true`, `false`, 'text', names of
quantities, attributes (`device.x`, `person.x`, `place.x`), `+ - * /`, comparisons, `and or not`, parentheses, and the
functions of rules/language/functions.py. What is a habit of other languages is refused with what to write instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from domain import HOUR
from domain.duration import parse_duration
from rules.language.foreign_terms import WORDS, function_instead
from rules.language.functions import FUNCTIONS, Function
from rules.language.nodes import (
    COMPARISONS,
    OWNERS,
    Attribute,
    Binary,
    Distance,
    Literal,
    Node,
    Quantity,
    Unary,
    Window,
    attributes,
    quantities,
    windows,
)
from rules.language.tokens import ExpressionError, Token, tokenize

LONGEST: Final = 500
"""Characters of one condition: what is longer nobody can check by reading."""


class _Parser:
    """Recursive descent, one method a level of precedence."""

    def __init__(self, written: str) -> None:
        self.tokens = tokenize(written)
        self.position = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> Token | None:
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
            instead = WORDS.get(self.next.text, "and, or")
            raise ExpressionError(self.next.column, f"{self.next.text!r} follows a complete condition: write {instead}")
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

    def named(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return Literal(token.text == "true")
        if token.text in WORDS:
            raise ExpressionError(token.column, f"{token.text!r} means nothing here: write {WORDS[token.text]}")
        if self.take("("):
            return self.call(token)
        return self.attribute(token) if self.take(".") else Quantity(token.text)

    def attribute(self, owner: Token) -> Node:
        if owner.text not in OWNERS:
            near = get_close_matches(owner.text, OWNERS, n=1, cutoff=0.75)
            names = near[0] if near else ", ".join(OWNERS)
            raise ExpressionError(owner.column, f"{owner.text!r} has no attributes: write {names}")
        name = self.next
        if name.type != "name":
            raise ExpressionError(name.column, f"expected the name of an attribute after {owner.text!r}.")
        self.position += 1
        return Attribute(owner.text, self.hyphened(name) if owner.text == "finding" else name.text)

    def hyphened(self, first: Token) -> str:
        """The name of a rule, also as the rule bears it: `finding.gas-alarm`."""
        words, end = [first.text], first.column + len(first.text)
        while (sign := self.next).text == "-" and sign.column == end:
            word = self.tokens[self.position + 1]
            if word.type not in ("name", "number", "duration") or word.column != end + 1:
                break
            words.append(word.text)
            end = word.column + len(word.text)
            self.position += 2
        return "_".join(words)

    def call(self, name: Token) -> Node:
        function = FUNCTIONS.get(name.text)
        if function is None:
            raise ExpressionError(name.column, f"no function {name.text!r}: {function_instead(name.text)}")
        operand = self.either()
        if name.text == "distance_m":
            return self.distance(name, operand)
        if function.form == "window":
            return self.window(name, function, operand)
        second = None
        if name.text == "default":
            self.demand(",")
            second = self.sum()
        self.demand(")")
        if second is not None:
            return Binary("default", operand, second)
        return _learned(name, operand) if function.form == "learned" else Unary(name.text, operand)

    def window(self, name: Token, function: Function, operand: Node) -> Window:
        """What follows the operand: `, [0.9,] 12h [, offset 1d])`."""
        quantity, test = _looked_at(name, function, operand)
        self.demand(",")
        first = self.sum()
        given = [first]
        while self.next.text != "offset" and self.take(","):
            if self.next.text != "offset":
                given.append(self.sum())
        offset = self.offset(name, quantity)
        self.demand(")")
        example = f"{name.text}({quantity}, {f'{function.between}, ' if function.between else ''}12h)"
        length = given[-1]
        if not (isinstance(length, Literal) and length.duration and length.value):
            raise ExpressionError(name.column, f"{name.text} needs a time: {example}")
        if len(given) > 2 or (len(given) == 2 and not function.between):
            raise ExpressionError(name.column, f"{name.text} has too many arguments: {example}")
        window = Window(name.text, quantity, int(length.value), offset_ms=offset, test=test)
        return window if not function.between else _with_between(name, window, given[:-1], example)

    def offset(self, name: Token, quantity: str) -> int:
        """`offset 1d`, as in PromQL: how long ago the window ended."""
        if not self.take("offset"):
            return 0
        token = self.next
        if token.type != "duration":
            raise ExpressionError(token.column, f"offset needs a time: {name.text}({quantity}, 1d, offset 1d)")
        self.position += 1
        return parse_duration(token.text)

    def distance(self, function: Token, first: Node) -> Distance:
        found = [first]
        while self.take(","):
            found.append(self.sum())
        self.demand(")")
        points = [part for part in found if isinstance(part, (Quantity, Attribute))]
        if len(found) != 4 or len(points) != 4:
            raise ExpressionError(function.column, f"{_POINTS}: {_EXAMPLE}")
        for lat, lon in (points[:2], points[2:]):
            if not lat.name.endswith("lat") or lon != replace(lat, name=lat.name.removesuffix("lat") + "lon"):
                raise ExpressionError(
                    function.column, f"a point is ..lat and the same ..lon, in this order: {_EXAMPLE}"
                )
        return Distance((points[0], points[1]), (points[2], points[3]))


_POINTS: Final = "distance_m needs latitude and longitude of two points, measured or written down"
_EXAMPLE: Final = "distance_m(lat, lon, person.fence_lat, person.fence_lon)"


def _looked_at(name: Token, function: Function, operand: Node) -> tuple[str, Node | None]:
    """The quantity a window looks at, and what it asks of each sample where that is a condition."""
    if isinstance(operand, Quantity):
        return operand.name, None
    found = quantities(operand)
    alone = len(found) == 1 and not attributes(operand) and not windows(operand)
    asks = isinstance(operand, Unary) or (isinstance(operand, Binary) and operand.sign != "default")
    if function.conditions and alone and asks:
        return found[0], operand
    if function.conditions and len(found) == 1 and asks:
        message = f"{name.text} compares each sample with a number, as in (lel_pct > 10, 5m)"
    else:
        message = f"{name.text} looks at one quantity, as in (volume_m3, 12h)"
    raise ExpressionError(name.column, message)


def _learned(name: Token, operand: Node) -> Window:
    quantity, _ = _looked_at(name, FUNCTIONS[name.text], operand)
    return Window(name.text, quantity, HOUR)


def _with_between(name: Token, window: Window, given: Sequence[Node], example: str) -> Window:
    """What stands between quantity and time: which quantile, or how far ahead."""
    between = given[0] if given else None
    value = between.value if isinstance(between, Literal) else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(between, Literal) and is_number and window.function == "predict" and between.duration and value:
        return replace(window, ahead_ms=int(value))
    if is_number and window.function == "quantile" and 0 <= float(value or 0) <= 1:
        return replace(window, part=float(value or 0))
    needs = "a part from 0 to 1" if window.function == "quantile" else "how far ahead, and by how much of the past"
    raise ExpressionError(name.column, f"{name.text} needs {needs}: {example}")


def _literal(token: Token) -> Literal:
    if token.type == "clock":
        hour, minute = (int(part) for part in token.text.split(":"))
        if hour > 23 or minute > 59:
            raise ExpressionError(token.column, f"{token.text!r} is no time of day: write 00:00 to 23:59")
        return Literal(60 * hour + minute, clock=True)
    if token.type == "duration":
        return Literal(parse_duration(token.text), duration=True)
    if token.type == "text":
        return Literal(token.text[1:-1])
    return Literal(float(token.text) if "." in token.text else int(token.text))


@lru_cache(maxsize=4096)
def parse(written: str) -> Node:
    """The tree of a written condition.

    >>> parse("lel_pct >= 25")
    Binary(sign='>=', left=Quantity(name='lel_pct'), right=Literal(value=25, duration=False, clock=False))
    >>> parse("lel_pct => 25")
    Traceback (most recent call last):
    rules.expression.ExpressionError: column 9: '=' means nothing here: write == to compare
    """
    if len(written) > LONGEST:
        raise ExpressionError(LONGEST, f"a condition has at most {LONGEST} characters: make it two rules")
    return _Parser(written).whole()

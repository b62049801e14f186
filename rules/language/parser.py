"""Parser of conditions: `lel_pct >= 25 and not test` becomes a syntax tree (rules/language/nodes.py). Nothing is
evaluated.

Numbers, durations (`12h`, as milliseconds), times of day (`22:30`, as minutes), `true`, `false`, 'text', names of
quantities, attributes (`device.x`, `person.x`, `place.x`), `+ - * /`, comparisons, `and or not`, parentheses, and
the functions of rules/language/functions.py. Terms of other languages are refused with what to write instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from domain import HOUR
from domain.duration import parse_duration
from rules.language.foreign_terms import WORDS, replacement_for_function
from rules.language.functions import FUNCTIONS, Function
from rules.language.nodes import (
    COMPARISONS,
    OWNERS,
    AttributeRef,
    Binary,
    Constant,
    DistanceCall,
    Node,
    QuantityRef,
    Unary,
    WindowCall,
    attributes,
    quantities,
    windows,
)
from rules.language.tokens import ExpressionError, Token, tokenize

MAX_CONDITION_LENGTH: Final = 500
"""Characters of one condition; longer ones cannot be reviewed."""


class _Parser:
    """Recursive descent, one method a level of precedence."""

    def __init__(self, written: str) -> None:
        self.tokens = tokenize(written)
        self.position = 0

    @property
    def peek(self) -> Token:
        return self.tokens[self.position]

    def accept(self, *texts: str) -> Token | None:
        token = self.peek
        if token.type in ("name", "sign") and token.text in texts:
            self.position += 1
            return token
        return None

    def expect(self, text: str) -> None:
        if self.accept(text) is None:
            raise ExpressionError(self.peek.column, f"expected {text!r}, found {self.peek.text!r}")

    def parse_all(self) -> Node:
        node = self.or_expression()
        if self.peek.type != "end":
            instead = WORDS.get(self.peek.text, "and, or")
            raise ExpressionError(self.peek.column, f"{self.peek.text!r} follows a complete condition: write {instead}")
        return node

    def or_expression(self) -> Node:
        node = self.and_expression()
        while self.accept("or"):
            node = Binary("or", node, self.and_expression())
        return node

    def and_expression(self) -> Node:
        node = self.negation()
        while self.accept("and"):
            node = Binary("and", node, self.negation())
        return node

    def negation(self) -> Node:
        return Unary("not", self.negation()) if self.accept("not") else self.comparison()

    def comparison(self) -> Node:
        left = self.sum()
        token = self.accept(*COMPARISONS)
        if token is None:
            return left
        node = Binary(token.text, left, self.sum())
        if self.peek.text in COMPARISONS:
            raise ExpressionError(self.peek.column, "compare two things at a time: write a < b and b < c")
        return node

    def sum(self) -> Node:
        node = self.product()
        while token := self.accept("+", "-"):
            node = Binary(token.text, node, self.product())
        return node

    def product(self) -> Node:
        node = self.signed()
        while token := self.accept("*", "/"):
            node = Binary(token.text, node, self.signed())
        return node

    def signed(self) -> Node:
        return Unary("-", self.signed()) if self.accept("-") else self.atom()

    def atom(self) -> Node:
        if self.accept("("):
            node = self.or_expression()
            self.expect(")")
            return node
        token = self.peek
        if token.type in ("end", "sign") or token.text in ("and", "or", "not"):
            raise ExpressionError(token.column, f"expected a quantity or a number, found {token.text!r}")
        self.position += 1
        return self.named(token) if token.type == "name" else _literal(token)

    def named(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return Constant(token.text == "true")
        if token.text in WORDS:
            raise ExpressionError(token.column, f"{token.text!r} means nothing here: write {WORDS[token.text]}")
        if self.accept("("):
            return self.call(token)
        return self.attribute(token) if self.accept(".") else QuantityRef(token.text)

    def attribute(self, owner: Token) -> Node:
        if owner.text not in OWNERS:
            near = get_close_matches(owner.text, OWNERS, n=1, cutoff=0.75)
            names = near[0] if near else ", ".join(OWNERS)
            raise ExpressionError(owner.column, f"{owner.text!r} has no attributes: write {names}")
        name = self.peek
        if name.type != "name":
            raise ExpressionError(name.column, f"expected the name of an attribute after {owner.text!r}.")
        self.position += 1
        return AttributeRef(owner.text, self.hyphened(name) if owner.text == "finding" else name.text)

    def hyphened(self, first: Token) -> str:
        """The name of a rule, also as the rule bears it: `finding.gas-alarm`."""
        words, end = [first.text], first.column + len(first.text)
        while (sign := self.peek).text == "-" and sign.column == end:
            event = self.tokens[self.position + 1]
            if event.type not in ("name", "number", "duration") or event.column != end + 1:
                break
            words.append(event.text)
            end = event.column + len(event.text)
            self.position += 2
        return "_".join(words)

    def call(self, name: Token) -> Node:
        function = FUNCTIONS.get(name.text)
        if function is None:
            raise ExpressionError(name.column, f"no function {name.text!r}: {replacement_for_function(name.text)}")
        operand = self.or_expression()
        if name.text == "distance_m":
            return self.distance(name, operand)
        if function.category == "window":
            return self.window(name, function, operand)
        second = None
        if name.text == "default":
            self.expect(",")
            second = self.sum()
        self.expect(")")
        if second is not None:
            return Binary("default", operand, second)
        return _baseline_call(name, operand) if function.category == "learned" else Unary(name.text, operand)

    def window(self, name: Token, function: Function, operand: Node) -> WindowCall:
        """What follows the operand: `, [0.9,] 12h [, offset 1d])`."""
        quantity, test = _window_operand(name, function, operand)
        self.expect(",")
        first = self.sum()
        given = [first]
        while self.peek.text != "offset" and self.accept(","):
            if self.peek.text != "offset":
                given.append(self.sum())
        offset = self.offset(name, quantity)
        self.expect(")")
        example = f"{name.text}({quantity}, {f'{function.extra_argument}, ' if function.extra_argument else ''}12h)"
        length = given[-1]
        if not (isinstance(length, Constant) and length.duration and length.value):
            raise ExpressionError(name.column, f"{name.text} needs a time: {example}")
        if len(given) > 2 or (len(given) == 2 and not function.extra_argument):
            raise ExpressionError(name.column, f"{name.text} has too many arguments: {example}")
        window = WindowCall(name.text, quantity, int(length.value), offset_ms=offset, test=test)
        return window if not function.extra_argument else _with_extra_argument(name, window, given[:-1], example)

    def offset(self, name: Token, quantity: str) -> int:
        """`offset 1d`, as in PromQL: how long ago the window ended."""
        if not self.accept("offset"):
            return 0
        token = self.peek
        if token.type != "duration":
            raise ExpressionError(token.column, f"offset needs a time: {name.text}({quantity}, 1d, offset 1d)")
        self.position += 1
        return parse_duration(token.text)

    def distance(self, function: Token, first: Node) -> DistanceCall:
        found = [first]
        while self.accept(","):
            found.append(self.sum())
        self.expect(")")
        points = [part for part in found if isinstance(part, (QuantityRef, AttributeRef))]
        if len(found) != 4 or len(points) != 4:
            raise ExpressionError(function.column, f"{_POINTS}: {_EXAMPLE}")
        for lat, lon in (points[:2], points[2:]):
            if not lat.name.endswith("lat") or lon != replace(lat, name=lat.name.removesuffix("lat") + "lon"):
                raise ExpressionError(
                    function.column, f"a point is ..lat and the same ..lon, in this order: {_EXAMPLE}"
                )
        return DistanceCall((points[0], points[1]), (points[2], points[3]))


_POINTS: Final = "distance_m needs latitude and longitude of two points, measured or written down"
_EXAMPLE: Final = "distance_m(lat, lon, person.fence_lat, person.fence_lon)"


def _window_operand(name: Token, function: Function, operand: Node) -> tuple[str, Node | None]:
    """The quantity of a window call, and the condition on each sample if there is one."""
    if isinstance(operand, QuantityRef):
        return operand.name, None
    found = quantities(operand)
    alone = len(found) == 1 and not attributes(operand) and not windows(operand)
    asks = isinstance(operand, Unary) or (isinstance(operand, Binary) and operand.operator != "default")
    if function.accepts_condition and alone and asks:
        return found[0], operand
    if function.accepts_condition and len(found) == 1 and asks:
        message = f"{name.text} compares each sample with a number, as in (lel_pct > 10, 5m)"
    else:
        message = f"{name.text} looks at one quantity, as in (volume_m3, 12h)"
    raise ExpressionError(name.column, message)


def _baseline_call(name: Token, operand: Node) -> WindowCall:
    quantity, _ = _window_operand(name, FUNCTIONS[name.text], operand)
    return WindowCall(name.text, quantity, HOUR)


def _with_extra_argument(name: Token, window: WindowCall, given: Sequence[Node], example: str) -> WindowCall:
    """Sets the argument between quantity and time: which quantile, or how far ahead."""
    between = given[0] if given else None
    value = between.value if isinstance(between, Constant) else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(between, Constant) and is_number and window.function == "predict" and between.duration and value:
        return replace(window, ahead_ms=int(value))
    if is_number and window.function == "quantile" and 0 <= float(value or 0) <= 1:
        return replace(window, part=float(value or 0))
    needs = "a part from 0 to 1" if window.function == "quantile" else "how far ahead, and by how much of the past"
    raise ExpressionError(name.column, f"{name.text} needs {needs}: {example}")


def _literal(token: Token) -> Constant:
    if token.type == "clock":
        hour, minute = (int(part) for part in token.text.split(":"))
        if hour > 23 or minute > 59:
            raise ExpressionError(token.column, f"{token.text!r} is no time of day: write 00:00 to 23:59")
        return Constant(60 * hour + minute, clock=True)
    if token.type == "duration":
        return Constant(parse_duration(token.text), duration=True)
    if token.type == "text":
        return Constant(token.text[1:-1])
    return Constant(float(token.text) if "." in token.text else int(token.text))


@lru_cache(maxsize=4096)
def parse(written: str) -> Node:
    """The tree of a written condition.

    >>> parse("lel_pct >= 25")
    Binary(operator='>=', left=QuantityRef(name='lel_pct'), right=Constant(value=25, duration=False, clock=False))
    >>> parse("lel_pct => 25")
    Traceback (most recent call last):
    rules.language.tokens.ExpressionError: column 9: '=' means nothing here: write == to compare
    """
    if len(written) > MAX_CONDITION_LENGTH:
        raise ExpressionError(
            MAX_CONDITION_LENGTH, f"a condition has at most {MAX_CONDITION_LENGTH} characters: make it two rules"
        )
    return _Parser(written).parse_all()

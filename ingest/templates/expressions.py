"""Parses one expression of a template by recursive descent, in the precedence of Jinja's operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ingest.templates.budget import Budget
from ingest.templates.nodes import (
    CONSTANTS,
    FILTERS,
    FUNCTIONS,
    METHODS,
    TESTS,
    Call,
    Choice,
    Collection,
    Item,
    Literal,
    Name,
    Node,
    Operation,
    UnsupportedTemplate,
)

OPERATOR_TESTS: Final = frozenset({"in", "eq", "equalto", "ne", "lt", "gt", "le", "ge"})
"""Tests that may be written without brackets: `x is in [1, 2]`."""

DEPTH_MAX: Final = 40

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+\.\d+(?:[eE][+-]?\d+)?|\d+)|(?P<name>[^\W\d]\w*)"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<sign>==|!=|<=|>=|//|\*\*|[-+*/%~<>()\[\]{}|.,:=])|(?P<end>$)|(?P<unknown>.))",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})


class Expression:
    """The tokens of one expression, and the position of the next one."""

    def __init__(self, text: str, budget: Budget, depth: int) -> None:
        self._tokens = list(_tokens(text))
        self._position, self._budget, self._depth = 0, budget, depth

    def parse(self) -> Node:
        """The tree of the whole expression. Raises UnsupportedTemplate."""
        node = self._choice()
        if self._lexeme_type != "end":
            raise UnsupportedTemplate(self._lexeme)
        return node

    @property
    def _lexeme_type(self) -> str:
        return self._tokens[self._position][0]

    @property
    def _lexeme(self) -> str:
        return self._tokens[self._position][1]

    def _next(self) -> str:
        self._position += 1
        return self._tokens[self._position - 1][1]

    def _accept(self, *words: str) -> bool:
        """Whether one of these is next as a sign or a name; then it is consumed."""
        is_next = self._lexeme_type in ("sign", "name") and self._lexeme in words
        self._position += is_next
        return is_next

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise UnsupportedTemplate(f"{self._lexeme or 'the end'} where {sign} belongs")

    def _choice(self) -> Node:
        self._budget.spend()
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise UnsupportedTemplate(f"a template more than {DEPTH_MAX} deep")
        node = self._or()
        while self._accept("if"):
            condition = self._or()
            node = Choice(condition, node, self._choice() if self._accept("else") else None)
        self._depth -= 1
        return node

    def _or(self) -> Node:
        node = self._and()
        while self._accept("or"):
            node = self._operation("or", node, self._and())
        return node

    def _and(self) -> Node:
        node = self._not()
        while self._accept("and"):
            node = self._operation("and", node, self._not())
        return node

    def _not(self) -> Node:
        negations = 0
        while self._accept("not"):
            negations += 1
        node = self._comparison_chain()
        for _ in range(negations):
            node = self._operation("not", None, node)
        return node

    def _comparison_chain(self) -> Node:
        left = self._sum()
        chain: Node | None = None
        while sign := self._comparison():
            right = self._sum()
            comparison = self._operation(sign, left, right)
            chain = comparison if chain is None else self._operation("and", chain, comparison)
            left = right
        return left if chain is None else chain

    def _comparison(self) -> str:
        if self._lexeme_type == "sign" and self._lexeme in _COMPARISONS:
            return self._next()
        if self._accept("in"):
            return "in"
        if self._lexeme == "not" and self._tokens[self._position + 1][1] == "in":
            self._position += 2
            return "not in"
        return ""

    def _sum(self) -> Node:
        return self._chain(("+", "-"), lambda: self._chain(("~",), self._product))

    def _product(self) -> Node:
        return self._chain(("*", "/", "//", "%"), self._signed)

    def _chain(self, signs: Sequence[str], operand: Callable[[], Node]) -> Node:
        node: Node = operand()
        while self._lexeme_type == "sign" and self._lexeme in signs:
            sign = self._next()
            node = self._operation(sign, node, operand())
        return node

    def _signed(self) -> Node:
        signs: list[str] = []
        while self._lexeme_type == "sign" and self._lexeme in ("-", "+"):
            signs.append(self._next())
        node = self._postfix(self._primary())
        for sign in reversed(signs):
            node = self._operation(sign, None, node)
        return self._with_filters(node)

    def _operation(self, sign: str, left: Node | None, right: Node) -> Node:
        self._budget.spend()
        return Operation(sign, left, right)

    def _primary(self) -> Node:
        type_, word = self._lexeme_type, self._next()
        self._budget.spend()
        if type_ == "number":
            return Literal(float(word) if "." in word else int(word[:18]))
        if type_ == "text":
            return Literal(_ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), word[1:-1]))
        if type_ == "name":
            return self._name(word)
        return self._bracketed(word)

    def _name(self, word: str) -> Node:
        if word in CONSTANTS:
            return Literal(CONSTANTS[word])
        if word in FUNCTIONS and self._lexeme == "(":
            return Call("function", word, self._arguments())
        if word not in self._budget.names:
            raise UnsupportedTemplate(word)
        return Name(word)

    def _bracketed(self, sign: str) -> Node:
        if sign == "(":
            node = self._choice()
            self._expect(")")
            return node
        if sign == "[":
            return Collection(tuple(self._items("]")))
        if sign == "{":
            pairs = self._pairs()
            return Collection(tuple(value for _, value in pairs), tuple(key for key, _ in pairs))
        raise UnsupportedTemplate(sign or "the end of an expression where a value belongs")

    def _items(self, end: str) -> list[Node]:
        items: list[Node] = []
        while not self._accept(end):
            items.append(self._choice())
            if self._lexeme != end:
                self._expect(",")
        return items

    def _pairs(self) -> list[tuple[Node, Node]]:
        pairs: list[tuple[Node, Node]] = []
        while not self._accept("}"):
            key = self._choice()
            self._expect(":")
            pairs.append((key, self._choice()))
            if self._lexeme != "}":
                self._expect(",")
        return pairs

    def _arguments(self) -> tuple[Node, ...]:
        """Arguments in brackets; names of keyword arguments are ignored: they come in the order of the parameters."""
        self._expect("(")
        arguments: list[Node] = []
        while not self._accept(")"):
            if self._lexeme_type == "name" and self._tokens[self._position + 1][1] == "=":
                self._position += 2
            arguments.append(self._choice())
            if self._lexeme != ")":
                self._expect(",")
        return tuple(arguments)

    def _postfix(self, node: Node) -> Node:
        """A value with what follows directly: `.key`, `[key]`, `.method(…)`."""
        first = node
        while self._lexeme_type == "sign" and self._lexeme in (".", "["):
            self._budget.spend()
            if self._next() == "[":
                node = Item(node, self._choice())
                self._expect("]")
                continue
            name = self._attribute_name()
            if self._lexeme != "(":
                node = Item(node, Literal(int(name) if name.isdecimal() else name))
            elif name == "get" and self._budget.names:
                node = self._get_call(node)
            elif name in METHODS:
                self._budget.read(node)
                node = Call("method", name, (node, *self._arguments()))
                first = node
            else:
                raise UnsupportedTemplate(f".{name}()")
        if isinstance(node, Item) or node is first:
            self._budget.read(node)
        return node

    def _attribute_name(self) -> str:
        if self._lexeme_type not in ("name", "number"):
            raise UnsupportedTemplate(f"{self._lexeme or 'the end'} where a name belongs")
        return self._next()

    def _get_call(self, node: Node) -> Node:
        """`x.get(key)` is `x[key]`; `x.get(key, default)` has a default."""
        arguments = self._arguments()
        if not arguments:
            raise UnsupportedTemplate(".get() of nothing")
        item = Item(node, arguments[0])
        if len(arguments) == 1:
            return item
        self._budget.read(item)
        return Call("filter", "default", (item, arguments[1]))

    def _with_filters(self, node: Node) -> Node:
        while True:
            if self._accept("|"):
                name = self._next()
                if name not in FILTERS:
                    raise UnsupportedTemplate(f"the filter {name}")
                arguments = self._arguments() if self._lexeme == "(" else ()
                node = Call("filter", name, (node, *arguments))
            elif self._accept("is"):
                node = self._test(node)
            else:
                return node

    def _test(self, node: Node) -> Node:
        is_negated = self._accept("not")
        name = self._next()
        if name not in TESTS:
            raise UnsupportedTemplate(f"the test {name}")
        arguments: tuple[Node, ...] = ()
        if self._lexeme == "(":
            arguments = self._arguments()
        elif name in OPERATOR_TESTS:
            arguments = (self._postfix(self._primary()),)
        test = Call("test", name, (node, *arguments))
        return self._operation("not", None, test) if is_negated else test


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for token in _TOKEN.finditer(text):
        type_ = token.lastgroup or ""
        if type_ == "unknown":
            raise UnsupportedTemplate(token["unknown"])
        yield type_, token[type_]
    yield "end", ""

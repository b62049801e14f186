"""One expression of a template as a tree, by recursive descent in the order of Jinja's operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

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
    NotUnderstood,
    Operation,
)

COMPARING: Final = frozenset({"in", "eq", "equalto", "ne", "lt", "gt", "le", "ge"})
"""Tests that may be written without brackets: `x is in [1, 2]`."""

NODES_MAX: Final = 400
DEPTH_MAX: Final = 40

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+\.\d+(?:[eE][+-]?\d+)?|\d+)|(?P<name>[^\W\d]\w*)"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<sign>==|!=|<=|>=|//|\*\*|[-+*/%~<>()\[\]{}|.,:=])|(?P<end>$)|(?P<strange>.))",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_COMPARED: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})


class Budget:
    """What one template has used up, and what it reads of the message."""

    def __init__(self) -> None:
        self.left = NODES_MAX
        self.paths: list[tuple[object, ...]] = []
        self.computed = False
        self.names = {"value", "value_json"}

    def spend(self) -> None:
        """One more part. Raises NotUnderstood beyond NODES_MAX."""
        self.left -= 1
        if self.left < 0:
            raise NotUnderstood(f"a template of more than {NODES_MAX} parts")

    def read(self, node: Node) -> None:
        """Notes the place in the message that a chain of constant keys leads to."""
        keys: list[object] = []
        while isinstance(node, Item):
            if not isinstance(node.key, Literal):
                self.computed = True
                return
            keys.append(node.key.value)
            node = node.of
        if isinstance(node, Name) and node.name == "value_json":
            self.paths.append(tuple(reversed(keys)))
        elif isinstance(node, Name):
            self.computed = True


class Expression:
    """The tokens of one expression, and how far they are read."""

    def __init__(self, text: str, budget: Budget, depth: int) -> None:
        self._tokens = list(_tokens(text))
        self._at, self._budget, self._depth = 0, budget, depth

    def whole(self) -> Node:
        """The tree of all of it. Raises NotUnderstood."""
        node = self._choice()
        if self._sort != "end":
            raise NotUnderstood(self._word)
        return node

    @property
    def _sort(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _word(self) -> str:
        return self._tokens[self._at][1]

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _takes(self, *words: str) -> bool:
        """Whether one of these comes next as a sign or a name; then it is taken."""
        found = self._sort in ("sign", "name") and self._word in words
        self._at += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise NotUnderstood(f"{self._word or 'the end'} where {sign} belongs")

    def _choice(self) -> Node:
        self._budget.spend()
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise NotUnderstood(f"a template more than {DEPTH_MAX} deep")
        node = self._or()
        while self._takes("if"):
            condition = self._or()
            node = Choice(condition, node, self._choice() if self._takes("else") else None)
        self._depth -= 1
        return node

    def _or(self) -> Node:
        node = self._and()
        while self._takes("or"):
            node = self._made("or", node, self._and())
        return node

    def _and(self) -> Node:
        node = self._not()
        while self._takes("and"):
            node = self._made("and", node, self._not())
        return node

    def _not(self) -> Node:
        denied = 0
        while self._takes("not"):
            denied += 1
        node = self._compared()
        for _ in range(denied):
            node = self._made("not", None, node)
        return node

    def _compared(self) -> Node:
        left = self._sum()
        found: Node | None = None
        while sign := self._comparison():
            right = self._sum()
            one = self._made(sign, left, right)
            found = one if found is None else self._made("and", found, one)
            left = right
        return left if found is None else found

    def _comparison(self) -> str:
        if self._sort == "sign" and self._word in _COMPARED:
            return self._next()
        if self._takes("in"):
            return "in"
        if self._word == "not" and self._tokens[self._at + 1][1] == "in":
            self._at += 2
            return "not in"
        return ""

    def _sum(self) -> Node:
        return self._chain(("+", "-"), lambda: self._chain(("~",), self._product))

    def _product(self) -> Node:
        return self._chain(("*", "/", "//", "%"), self._signed)

    def _chain(self, signs: Sequence[str], part: Callable[[], Node]) -> Node:
        node: Node = part()
        while self._sort == "sign" and self._word in signs:
            sign = self._next()
            node = self._made(sign, node, part())
        return node

    def _signed(self) -> Node:
        signs: list[str] = []
        while self._sort == "sign" and self._word in ("-", "+"):
            signs.append(self._next())
        node = self._behind(self._primary())
        for sign in reversed(signs):
            node = self._made(sign, None, node)
        return self._filtered(node)

    def _made(self, sign: str, left: Node | None, right: Node) -> Node:
        self._budget.spend()
        return Operation(sign, left, right)

    def _primary(self) -> Node:
        sort, word = self._sort, self._next()
        self._budget.spend()
        if sort == "number":
            return Literal(float(word) if "." in word else int(word[:18]))
        if sort == "text":
            return Literal(_ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), word[1:-1]))
        if sort == "name":
            return self._named(word)
        return self._enclosed(word)

    def _named(self, word: str) -> Node:
        if word in CONSTANTS:
            return Literal(CONSTANTS[word])
        if word in FUNCTIONS and self._word == "(":
            return Call("function", word, self._given())
        if word not in self._budget.names:
            raise NotUnderstood(word)
        return Name(word)

    def _enclosed(self, sign: str) -> Node:
        if sign == "(":
            node = self._choice()
            self._expect(")")
            return node
        if sign == "[":
            return Collection(tuple(self._listed("]")))
        if sign == "{":
            pairs = self._pairs()
            return Collection(tuple(value for _, value in pairs), tuple(key for key, _ in pairs))
        raise NotUnderstood(sign or "the end of an expression where a value belongs")

    def _listed(self, end: str) -> list[Node]:
        items: list[Node] = []
        while not self._takes(end):
            items.append(self._choice())
            if self._word != end:
                self._expect(",")
        return items

    def _pairs(self) -> list[tuple[Node, Node]]:
        pairs: list[tuple[Node, Node]] = []
        while not self._takes("}"):
            key = self._choice()
            self._expect(":")
            pairs.append((key, self._choice()))
            if self._word != "}":
                self._expect(",")
        return pairs

    def _given(self) -> tuple[Node, ...]:
        """Arguments in brackets; a name before `=` says nothing that their order does not."""
        self._expect("(")
        found: list[Node] = []
        while not self._takes(")"):
            if self._sort == "name" and self._tokens[self._at + 1][1] == "=":
                self._at += 2
            found.append(self._choice())
            if self._word != ")":
                self._expect(",")
        return tuple(found)

    def _behind(self, node: Node) -> Node:
        """What stands directly behind a value: `.key`, `[key]`, `.method(…)`."""
        began = node
        while self._sort == "sign" and self._word in (".", "["):
            self._budget.spend()
            if self._next() == "[":
                node = Item(node, self._choice())
                self._expect("]")
                continue
            name = self._next()
            if self._word != "(":
                node = Item(node, Literal(int(name) if name.isdecimal() else name))
            elif name == "get" and self._budget.names:
                node = self._got(node)
            elif name in METHODS:
                self._budget.read(node)
                node = Call("method", name, (node, *self._given()))
                began = node
            else:
                raise NotUnderstood(f".{name}()")
        if isinstance(node, Item) or node is began:
            self._budget.read(node)
        return node

    def _got(self, node: Node) -> Node:
        """`x.get(key)` is `x[key]`; `x.get(key, other)` has the other where there is none."""
        given = self._given()
        if not given:
            raise NotUnderstood(".get() of nothing")
        found = Item(node, given[0])
        if len(given) == 1:
            return found
        self._budget.read(found)
        return Call("filter", "default", (found, given[1]))

    def _filtered(self, node: Node) -> Node:
        while True:
            if self._takes("|"):
                name = self._next()
                if name not in FILTERS:
                    raise NotUnderstood(f"the filter {name}")
                given = self._given() if self._word == "(" else ()
                node = Call("filter", name, (node, *given))
            elif self._takes("is"):
                node = self._tested(node)
            else:
                return node

    def _tested(self, node: Node) -> Node:
        denied = self._takes("not")
        name = self._next()
        if name not in TESTS:
            raise NotUnderstood(f"the test {name}")
        given: tuple[Node, ...] = ()
        if self._word == "(":
            given = self._given()
        elif name in COMPARING:
            given = (self._behind(self._primary()),)
        test = Call("test", name, (node, *given))
        return self._made("not", None, test) if denied else test


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for token in _TOKEN.finditer(text):
        sort = token.lastgroup or ""
        if sort == "strange":
            raise NotUnderstood(token["strange"])
        yield sort, token[sort]
    yield "end", ""

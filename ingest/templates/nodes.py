"""Nodes of the tree of a template, and the names that a template may call."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

FUNCTIONS: Final = frozenset({"int", "float", "bool", "iif", "min", "max", "abs", "round"})
FILTERS: Final = frozenset(
    {"int", "float", "round", "default", "d", "lower", "upper", "trim", "abs", "string", "bool", "is_defined", "iif"}
    | {"replace", "length", "count", "first", "last", "title", "capitalize", "bitwise_and", "bitwise_or", "bitwise_xor"}
    | {"multiply", "add", "from_json", "min", "max", "join", "list", "is_number", "tojson", "to_json"}
)
METHODS: Final = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "split", "replace", "startswith", "endswith", "get", "title"}
)
TESTS: Final = frozenset(
    {"defined", "undefined", "none", "number", "string", "true", "false", "boolean", "integer", "float", "eq"}
    | {"equalto"}
    | {"ne", "lt", "gt", "le", "ge", "in", "mapping", "sequence", "even", "odd"}
)
CONSTANTS: Final = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}


class UnsupportedTemplate(ValueError):
    """A part of a template is not supported; the text of the error names it."""


class Literal(Struct, frozen=True):
    """A number, a text, true, false or none."""

    value: object


class Name(Struct, frozen=True):
    """`value`, `value_json`, or what `{% set %}` named."""

    name: str


class Item(Struct, frozen=True):
    """`of.key`, `of[key]`."""

    of: Node
    key: Node


class Call(Struct, frozen=True):
    """A call of a filter, a method, a function or a test (`namespace`). The first argument is what it is applied to."""

    namespace: str
    name: str
    arguments: tuple[Node, ...]


class Operation(Struct, frozen=True):
    """`left sign right`; `not` and the negative sign have no left."""

    sign: str
    left: Node | None
    right: Node


class Choice(Struct, frozen=True):
    """`then if condition else otherwise`."""

    condition: Node
    then: Node
    otherwise: Node | None


class Collection(Struct, frozen=True):
    """A list, or a mapping when it has `keys`."""

    items: tuple[Node, ...]
    keys: tuple[Node, ...] | None = None


class Assignment(Struct, frozen=True):
    """`{% set name = value %}`."""

    name: str
    value: Node


class Branches(Struct, frozen=True):
    """`{% if %}…{% elif %}…{% else %}…{% endif %}`; the condition of `else` is true."""

    branches: tuple[tuple[Node, tuple[Node, ...]], ...]


class Parsed(Struct, frozen=True):
    """A whole template. `paths` are those of `value_json` that it reads; None when it computes one of them."""

    nodes: tuple[Node, ...]
    paths: tuple[tuple[object, ...], ...] | None


Node = Literal | Name | Item | Call | Operation | Choice | Collection | Assignment | Branches

"""What a template of Home Assistant's discovery makes of a message: a tree is walked, no code is executed.

A template reads `value` (the payload as text) and `value_json` (the same as JSON). Its answer has the type that the
expression gave, or is text. A template that reads places of the message of which none is there says nothing: a default
is no measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from ingest.templates.functions import ABSENT, BINARY, CALLED, UNARY, is_true, item, limited, text_of
from ingest.templates.nodes import (
    Assignment,
    Branches,
    Call,
    Choice,
    Collection,
    Item,
    Literal,
    Name,
    Node,
    NotUnderstood,
    Operation,
    Parsed,
)
from ingest.templates.parser import parse

KEPT: Final = 8_192
"""Templates whose trees are kept at hand."""


class CannotCompute(ValueError):
    """The template does not fit this message; the message says why."""


@lru_cache(maxsize=KEPT)
def understood(template: str) -> Parsed | str:
    """The tree of a template, or what of it is not understood.

    >>> understood("{{ now() }}")
    'now'
    """
    try:
        return parse(template)
    except NotUnderstood as fault:
        return str(fault)[:80]


def render(template: Parsed, value: str, value_json: object) -> object:
    """The value that the template names in this message; ABSENT when none of its places is there.

    Raises CannotCompute. `value_json` is ABSENT for a payload that is no JSON.

    >>> render(parse("{{ value_json.gas | int + 1 }}"), "", {"gas": "4"})
    5
    >>> render(parse("{% if value_json.x == 1 %}ON{% else %}OFF{% endif %}"), "", {"y": 1}) is ABSENT
    True
    """
    if template.paths and not any(_at(value_json, path) is not ABSENT for path in template.paths):
        return ABSENT
    names: dict[str, object] = {"value": value, "value_json": value_json}
    try:
        said = list(_pieces(template.nodes, names))
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as fault:
        raise CannotCompute(f"{type(fault).__name__}: {fault}"[:120]) from fault
    if len(said) == 1:
        return said[0].strip() if isinstance(said[0], str) else said[0]
    return limited("".join(map(text_of, said)).strip())


def _pieces(nodes: tuple[Node, ...], names: dict[str, object]) -> Iterator[object]:
    for node in nodes:
        if isinstance(node, Assignment):
            names[node.name] = _of(node.value, names)
        elif isinstance(node, Branches):
            inside = next((each for test, each in node.branches if is_true(_of(test, names))), ())
            yield from _pieces(inside, names)
        else:
            yield _of(node, names)


def _at(said: object, path: tuple[object, ...]) -> object:
    for key in path:
        said = item(said, key)
    return said


def _of(node: Node, names: dict[str, object]) -> object:
    return _EVALUATED[type(node)](node, names)


def _operation(node: Operation, names: dict[str, object]) -> object:
    if node.sign in ("and", "or"):
        assert node.left is not None
        left = _of(node.left, names)
        return _of(node.right, names) if is_true(left) is (node.sign == "and") else left
    right = _of(node.right, names)
    if node.left is None:
        return UNARY[node.sign](right)
    return limited(BINARY[node.sign](_of(node.left, names), right))


def _choice(node: Choice, names: dict[str, object]) -> object:
    if is_true(_of(node.condition, names)):
        return _of(node.then, names)
    return ABSENT if node.otherwise is None else _of(node.otherwise, names)


def _collection(node: Collection, names: dict[str, object]) -> object:
    items = [_of(each, names) for each in node.items]
    if node.keys is None:
        return items
    return dict(zip((_of(each, names) for each in node.keys), items, strict=True))


def _call(node: Call, names: dict[str, object]) -> object:
    given = [_of(each, names) for each in node.given]
    return limited(CALLED[node.how][node.name](*given))


_EVALUATED: Final[dict[type, Callable[[Any, dict[str, object]], object]]] = {
    Literal: lambda node, _: node.value,
    Name: lambda node, names: names.get(node.name, ABSENT),
    Item: lambda node, names: item(_of(node.of, names), _of(node.key, names)),
    Operation: _operation,
    Choice: _choice,
    Collection: _collection,
    Call: _call,
}

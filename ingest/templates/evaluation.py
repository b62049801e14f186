"""What a template of Home Assistant's discovery makes of a message: a tree is walked, no code is executed.

A template reads `value` (the payload as text) and `value_json` (the same as JSON). Its answer has the type that the
expression gave, or is text. A template that reads places of the message of which none is there says nothing: a default
is no measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from ingest.templates.functions import ABSENT, BINARY, CALLABLES, UNARY, bounded, is_true, lookup, to_text
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
    Operation,
    Parsed,
    UnsupportedTemplate,
)
from ingest.templates.parser import parse

CACHE_SIZE: Final = 8_192
"""Templates whose trees are kept at hand."""


class TemplateError(ValueError):
    """The template does not fit this message; the message says why."""


@lru_cache(maxsize=CACHE_SIZE)
def parse_cached(template: str) -> Parsed | str:
    """The tree of a template, or what of it is not understood.

    >>> parse_cached("{{ now() }}")
    'now'
    """
    try:
        return parse(template)
    except UnsupportedTemplate as fault:
        return str(fault)[:80]


def render(template: Parsed, value: str, value_json: object) -> object:
    """The value that the template names in this message; ABSENT when none of its places is there.

    Raises CannotCompute. `value_json` is ABSENT for a payload that is no JSON.

    >>> render(parse("{{ value_json.gas | int + 1 }}"), "", {"gas": "4"})
    5
    >>> render(parse("{% if value_json.x == 1 %}ON{% else %}OFF{% endif %}"), "", {"y": 1}) is ABSENT
    True
    """
    if template.paths and not any(_lookup_path(value_json, path) is not ABSENT for path in template.paths):
        return ABSENT
    names: dict[str, object] = {"value": value, "value_json": value_json}
    try:
        said = list(_outputs(template.nodes, names))
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as fault:
        raise TemplateError(f"{type(fault).__name__}: {fault}"[:120]) from fault
    if len(said) == 1:
        return said[0].strip() if isinstance(said[0], str) else said[0]
    return bounded("".join(map(to_text, said)).strip())


def _outputs(nodes: tuple[Node, ...], names: dict[str, object]) -> Iterator[object]:
    for node in nodes:
        if isinstance(node, Assignment):
            names[node.name] = _evaluate(node.value, names)
        elif isinstance(node, Branches):
            inside = next((each for test, each in node.branches if is_true(_evaluate(test, names))), ())
            yield from _outputs(inside, names)
        else:
            yield _evaluate(node, names)


def _lookup_path(said: object, path: tuple[object, ...]) -> object:
    for key in path:
        said = lookup(said, key)
    return said


def _evaluate(node: Node, names: dict[str, object]) -> object:
    return _EVALUATORS[type(node)](node, names)


def _operation(node: Operation, names: dict[str, object]) -> object:
    if node.sign in ("and", "or"):
        assert node.left is not None
        left = _evaluate(node.left, names)
        return _evaluate(node.right, names) if is_true(left) is (node.sign == "and") else left
    right = _evaluate(node.right, names)
    if node.left is None:
        return UNARY[node.sign](right)
    return bounded(BINARY[node.sign](_evaluate(node.left, names), right))


def _choice(node: Choice, names: dict[str, object]) -> object:
    if is_true(_evaluate(node.condition, names)):
        return _evaluate(node.then, names)
    return ABSENT if node.otherwise is None else _evaluate(node.otherwise, names)


def _collection(node: Collection, names: dict[str, object]) -> object:
    items = [_evaluate(each, names) for each in node.items]
    if node.keys is None:
        return items
    return dict(zip((_evaluate(each, names) for each in node.keys), items, strict=True))


def _call(node: Call, names: dict[str, object]) -> object:
    given = [_evaluate(each, names) for each in node.arguments]
    return bounded(CALLABLES[node.namespace][node.name](*given))


_EVALUATORS: Final[dict[type, Callable[[Any, dict[str, object]], object]]] = {
    Literal: lambda node, _: node.value,
    Name: lambda node, names: names.get(node.name, ABSENT),
    Item: lambda node, names: lookup(_evaluate(node.of, names), _evaluate(node.key, names)),
    Operation: _operation,
    Choice: _choice,
    Collection: _collection,
    Call: _call,
}

"""Evaluates templates of Home Assistant's discovery on a message: the tree is walked, no code is executed.

A template reads `value` (the payload as text) and `value_json` (the same as JSON). Its result has the type that the
expression gave, or is text. When none of the paths that a template reads is in the message, the result is ABSENT: a
default is no measurement.
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
"""Templates whose trees are cached."""


class TemplateError(ValueError):
    """The template cannot be evaluated on this message; the text of the error gives the reason."""


@lru_cache(maxsize=CACHE_SIZE)
def parse_cached(template: str) -> Parsed | str:
    """The tree of a template, or the part of it that is not supported.

    >>> parse_cached("{{ now() }}")
    'now'
    """
    try:
        return parse(template)
    except UnsupportedTemplate as error:
        return str(error)[:80]


def render(template: Parsed, value: str, value_json: object) -> object:
    """The result of the template on this message; ABSENT when none of its paths is there.

    Raises TemplateError. `value_json` is ABSENT for a payload that is no JSON.

    >>> render(parse("{{ value_json.gas | int + 1 }}"), "", {"gas": "4"})
    5
    >>> render(parse("{% if value_json.x == 1 %}ON{% else %}OFF{% endif %}"), "", {"y": 1}) is ABSENT
    True
    """
    if template.paths and not any(_lookup_path(value_json, path) is not ABSENT for path in template.paths):
        return ABSENT
    names: dict[str, object] = {"value": value, "value_json": value_json}
    try:
        outputs = list(_outputs(template.nodes, names))
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        raise TemplateError(f"{type(error).__name__}: {error}"[:120]) from error
    if len(outputs) == 1:
        return outputs[0].strip() if isinstance(outputs[0], str) else outputs[0]
    return bounded("".join(map(to_text, outputs)).strip())


def _outputs(nodes: tuple[Node, ...], names: dict[str, object]) -> Iterator[object]:
    for node in nodes:
        if isinstance(node, Assignment):
            names[node.name] = _evaluate(node.value, names)
        elif isinstance(node, Branches):
            chosen = next((nodes for test, nodes in node.branches if is_true(_evaluate(test, names))), ())
            yield from _outputs(chosen, names)
        else:
            yield _evaluate(node, names)


def _lookup_path(value: object, path: tuple[object, ...]) -> object:
    for key in path:
        value = lookup(value, key)
    return value


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
    items = [_evaluate(item, names) for item in node.items]
    if node.keys is None:
        return items
    return dict(zip((_evaluate(key, names) for key in node.keys), items, strict=True))


def _call(node: Call, names: dict[str, object]) -> object:
    arguments = [_evaluate(argument, names) for argument in node.arguments]
    return bounded(CALLABLES[node.namespace][node.name](*arguments))


_EVALUATORS: Final[dict[type, Callable[[Any, dict[str, object]], object]]] = {
    Literal: lambda node, _: node.value,
    Name: lambda node, names: names.get(node.name, ABSENT),
    Item: lambda node, names: lookup(_evaluate(node.of, names), _evaluate(node.key, names)),
    Operation: _operation,
    Choice: _choice,
    Collection: _collection,
    Call: _call,
}

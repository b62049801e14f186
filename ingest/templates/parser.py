"""A small part of Jinja as a tree: the expressions by which discovery says where a value stands in a message.

Only what is listed here is read (https://jinja.palletsprojects.com/en/stable/templates/, and Home Assistant's filters
for MQTT); everything else raises NotUnderstood, which names it. Nothing is ever executed as code. Text, nodes and depth
are limited, so that a description cannot cost more than its own length.
"""

from __future__ import annotations

import re
from typing import Final

from ingest.templates.expressions import DEPTH_MAX, Budget, Expression
from ingest.templates.nodes import Assignment, Branches, Literal, Node, Parsed, UnsupportedTemplate

LENGTH_MAX: Final = 4_000

_BLOCKS: Final = re.compile(r"\{\{-?(.*?)-?\}\}|\{%-?(.*?)-?%\}|\{#.*?#\}", re.DOTALL)


def parse(template: str) -> Parsed:
    """The tree of a template. Raises NotUnderstood.

    >>> parse("{{ value_json.params['smoke:0'].alarm | int }}").paths
    (('params', 'smoke:0', 'alarm'),)
    >>> parse("{{ states('sensor.x') }}")
    Traceback (most recent call last):
    ingest.templates.nodes.UnsupportedTemplate: states
    """
    if len(template) > LENGTH_MAX:
        raise UnsupportedTemplate(f"a template of {len(template)} characters, {LENGTH_MAX} at most")
    budget = Budget()
    nodes, left = _nodes(_segments(template), budget, 0)
    if left:
        raise UnsupportedTemplate(f"{{% {left[0][1]} %}} without its beginning")
    return Parsed(nodes, None if budget.has_computed_path else tuple(dict.fromkeys(budget.paths)))


Segment = tuple[str, str]


def _segments(template: str) -> list[Segment]:
    """Text, `{{ }}` and `{% %}` in their order; a comment says nothing."""
    found: list[Segment] = []
    at = 0
    for block in _BLOCKS.finditer(template):
        found.append(("text", template[at : block.start()]))
        at = block.end()
        if block[1] is not None:
            found.append(("value", block[1]))
        elif block[2] is not None:
            found.append(("order", block[2].strip()))
    found.append(("text", template[at:]))
    return [(sort, said) for sort, said in found if sort != "text" or said.strip()]


def _nodes(segments: list[Segment], budget: Budget, depth: int) -> tuple[tuple[Node, ...], list[Segment]]:
    """The nodes up to an order that ends or divides them, and what remains."""
    nodes: list[Node] = []
    while segments:
        sort, said = segments[0]
        if sort == "order" and said.split(" ")[0] in ("elif", "else", "endif"):
            break
        segments = segments[1:]
        if sort == "text":
            budget.spend()
            nodes.append(Literal(said))
        elif sort == "value":
            nodes.append(Expression(said, budget, depth).parse())
        else:
            node, segments = _statement(said, segments, budget, depth)
            nodes.append(node)
    return tuple(nodes), segments


def _statement(said: str, rest: list[Segment], budget: Budget, depth: int) -> tuple[Node, list[Segment]]:
    word, _, what = said.partition(" ")
    if word == "set" and (named := re.fullmatch(r"\s*(\w+)\s*=(?!=)(.*)", what, re.DOTALL)):
        node = Assignment(named[1], Expression(named[2], budget, depth).parse())
        budget.names.add(named[1])
        return node, rest
    if word != "if" or depth > DEPTH_MAX:
        raise UnsupportedTemplate(f"{{% {said[:40]} %}}")
    return _branches(what, rest, budget, depth + 1)


def _branches(condition: str, rest: list[Segment], budget: Budget, depth: int) -> tuple[Node, list[Segment]]:
    branches: list[tuple[Node, tuple[Node, ...]]] = []
    test: Node = Expression(condition, budget, depth).parse()
    while True:
        inside, rest = _nodes(rest, budget, depth)
        branches.append((test, inside))
        if not rest:
            raise UnsupportedTemplate("{% if %} without {% endif %}")
        word, _, what = rest[0][1].partition(" ")
        rest = rest[1:]
        if word == "endif":
            return Branches(tuple(branches)), rest
        test = Literal(True) if word == "else" else Expression(what, budget, depth).parse()

"""Parses the subset of Jinja by which discovery messages tell where a value is in a message.

Only what is listed in nodes.py is supported (https://jinja.palletsprojects.com/en/stable/templates/, and Home
Assistant's filters for MQTT); everything else raises UnsupportedTemplate, which names it. Nothing is executed as code.
Text, nodes and depth are limited, so that a template cannot cost more than its own length.
"""

from __future__ import annotations

import re
from typing import Final

from ingest.templates.budget import Budget
from ingest.templates.expressions import DEPTH_MAX, Expression
from ingest.templates.nodes import Assignment, Branches, Literal, Node, Parsed, UnsupportedTemplate

LENGTH_MAX: Final = 4_000

_BLOCKS: Final = re.compile(r"\{\{-?(.*?)-?\}\}|\{%-?(.*?)-?%\}|\{#.*?#\}", re.DOTALL)


def parse(template: str) -> Parsed:
    """The tree of a template. Raises UnsupportedTemplate.

    >>> parse("{{ value_json.params['smoke:0'].alarm | int }}").paths
    (('params', 'smoke:0', 'alarm'),)
    >>> parse("{{ states('sensor.x') }}")
    Traceback (most recent call last):
    ingest.templates.nodes.UnsupportedTemplate: states
    """
    if len(template) > LENGTH_MAX:
        raise UnsupportedTemplate(f"a template of {len(template)} characters, {LENGTH_MAX} at most")
    budget = Budget()
    nodes, remaining = _nodes(_segments(template), budget, 0)
    if remaining:
        raise UnsupportedTemplate(f"{{% {remaining[0][1]} %}} without its beginning")
    return Parsed(nodes, None if budget.has_computed_path else tuple(dict.fromkeys(budget.paths)))


Segment = tuple[str, str]
"""The type (text, value or statement) and the content of a part of a template."""


def _segments(template: str) -> list[Segment]:
    """Text, `{{ }}` and `{% %}` in their order, without comments."""
    segments: list[Segment] = []
    position = 0
    for block in _BLOCKS.finditer(template):
        segments.append(("text", template[position : block.start()]))
        position = block.end()
        if block[1] is not None:
            segments.append(("value", block[1]))
        elif block[2] is not None:
            segments.append(("statement", block[2].strip()))
    segments.append(("text", template[position:]))
    return [(type_, content) for type_, content in segments if type_ != "text" or content.strip()]


def _nodes(segments: list[Segment], budget: Budget, depth: int) -> tuple[tuple[Node, ...], list[Segment]]:
    """The nodes up to a statement that ends or divides them, and the segments that remain."""
    nodes: list[Node] = []
    while segments:
        type_, content = segments[0]
        if type_ == "statement" and content.split(" ")[0] in ("elif", "else", "endif"):
            break
        segments = segments[1:]
        if type_ == "text":
            budget.spend()
            nodes.append(Literal(content))
        elif type_ == "value":
            nodes.append(Expression(content, budget, depth).parse())
        else:
            node, segments = _statement(content, segments, budget, depth)
            nodes.append(node)
    return tuple(nodes), segments


def _statement(content: str, rest: list[Segment], budget: Budget, depth: int) -> tuple[Node, list[Segment]]:
    keyword, _, argument = content.partition(" ")
    if keyword == "set" and (assignment := re.fullmatch(r"\s*(\w+)\s*=(?!=)(.*)", argument, re.DOTALL)):
        node = Assignment(assignment[1], Expression(assignment[2], budget, depth).parse())
        budget.names.add(assignment[1])
        return node, rest
    if keyword != "if" or depth > DEPTH_MAX:
        raise UnsupportedTemplate(f"{{% {content[:40]} %}}")
    return _branches(argument, rest, budget, depth + 1)


def _branches(condition: str, rest: list[Segment], budget: Budget, depth: int) -> tuple[Node, list[Segment]]:
    branches: list[tuple[Node, tuple[Node, ...]]] = []
    test: Node = Expression(condition, budget, depth).parse()
    while True:
        nodes, rest = _nodes(rest, budget, depth)
        branches.append((test, nodes))
        if not rest:
            raise UnsupportedTemplate("{% if %} without {% endif %}")
        keyword, _, argument = rest[0][1].partition(" ")
        rest = rest[1:]
        if keyword == "endif":
            return Branches(tuple(branches)), rest
        test = Literal(True) if keyword == "else" else Expression(argument, budget, depth).parse()

"""Precedence of operators, and limits of one expression."""

from __future__ import annotations

import pytest

from ingest.templates.budget import NODES_MAX
from ingest.templates.evaluation import render
from ingest.templates.expressions import DEPTH_MAX
from ingest.templates.nodes import UnsupportedTemplate
from ingest.templates.parser import parse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 - 2 - 1", 4),
        ("-2 + 3", 1),
        ("1 ~ 2 * 3", "16"),
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ("not 1 == 2 and true", True),
        ("true or false and false", True),
        ("not not true", True),
        ("3 not in [1, 2]", True),
        ("1 if false else 2 if false else 3", 3),
        ("2 is even and 3 is not even", True),
        ("{'a': [1, 5]}['a'][-1]", 5),
        ("-4 | abs", 4),
    ],
)
def test_operators_bind_as_in_jinja(expression: str, expected: object) -> None:
    assert expected == render(parse(f"{{{{ {expression} }}}}"), "", {})


@pytest.mark.parametrize(
    "expression",
    [
        "1 +",
        "(1",
        "[1 2]",
        "1 2",
        "{1}",
        "value.",
        "value.[1]",
        "value_json.get()",
        "1 is",
        "x",
        "1 ? 2",
        "+".join("1" * NODES_MAX),
    ],
)
def test_what_is_no_expression_or_too_long_is_unsupported(expression: str) -> None:
    with pytest.raises(UnsupportedTemplate):
        parse(f"{{{{ {expression} }}}}")


def test_an_expression_has_a_limited_depth() -> None:
    deep = "(" * DEPTH_MAX + "1" + ")" * DEPTH_MAX

    with pytest.raises(UnsupportedTemplate, match=f"more than {DEPTH_MAX} deep"):
        parse(f"{{{{ {deep} }}}}")

"""Which parts of Jinja are supported, and the paths that a template reads."""

from __future__ import annotations

import pytest

from ingest.templates.budget import NODES_MAX
from ingest.templates.evaluation import parse_cached
from ingest.templates.expressions import DEPTH_MAX
from ingest.templates.parser import LENGTH_MAX, parse


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ now() }}", "now"),
        ("{{ states('sensor.x') }}", "states"),
        ("{{ value_json.__class__() }}", ".__class__()"),
        ("{{ value.format('x') }}", ".format()"),
        ("{{ value_json.x | regex_findall('a') }}", "the filter regex_findall"),
        ("{{ value_json.x is sameas(1) }}", "the test sameas"),
        ("{% for x in value_json %}{{ x }}{% endfor %}", "{% for x in value_json %}"),
        ("{% set x %}a{% endset %}", "{% set x %}"),
        ("{% if value %}a", "{% if %} without {% endif %}"),
        ("a{% endif %}", "{% endif %} without its beginning"),
        ("{{ value_json.get() }}", ".get() of nothing"),
        ("{{ (value }}", "the end where ) belongs"),
        ("{{ [1 2] }}", "2 where , belongs"),
        ("{{ {1: 2 3} }}", "3 where , belongs"),
        ("{{ {1 2} }}", "2 where : belongs"),
        ("{{ int(1 2) }}", "2 where , belongs"),
        ("{{ value ** 2 }}", "**"),
        ("{{ value & 2 }}", "&"),
        ("{{ }}", "the end of an expression where a value belongs"),
        ("{{ value value }}", "value"),
        ("{{ int }}", "int"),
        ("{{ " + "(" * (DEPTH_MAX + 5) + "1" + ")" * (DEPTH_MAX + 5) + " }}", f"a template more than {DEPTH_MAX} deep"),
        ("{{ " + "1+" * NODES_MAX + "1 }}", f"a template of more than {NODES_MAX} parts"),
        ("x" * (LENGTH_MAX + 1), f"a template of {LENGTH_MAX + 1} characters, {LENGTH_MAX} at most"),
        ("{% if 1 %}" * (DEPTH_MAX + 3) + "{% endif %}" * (DEPTH_MAX + 3), f"a template more than {DEPTH_MAX} deep"),
    ],
)
def test_an_unsupported_part_is_named(template: str, why: str) -> None:
    assert why == parse_cached(template)


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("{{ value_json.a.b | int }}", (("a", "b"),)),
        ("{{ value_json.a + value_json.b + value_json.a }}", (("a",), ("b",))),
        ("{{ value_json.a[value_json.b] }}", None),
        ("{{ value }}", None),
        ("text", ()),
        ("{{ value_json }}", ((),)),
    ],
)
def test_the_paths_that_a_template_reads(template: str, paths: object) -> None:
    assert paths == parse(template).paths

"""What a template evaluates to on a message, and that no template costs more than its length."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.templates.evaluation import TemplateError, parse_cached, render
from ingest.templates.functions import ABSENT
from ingest.templates.nodes import Parsed

MESSAGE: dict[str, Any] = {
    "a": {"b": 5},
    "x": 1,
    "st": 7,
    "s": " On ",
    "l": [3, 4],
    "n": None,
    "f": 2.567,
    "t": True,
    "j": '{"k": 2}',
    "d-1": "dash",
    "0": "zero",
}


def rendered(template: str, value: str = "1", message: object = MESSAGE) -> object:
    tree = parse_cached(template)
    assert isinstance(tree, Parsed), tree
    return render(tree, value, message)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ value }}", "1"),
        ("{{ value | int }}", 1),
        ("{{ value_json.a.b }}", 5),
        ("{{ value_json['a']['b'] }}", 5),
        ("{{ value_json['d-1'] }}", "dash"),
        ("{{ value_json.l[0] }}", 3),
        ("{{ value_json.l.1 }}", 4),
        ("{{ value_json.l[-1] }}", 4),
        ("{{ value_json.l[9] | default(8) + value_json.x }}", 9),
        ("{{ value_json.get('x') }}", 1),
        ("{{ value_json.get('q', {}).get('b', 3) + value_json.x }}", 4),
        ("{{ value_json.x.y.z | default('no') ~ value_json.x }}", "no1"),
        ("{{- value_json.s | trim | upper -}}", "ON"),
        ("{{ value_json.s.strip().lower() }}", "on"),
        ("{{ value_json.s.lstrip(' O').rstrip() }}", "n"),
        ("{{ value_json.s | trim | lower | title | capitalize }}", "On"),
        ("{{ value_json.s.title().strip() }}", "On"),
        ("{{ value_json.s.upper().strip().replace('O', 'A') }}", "AN"),
        ("{{ value_json.s | replace(' ', '') }}", "On"),
        ("{{ value_json.s.strip().startswith('O') and value_json.s.endswith(' ') }}", True),
        ("{{ value_json.d.split(',')[1] | default(value_json.x) }}", 1),
        ("{{ (value_json.s ~ ',b').split(',')[1] }}", "b"),
        ("{{ (value_json.s ~ 'a b').split()[1] }}", "a"),
        ("{{ (value_json.x ~ ',b,c').split(',', 1)[1] }}", "b,c"),
        ("{{ 'ON' if value_json.x == 1 else 'OFF' }}", "ON"),
        ("{{ 'ON' if value_json.x != 1 else 'OFF' if value_json.st > 7 else 'third' }}", "third"),
        ("{{ 'ON' if value_json.x == 2 }}", ABSENT),
        ("{% if value_json.x > 3 %}ON{% elif value_json.x > 0 %}MID{% else %}OFF{% endif %}", "MID"),
        ("{% if value_json.x > 3 %}ON{% else %}{% if value_json.t %}IN{% endif %}{% endif %}", "IN"),
        ("{% if value_json.x > 3 %}ON{% endif %}", ""),
        ("{% set m = {'1': 'ON', '0': 'OFF'} %}{{ m[value] }}", "ON"),
        ("{% set y = value_json.x + 1 %}{{ y * 2 }}", 4),
        ("{{ {'1': 'ON'}.get(value, 'OFF') }}", "ON"),
        ("{{ {1: 'ON', 2: [1, 2]}[value_json.x] }}", "ON"),
        ("{# a remark #}{{ value_json.x }}", 1),
        ("a{{ value_json.x }}b{{ value_json.n }}", "a1bNone"),
        ("plain", "plain"),
        ("{{ value_json.st | bitwise_and(4) > 0 }}", True),
        ("{{ value_json.st | bitwise_or(8) }}", 15),
        ("{{ value_json.st | bitwise_xor(1) }}", 6),
        ("{{ value_json.f | round(1) }}", 2.6),
        ("{{ value_json.f | round }}", 3),
        ("{{ value_json.f | round(2, 'floor') }}", 2.56),
        ("{{ value_json.f | round(1, 'ceil') }}", 2.6),
        ("{{ round(value_json.f, 1) }}", 2.6),
        ("{{ value_json.f | round('x') }}", 3),
        ("{{ (value_json.a.b | float * 0.1) | round(2) }}", 0.5),
        ("{{ value_json.f | multiply(2) | add(1) }}", 6.134),
        ("{{ 7 // 2 + 7 % 2 - 1 }}", 3),
        ("{{ 7 / 2 }}", 3.5),
        ("{{ -value_json.x | abs }}", 1),
        ("{{ - - + value_json.x }}", 1),
        ("{{ abs(-3) + min(1, 2) + max([1, 5]) + int('4') + float('1.5') }}", 14.5 - 0.0),
        ("{{ [1, 2, 3] | max + [4, 5] | min }}", 7),
        ("{{ bool('on') and not bool('off') and bool('x', true) }}", True),
        ("{{ iif(value_json.x == 1, 'a', 'b') }}", "a"),
        ("{{ value_json.n | iif('a', 'b', 'c') }}", "c"),
        ("{{ (value_json.x == 2) | iif }}", False),
        ("{{ value_json.q | default('d', true) ~ value_json.x }}", "d1"),
        ("{{ value_json.n | d('none', true) }}", "none"),
        ("{{ 'q' ~ value_json.x | string }}", "q1"),
        ("{{ value_json.l | length + value_json.l | count }}", 4),
        ("{{ value_json.l | first + value_json.l | last }}", 7),
        ("{{ value_json.l | join('-') }}", "3-4"),
        ("{{ (value_json.a | list)[0] }}", "b"),
        ("{{ (value_json.j | from_json).k }}", 2),
        ("{{ value_json.a | to_json }}", '{"b": 5}'),
        ("{{ value_json.a | tojson }}", '{"b": 5}'),
        ("{{ value_json.x | is_defined }}", 1),
        ("{{ value_json.x | is_number and not value_json.s | is_number }}", True),
        ("{{ value | int(base=16) if false else value_json.x }}", 1),
        ("{{ '0x1F' | int + ('ff' | int(0, 16)) }}", 286),
        ("{{ 'q' | int(3) + 'q' | float(0.5) }}", 3.5),
        ("{{ value_json.x is defined and value_json.q is not defined and value_json.q is undefined }}", True),
        ("{{ value_json.n is none and value_json.x is number and value_json.s is string }}", True),
        ("{{ value_json.t is true and value_json.t is boolean and not value_json.t is false }}", True),
        ("{{ value_json.x is integer and value_json.f is float }}", True),
        ("{{ value_json.a is mapping and value_json.l is sequence }}", True),
        ("{{ value_json.x is odd and 2 is even }}", True),
        ("{{ value_json.x is in [1, 2] and value_json.x is eq(1) and value_json.x is equalto 1 }}", True),
        ("{{ value_json.x is ne(2) and value_json.x is lt(2) and value_json.x is gt(0) }}", True),
        ("{{ value_json.x is le(1) and value_json.x is ge(1) }}", True),
        ("{{ value_json.x in [1, 2] and value_json.x not in [3] and 'n' in value_json.s }}", True),
        ("{{ value_json.x in 5 }}", False),
        ("{{ 'b' in value_json.a }}", True),
        ("{{ 1 < value_json.x + 1 <= 2 >= 1 }}", True),
        ("{{ value_json.q == value_json.x or value_json.x >= 1 }}", True),
        ("{{ value_json.x and value_json.t }}", True),
        ("{{ 'a' + 'b' ~ value_json.x }}", "ab1"),
        ("{{ 'it\\'s' ~ \"\\n\" ~ value_json.x }}", "it's\n1"),
        ("{{ value_json.x == 1.0 and 1.5e1 == 15 }}", True),
        ("{{ True and None is none }}", True),
    ],
)
def test_what_a_template_evaluates_to(template: str, expected: object) -> None:
    found = rendered(template)

    assert (expected, type(expected)) == (found, type(found))


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.q }}",
        "{{ value_json.q | default('OFF') }}",
        "{{ 'ON' if value_json.q == 1 else 'OFF' }}",
        "{% if value_json.q %}ON{% else %}OFF{% endif %}",
        "{{ value_json.x.y | int(0) }}",
    ],
)
def test_a_template_without_a_path_in_the_message_is_absent_whatever_the_default(template: str) -> None:
    assert rendered(template) is ABSENT


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.s | float }}",
        "{{ value_json.s + 1 }}",
        "{{ value_json.s > 1 }}",
        "{{ value_json.x / 0 }}",
        "{{ value_json['d-1'] | bool }}",
        "{{ value_json.q | is_defined ~ value_json.x }}",
        "{{ value_json.s.replace('', 'x') }}",
        "{{ (value_json.s ~ 'aaaaaaaa').replace('a', value) }}",
        "{{ 9999999999 * 9999999999 + value_json.x }}",
        "{{ value_json.a | first + value_json.s | length | join }}",
        "{{ {[1]: 2}[value_json.x] }}",
        "{{ value_json.s | from_json }}",
        "{{ -value_json.s }}",
        "{{ value_json.s | round }}",
        "{{ value ~ value_json.s }}",
    ],
)
def test_a_template_that_does_not_fit_the_message_is_an_error(template: str) -> None:
    with pytest.raises(TemplateError):
        rendered(template, "y" * 200_000)


WORDS = (
    "{{ }} {% %} {# #} value value_json .a ['a'] | int default ( ) if else endif elif set x = == + - * / % ~ 't' 1 2.5"
    " [ ] { } , : not in is and or none ü .get( replace round"
)
SIGNS = st.sampled_from([*WORDS.split(" "), " ", "\n", "\\", '"'])


@given(st.lists(SIGNS, max_size=40).map("".join), st.text(max_size=20))
def test_no_template_fails_otherwise_or_grows_without_limit(template: str, value: str) -> None:
    try:
        message = json.loads(value)
    except ValueError:
        message = {"a": value}
    tree = parse_cached(template)
    if isinstance(tree, Parsed):
        with suppress(TemplateError):
            render(tree, value, message)

"""Values in JSON documents by path, and placeholders in request templates. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

PLACEHOLDER: Final = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)\}")


def value_at(document: object, path: str) -> object:
    """The value at a path of names and list positions; None where there is none.

    >>> value_at({"data": [{"id": 7}]}, "data.0.id"), value_at({"data": []}, "data.0.id"), value_at(5, "")
    (7, None, 5)
    """
    for step in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def text_at(document: object, path: str) -> str:
    """The value at a path as text: `true` and `false` as JSON writes them; empty without one.

    >>> text_at({"ok": True, "n": 0}, "ok"), text_at({"ok": True, "n": 0}, "n"), text_at({}, "x")
    ('true', '0', '')
    """
    found = value_at(document, path)
    if isinstance(found, bool):
        return str(found).lower()
    return "" if found is None or isinstance(found, Mapping | list) else str(found)


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """A template with its placeholders `{name}` filled in, in every text of it; an unknown one becomes empty.

    >>> filled({"to": ["{phone}"], "n": 1, "text": "{text}!"}, {"phone": "199", "text": '"}'})
    {'to': ['199'], 'n': 1, 'text': '"}!'}
    """
    if isinstance(template, str):
        return PLACEHOLDER.sub(lambda match: values.get(match[1], ""), template)
    if isinstance(template, Mapping):
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, list | tuple):
        return [filled(value, values) for value in template]
    return template


def placeholders(template: Any) -> set[str]:
    """The names in a template.

    >>> sorted(placeholders({"a": "{phone} {params.place}", "b": [1, "{id}"]}))
    ['id', 'params.place', 'phone']
    """
    if isinstance(template, str):
        return set(PLACEHOLDER.findall(template))
    parts = template.values() if isinstance(template, Mapping) else template
    if isinstance(template, Mapping | list | tuple):
        return {name for part in parts for name in placeholders(part)}
    return set()

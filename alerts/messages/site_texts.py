"""Completes the texts of a site by the built-in ones, on the parsed YAML. Pure.

A later version needs texts that a site's file does not have. Refusing them would stop the service after an upgrade;
without them an alert would fail in the middle. So the built-in text is used, and `fengshao check` names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from domain import Fault, Severity

Texts = Mapping[str, Any]
_TEMPLATES: Final = "sms"
_ANY_HAZARD: Final = "*"


def completed(own: Any, built_in: Texts) -> Any:
    """The site's texts, and the built-in ones where it has none. What is no mapping is returned for validation."""
    if not isinstance(own, Mapping):
        return own
    texts = {**built_in, **own}
    for field, default in built_in.items():
        if isinstance(default, Mapping) and isinstance(own.get(field), Mapping):
            texts[field] = {**default, **own[field]}
    if isinstance(own.get(_TEMPLATES), list):
        texts[_TEMPLATES] = [*own[_TEMPLATES], *_missing_templates(own[_TEMPLATES], built_in[_TEMPLATES])]
    return texts


def missing_texts(own: Any, built_in: Texts) -> list[Fault]:
    """What `completed` adds: where it belongs, and what to write there."""
    return sorted(_missing(own, built_in), key=lambda fault: tuple(map(str, fault.where))) if own else []


def _missing(own: Any, built_in: Texts) -> Iterator[Fault]:
    if not isinstance(own, Mapping):
        return
    for field, default in built_in.items():
        if field not in own:
            yield Fault((field,), f"{field} is missing: the built-in texts are used")
        elif isinstance(default, Mapping) and isinstance(own[field], Mapping):
            for name in default.keys() - own[field].keys():
                message = f"{name} is missing, the built-in text is used: write `{name}: {default[name]}`"
                yield Fault((field, name), message)
    if isinstance(own.get(_TEMPLATES), list):
        for template in _missing_templates(own[_TEMPLATES], built_in[_TEMPLATES]):
            severities = ", ".join(template["codes"])
            yield Fault(
                (_TEMPLATES,),
                f"no text of the kind `{template['kind']}` for any hazard (`*`) and {severities}: the built-in "
                f"template {template['name']} is used, which must be filed with the provider",
            )


def _missing_templates(own: Sequence[Any], built_in: Sequence[Texts]) -> list[dict[str, Any]]:
    """Built-in templates for any hazard, of kinds and severities for which the site has none."""
    added = []
    for template in built_in:
        covered = _covered(own, template["kind"])
        codes = {severity: code for severity, code in template["codes"].items() if severity not in covered}
        if template["hazard"] == _ANY_HAZARD and codes:
            added.append({**template, "codes": codes})
    return added


def _covered(templates: Sequence[Any], kind: str) -> set[str]:
    """Severities for which a template of this kind fits any hazard."""
    fitting = [one for one in templates if isinstance(one, Mapping) and one.get("kind") == kind]
    codes = [one.get("codes") for one in fitting if one.get("hazard") == _ANY_HAZARD]
    known = {severity.value for severity in Severity}
    return {severity for one in codes if isinstance(one, Mapping) for severity in one if severity in known}

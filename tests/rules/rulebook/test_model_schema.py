"""The published JSON Schema accepts every rulebook and trial of the repository, and rejects what the model rejects."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from app.rule_tools.templates import json_schema
from rules.rulebook.model import Rulebook

BOOKS = Path(__file__).parents[3] / "rules" / "books"
Schema = dict[str, Any]
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip
ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "examples", "format"}
"""`format` too is one in 2020-12, unless a validator is told to assert it."""


class Checker:
    """The part of JSON Schema 2020-12 that ours uses; an unknown keyword is an error."""

    def __init__(self, root: Schema) -> None:
        self.root = root

    def is_valid(self, schema: Schema | bool, value: Any) -> bool:
        if isinstance(schema, bool):
            return schema
        return all(self.keyword(name)(of, value, schema) for name, of in schema.items() if name not in ANNOTATIONS)

    def keyword(self, name: str) -> Callable[[Any, Any, Schema], bool]:
        known: dict[str, Callable[[Any, Any, Schema], bool]] = {
            "$ref": lambda of, v, _: self.is_valid(self.root["$defs"][of.removeprefix("#/$defs/")], v),
            "type": lambda of, v, _: isinstance(v, TYPES[of]) and (of == "boolean" or not isinstance(v, bool)),
            "enum": lambda of, v, _: v in of,
            "const": lambda of, v, _: v == of,
            "pattern": lambda of, v, _: not isinstance(v, str) or re.search(of, v) is not None,
            "minLength": lambda of, v, _: not isinstance(v, str) or len(v) >= of,
            "maxLength": lambda of, v, _: not isinstance(v, str) or len(v) <= of,
            "minimum": lambda of, v, _: not isinstance(v, int | float) or v >= of,
            "maximum": lambda of, v, _: not isinstance(v, int | float) or v <= of,
            "minItems": lambda of, v, _: not isinstance(v, list) or len(v) >= of,
            "maxItems": lambda of, v, _: not isinstance(v, list) or len(v) <= of,
            "items": lambda of, v, s: not isinstance(v, list)
            or all(self.is_valid(of, x) for x in v[len(s.get("prefixItems", ())) :]),
            "prefixItems": lambda of, v, _: not isinstance(v, list) or all(map(self.is_valid, of, v)),
            "required": lambda of, v, _: not isinstance(v, dict) or set(of) <= set(v),
            "properties": lambda of, v, _: not isinstance(v, dict)
            or all(self.is_valid(s, v[k]) for k, s in of.items() if k in v),
            "propertyNames": lambda of, v, _: not isinstance(v, dict) or all(self.is_valid(of, k) for k in v),
            "patternProperties": lambda of, v, _: not isinstance(v, dict)
            or all(self.is_valid(s, x) for p, s in of.items() for k, x in v.items() if re.search(p, k)),
            "additionalProperties": lambda of, v, s: not isinstance(v, dict)
            or all(self.is_valid(of, v[k]) for k in _additional_properties(v, s)),
            "anyOf": lambda of, v, _: any(self.is_valid(s, v) for s in of),
            "oneOf": lambda of, v, _: sum(self.is_valid(s, v) for s in of) == 1,
            "not": lambda of, v, _: not self.is_valid(of, v),
            "dependentRequired": lambda of, v, _: all(set(need) <= set(v) for k, need in of.items() if k in v),
            "dependentSchemas": lambda of, v, _: all(self.is_valid(s, v) for k, s in of.items() if k in v),
        }  # fmt: skip
        return known[name]


def _additional_properties(value: dict[str, Any], schema: Schema) -> Iterator[str]:
    patterns = schema.get("patternProperties", {})
    yield from (
        k for k in value if k not in schema.get("properties", {}) and not any(re.search(p, k) for p in patterns)
    )


RULES = Checker(json.loads(json_schema("rulebook")))
TRIALS = Checker(json.loads(json_schema("trials")))
VALID_RULE: dict[str, Any] = {
    "name": "gas-low", "title": {"zh": "浓度高", "en": "Gas"}, "kind": "gas_alarm", "severity": "high",
    "when": "lel_pct >= 10", "source": "test",
}  # fmt: skip


def book(**changes: Any) -> dict[str, Any]:
    rule = {name: value for name, value in {**copy.deepcopy(VALID_RULE), **changes}.items() if value is not None}
    return {"hazard": "gas", "rules": [rule]}


@pytest.mark.parametrize("file", sorted(BOOKS.glob("*.yaml")), ids=lambda file: str(file.stem))
def test_every_rulebook_and_trial_of_the_repository_is_valid(file: Path) -> None:
    # The keys of `late` are numbers in YAML and names in JSON.
    written = json.loads(json.dumps(yaml.safe_load(file.read_text("utf-8"))))
    checker = TRIALS if file.stem.endswith("_test") else RULES
    assert checker.is_valid(checker.root, written)


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "hihg"},
        {"releese": "1m"},
        {"hold": "30 seconds"},
        {"hold": 30},
        {"source": None},
        {"name": "Gas_Low"},
        {"event": "alarm", "release": "1m"},
        {"when": None},
        {"when": None, "event": "alarm"},
        {"when": None, "event": "alarm", "release": "1m", "clear": "not alarm"},
        {"cancel": {"when": "not alarm", "within": "9s"}},
        {"kind": None},
        {"of": "building"},
        {"when": None, "of": "building", "gather": {"within": "1m", "parts": [{"rules": ["gas-low"]}]}},
        {"when": None, "kind": None, "gather": {"within": "1m", "parts": [{"rules": ["gas-low"], "at_least": 2}]}},
        {"advice": {"zh": "一二三四五六七八九"}},
        {"chatter": {"times": 1}, "when": None, "release": "1d"},
    ],
)
def test_the_schema_rejects_what_the_model_rejects(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rulebook.model_validate(book(**changes))
    assert not RULES.is_valid(RULES.root, book(**changes))


def test_the_schema_has_descriptions_and_defaults_for_editors() -> None:
    fields = RULES.root["$defs"]["Rule"]["properties"]
    assert "before anybody is told" in fields["hold"]["description"]
    assert fields["hold"]["default"] == "0s"
    assert RULES.root["$defs"]["Absent"]["properties"]["grace"]["default"] == "10m"


def test_a_valid_rule_is_accepted() -> None:
    assert RULES.is_valid(RULES.root, book())

"""`fengshao rules new|schema|manual`: a rulebook template, the JSON Schema of rulebooks, and the table of all rules."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from app.config.catalog import load_kinds, load_rulebook_files, rulebook_files
from app.config.yaml_files import read_model
from app.errors import UserError
from app.rule_tools.check import trials_path
from domain.duration import format_duration, parse_duration
from rules.rulebook.model import Rulebook
from rules.tools.reference import rules_table
from rules.trials.model import TrialBook

SCHEMA = "rulebook.schema.json"
"""Written beside a new rulebook, for editors."""
_RULEBOOK = """\
# yaml-language-server: $schema={schema}
# {name}: say here in one sentence what is watched and why.
# Check it with `fengshao rules check {name}.yaml`, try it with `fengshao rules test {name}.yaml`, and see what it would
# have found with `fengshao rules backtest {name}.yaml --since 30d --data DIR`.
hazard: gas            # the family: it chooses wording and message templates
version: 1             # raise it when a limit changes: every finding names it
rules:
- name: {name}-high
  title: {{zh: 浓度偏高, en: Concentration raised}}
  kind: gas_alarm      # or [gas_alarm, smoke_alarm], or any
  severity: high       # critical high medium low
  # ledger: health     # to maintenance; without it to the grid worker
  # of: person         # the finding is about who carries the device
  when: lel_pct >= default(device.limit_pct, 10)
  # More: and or not, + - * /, abs(x), increase(volume_m3, 12h), mean(x, 1h), min max sum count rate last seen idle,
  # quantile(x, 0.9, 1h), stddev(x, 1h), predict(x, 2h, 1h), count(lel_pct > 10, 5m), increase(x, 1d, offset 1d),
  # known(x), default(x, 0), usual(x), distance_m(lat, lon, person.fence_lat, person.fence_lon),
  # person.lives_alone, place.x, time.hour, time.minute, time.date, time.workday, sun.is_dark, finding.gas_alarm
  clear: lel_pct < default(device.limit_pct, 10) - 4   # well below, or it chatters
  hold: 30s            # it must last so long before anybody is told
  release: 60s         # and be over for so long before it ends
  # only_if: not finding.gas_alarm    # keeps it from beginning, never ends it
  # if_silent: wait    # a hold needs a second reading; the default, fire, completes by the clock
  shadow: true         # judged and counted, told to nobody: take it out when the backtest looks right
  # record: true       # judged for other rules only (gather, finding.x), told to nobody
  # advice: {{zh: 勿动电器开关}}       # at most 8 characters
  source: our default (unverified)    # where the limit comes from

# In place of `when`: `event: sos`, `absent: {{missed: 3}}`, or findings that mean more together:
#   of: building
#   gather: {{within: 10m, parts: [{{rules: [gas-alarm], at_least: 3}}]}}
"""
_TRIALS = """\
# Strips of values and what must be told. `12x2` is 12 and twice more 12; `_` is silence; `1+2x3` is 1 3 5 7.
trials:
- name: 持续三十秒才报，回落一分钟后结束
  rule: {name}-high
  every: 10s
  readings: {{lel_pct: 2 12x3 3x8}}
  expect: [40s begin high, 110s end]

- name: 一晃而过不惊动人
  rule: {name}-high
  every: 10s
  readings: {{lel_pct: 2 12x1 3x8}}
  expect: []
"""


def new_rulebook(name: str) -> dict[str, str]:
    """File name -> text of a valid rulebook and its trials. Raises UserError for a name that is no slug."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise UserError(f"{name!r} is no name for a rulebook: write small letters and hyphens, like gas-shop")
    return {f"{name}.yaml": _RULEBOOK.format(name=name, schema=SCHEMA), f"{name}_test.yaml": _TRIALS.format(name=name)}


def write_rulebook(name: str, folder: Path) -> list[Path]:
    """Write the template as files. Raises UserError instead of overwriting one."""
    files = {folder / file: text for file, text in new_rulebook(name).items()}
    for file in files:
        if file.exists():
            raise UserError(f"{file} exists: choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        file.write_text(text, "utf-8")
    schema = folder / SCHEMA
    if not schema.exists():
        schema.write_text(json_schema("rulebook") + "\n", "utf-8")
    return list(files)


def manual() -> str:
    """The Markdown table of all built-in rules, as in docs/rules.md."""
    files = rulebook_files()
    trials = {file.stem: read_model(trials_path(file), TrialBook) for file in files if trials_path(file).exists()}
    return rules_table(load_rulebook_files(load_kinds(), files), trials)


_DURATION = r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"


class _SchemaGenerator(GenerateJsonSchema):
    """Describes durations as they stand in a file (`30s`), not as the whole numbers of ms that the models hold."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        if schema["function"]["function"] is parse_duration:
            return {"type": "string", "pattern": _DURATION, "examples": ["30s", "5m", "12h"]}
        return super().function_before_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        if described.get("pattern") == _DURATION and isinstance(described.get("default"), int):
            described["default"] = format_duration(described["default"])
        return described


def json_schema(of: str) -> str:
    """The JSON Schema of rulebooks (`rulebook`) or of trials, as text."""
    model = Rulebook if of == "rulebook" else TrialBook
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(schema_generator=_SchemaGenerator),
    }
    return json.dumps(schema, ensure_ascii=False, indent=2)

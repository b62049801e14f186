"""Builders for tests of rules that are reevaluated without a reading: short rules, one trial, one engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain import Finding, Instant
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.trials.model import TrialBook
from rules.trials.runner import run_trials

Kinds = dict[str, Kind]


def rule(name: str, **fields: Any) -> dict[str, Any]:
    """A rule of gas alarms, unless `fields` name another kind or a group."""
    kind = {} if "gather" in fields else {"kind": "gas_alarm"}
    return {"name": name, "title": {"zh": name, "en": name}, "severity": "high", "source": "test", **kind, **fields}


def building_group(*rules: str, at_least: int = 2, **fields: Any) -> dict[str, Any]:
    """A group rule: findings about one building."""
    gather = {"parts": [{"rules": list(rules), "at_least": at_least}], "within": "10m"}
    return rule(**{"name": "many", "of": "building", "gather": gather, **fields})


def book(*rules: Mapping[str, Any]) -> Rulebook:
    return Rulebook.model_validate({"hazard": "gas", "rules": list(rules)})


def run_trial(kinds: Kinds, rules: Sequence[Mapping[str, Any]], **trial: Any) -> tuple[str, ...]:
    """The findings of a trial of the first rule, as expectations; a step takes ten seconds by default."""
    fields = {"name": "t", "rule": rules[0]["name"], "every": "10s", "expect": [], **trial}
    (result,) = run_trials(book(*rules), TrialBook.model_validate({"trials": [fields]}), kinds)
    return result.got


def engine_of(kinds: Kinds, *rules: Mapping[str, Any], registry: Community | None = None) -> Engine:
    return Engine([book(*rules)], kinds, registry or community())


def finding_lines(findings: Sequence[Finding], start: Instant) -> list[str]:
    """`600 night began`: seconds after the start, rule, phase."""
    return [f"{(finding.now - start) / 1000:g} {finding.rule} {finding.phase}" for finding in findings]


def shanghai_time(text: str) -> Instant:
    """`2026-01-01T22:50` in Shanghai, or with an offset of its own."""
    zoned = text if set("+-") & set(text[10:]) else f"{text}+08:00"
    return round(datetime.fromisoformat(zoned).timestamp() * 1000)

"""What the tests of rules that are judged again without a reading share: short rules, one trial, one engine."""

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


def rule(name: str, **written: Any) -> dict[str, Any]:
    """A rule of gas alarms, unless it says otherwise."""
    of = {} if "gather" in written else {"kind": "gas_alarm"}
    return {"name": name, "title": {"zh": name, "en": name}, "severity": "high", "source": "test", **of, **written}


def together(*rules: str, at_least: int = 2, **written: Any) -> dict[str, Any]:
    """A rule that gathers findings of a building."""
    gather = {"parts": [{"rules": list(rules), "at_least": at_least}], "within": "10m"}
    return rule(**{"name": "many", "of": "building", "gather": gather, **written})


def book(*rules: Mapping[str, Any]) -> Rulebook:
    return Rulebook.model_validate({"hazard": "gas", "rules": list(rules)})


def tried(kinds: Kinds, rules: Sequence[Mapping[str, Any]], **trial: Any) -> tuple[str, ...]:
    """What a trial of the first rule is told; each step takes ten seconds unless it says otherwise."""
    written = {"name": "t", "rule": rules[0]["name"], "every": "10s", "expect": [], **trial}
    (result,) = run_trials(book(*rules), TrialBook.model_validate({"trials": [written]}), kinds)
    return result.got


def engine_of(kinds: Kinds, *rules: Mapping[str, Any], town: Community | None = None) -> Engine:
    return Engine([book(*rules)], kinds, town or community())


def words(findings: Sequence[Finding], start: Instant) -> list[str]:
    """`600 night began`: seconds after the start, rule, phase."""
    return [f"{(one.now - start) / 1000:g} {one.rule} {one.phase}" for one in findings]


def local(written: str) -> Instant:
    """`2026-01-01T22:50` in Shanghai, or with an offset of its own."""
    zoned = written if set("+-") & set(written[10:]) else f"{written}+08:00"
    return round(datetime.fromisoformat(zoned).timestamp() * 1000)

"""Terms of other languages and tools (PromQL, Grafana, Chinese punctuation) and what to write here instead: signs,
words and functions of conditions, fields and values of rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from domain.widths import narrow
from rules.language.functions import FUNCTIONS

SIGNS: Final = {
    "=": "write == to compare", "&": "write and", "|": "write or", "!": "write not or !=", "^": "write a * a",
    "%": "write 0.9 for 90 %", "[": "write the time as an argument: increase(volume_m3, 12h)", "]": "write (..)",
    "≥": "write >=", "≤": "write <=", "≠": "write !=", "×": "write *", "÷": "write /", "∧": "write and",
    "∨": "write or", "¬": "write not", "且": "write and", "并": "write and", "或": "write or", "非": "write not",
    "不": "write not", "是": "write == true", "否": "write == false", "“": "write 'text'", "”": "write 'text'",
    "‘": "write 'text'", "’": "write 'text'", "「": "write 'text'", "」": "write 'text'", "、": "write ,",
    "—": "write -", "–": "write -", "−": "write -", "{": "write and, or between conditions", "}": "remove it",
    ":": "write a time of day as 22:30", ";": "write and, or",
    "#": "remove it, or write the comment outside the quotes", "$": "write device.x for an attribute",
    "'": "close the text with the same sign", '"': "close the text with the same sign",
}  # fmt: skip


def replacement_for_sign(character: str) -> str:
    """What to write instead of a sign that has no meaning here; full-width signs have an ASCII twin."""
    if character in SIGNS:
        return f": {SIGNS[character]}"
    if (ascii_twin := narrow(character)) != character:
        return f": it is full-width, write {ascii_twin}"
    return "" if character.isascii() else ": names are written as in the kind, for example lel_pct"


WORDS: Final = {
    "AND": "and", "OR": "or", "NOT": "not", "And": "and", "Or": "or", "Not": "not", "True": "true", "False": "false",
    "TRUE": "true", "FALSE": "false", "eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "gte": ">=", "lt": "<",
    "le": "<=", "lte": "<=", "between": "a >= 1 and a <= 5", "is": "==", "unless": "and not",
}  # fmt: skip
"""Operators of other languages."""
_FUNCTIONS: Final = {
    "avg": "mean", "average": "mean", "avg_over_time": "mean", "sum_over_time": "sum", "min_over_time": "min",
    "max_over_time": "max", "count_over_time": "count", "last_over_time": "last", "quantile_over_time": "quantile",
    "stddev_over_time": "stddev", "std": "stddev", "stdev": "stddev", "predict_linear": "predict",
    "forecast": "predict", "delta": "increase", "diff": "increase", "derivative": "rate", "irate": "rate",
    "median": "quantile(x, 0.5, 1h)", "coalesce": "default", "ifnull": "default", "nvl": "default",
    "exists": "known", "absent": "a rule with absent: instead of when:", "isnull": "not known(x)",
    "distance": "distance_m", "now": "time.hour, time.minute, time.date", "len": "count",
}  # fmt: skip


def replacement_for_function(name: str) -> str:
    """The function that was probably meant, else all there are."""
    meant = _FUNCTIONS.get(name.lower()) or next(iter(get_close_matches(name, FUNCTIONS, n=1, cutoff=0.75)), None)
    return f"write {meant}" if meant is not None else f"there are {', '.join(FUNCTIONS)}"


FIELDS: Final[Mapping[str, str]] = {
    "for": "hold", "duration": "hold", "delay": "hold", "pending": "hold", "pending_period": "hold", "wait": "hold",
    "keep_firing_for": "release", "debounce": "hold, and release for the end", "cooldown": "release",
    "repeat_interval": "a ladder in ladders.yaml: who is told again, and when",
    "group_wait": "hold, or gather", "group_interval": "a ladder in ladders.yaml",
    "group_by": "of and gather: findings of one household, building, cell or line",
    "interval": "report_every in the kind, or on the device", "every": "report_every in the kind, or on the device",
    "expr": "when", "expression": "when", "condition": "when", "conditions": "when", "query": "when", "if": "when",
    "trigger": "when, or event for what happens once", "where": "when, or only_if for attributes",
    "threshold": "when, for example when: lel_pct >= 10", "operator": "when, for example when: lel_pct >= 10",
    "value": "when, for example when: lel_pct >= 10", "field": "when, for example when: lel_pct >= 10",
    "metric": "when, for example when: lel_pct >= 10", "hysteresis": "clear", "recovery": "clear",
    "clear_when": "clear", "clear_rule": "clear", "resolve": "clear", "until": "clear", "unless": "only_if",
    "schedule": "only_if, for example only_if: time.hour >= 22 or time.hour < 6", "time_range": "only_if",
    "mute_time_intervals": "only_if", "active_time_intervals": "only_if", "inhibit_rules": "only_if: not finding.x",
    "equal": "only_if: not finding.x", "alert": "name", "id": "name", "title_zh": "title: {zh: .., en: ..}",
    "summary": "title", "description": "source, and advice for what the worker must do", "labels": "severity, ledger",
    "annotations": "title and advice", "runbook_url": "advice", "level": "severity", "priority": "severity",
    "device_type": "kind", "device_kind": "kind", "kinds": "kind", "type": "kind", "device_profile": "kind",
    "enabled": "shadow: true to judge and tell nobody", "disabled": "shadow: true", "mute": "shadow: true",
    "receiver": "a ladder in ladders.yaml", "receivers": "a ladder in ladders.yaml",
    "notify": "a ladder in ladders.yaml",
    "actions": "a ladder in ladders.yaml", "channels": "a ladder in ladders.yaml", "absent_for": "absent: {after: 1h}",
    "no_data": "absent: {after: 1h}", "offline": "absent: {missed: 3}", "timeout": "absent: {after: 1h}",
    "window": "the time in a function: mean(lel_pct, 1h)", "aggregation": "a function: mean(lel_pct, 1h)",
    "reset": "latch: true", "auto_resolve": "latch: true for what never ends by itself", "manual_reset": "latch: true",
    "suppress": "only_if", "comment": "source, or a comment after #", "note": "source, or a comment after #",
}  # fmt: skip
"""Fields of alerting rules elsewhere (Prometheus, Alertmanager, Grafana, ThingsBoard, Home Assistant), and ours."""
VALUES: Final[Mapping[str, str]] = {
    "紧急": "critical", "特急": "critical", "emergency": "critical", "fatal": "critical", "page": "critical",
    "高": "high", "高危": "high", "major": "high", "error": "high", "urgent": "high",
    "中": "medium", "中危": "medium", "warning": "medium", "warn": "medium", "moderate": "medium",
    "低": "low", "低危": "low", "info": "low", "minor": "low", "notice": "low", "indeterminate": "low",
    "维保": "health", "maintenance": "health", "户": "household", "home": "household", "house": "household",
    "栋": "building", "楼": "building", "网格": "cell", "grid": "cell", "管线": "line", "pipe": "line",
}  # fmt: skip
"""Values of severity, ledger and of, as they are called elsewhere and in Chinese."""
INSTEAD: Final[Mapping[str, str]] = {**FIELDS, **VALUES}

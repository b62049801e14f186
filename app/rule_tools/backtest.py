"""Backtest: what a rulebook would have found in recorded data, and how another one would have differed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from app.config.catalog import load_kinds, load_rulebook_files
from app.errors import UserError
from app.rule_tools.check import other_rulebooks
from app.rule_tools.recorded_data import RecordedData, clip_start, open_recorded_data
from app.rule_tools.requests import BacktestRequest, Progress
from domain import DAY, Finding, Instant
from rules.rulebook.model import Rulebook
from rules.rulebook.references import with_required_rules
from rules.tools.backtest import compare_findings, momentary_rules, rule_statistics, watched_devices


def backtest(request: BacktestRequest, progress: Progress) -> dict[str, Any]:
    """Statistics of each rule; with `against` also the difference. Raises ConfigError, UserError."""
    kinds = load_kinds(request.site)
    files = [request.rulebook] if request.against is None else [request.rulebook, request.against]
    rulebooks = [load_rulebook_files(kinds, [file])[0] for file in files]
    variants = [
        with_required_rules(rulebook, other_rulebooks(kinds, [file], request.site))
        for rulebook, file in zip(rulebooks, files, strict=True)
    ]
    with open_recorded_data(request.data, request.site, request.history, threads=request.processes or 2) as recorded:
        start = request.start
        if request.history is None:
            start = clip_to_recorded(clip_start(recorded.history, start), request.end)
        findings = recorded.backtest(variants, start, request.end, progress, request.processes)
    own = [_findings_of(rulebook, found) for rulebook, found in zip(rulebooks, findings, strict=True)]
    address_of = _address_of(recorded)
    watched = watched_devices(variants[0], [device.kind for device in recorded.devices])
    rules = rule_statistics([rulebooks[0]], own[0], recorded.zone, address_of, watched)
    for one in rules:
        one.dispositions = recorded.dispositions.get(one.rule, {})
    answer: dict[str, Any] = {
        "book": request.rulebook.name, "version": rulebooks[0].version, "from": start, "to": request.end,
        "days": (request.end - start) / DAY, "devices": len(recorded.devices),
        "rules": rules,
        "difference": None,
    }  # fmt: skip
    if request.against is not None:
        answer["against"] = request.against.name
        answer["difference"] = compare_findings(own[0], own[1], address_of, momentary_rules(rulebooks))
    return dict(msgspec.to_builtins(answer))


def clip_to_recorded(start: Instant, end: Instant) -> Instant:
    """`start`, where it is before `end`. Raises UserError when all recorded data is newer than the period."""
    if start >= end:
        raise UserError("of that time nothing is remembered: ask for a later one")
    return start


def _findings_of(rulebook: Rulebook, findings: Sequence[Finding]) -> list[Finding]:
    """Findings of the rulebook's own rules: those of rules that it only requires are no difference."""
    names = {rule.name for rule in rulebook.rules}
    return [finding for finding in findings if finding.rule in names]


def _address_of(recorded: RecordedData) -> Callable[[Finding], str]:
    return lambda finding: recorded.community.address(finding.place) or ""

"""`fengshao rules check|test|backtest|explain`: prints lines for a person, or one JSON object.

`backtest` and `explain` send a request to the service that runs on DIR; without one they open the files of DIR.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import msgspec

from app.cli.output import Print, format_json, format_time, format_value, progress_bar
from app.cli.times import parse_since, parse_time, zone_of
from app.clock import Clock
from app.config.faults import ConfigError, ConfigFault
from app.config.site import site_zone
from app.datadir.control_socket import ServiceNotRunning, request
from app.errors import UserError
from app.rule_tools.requests import BacktestRequest, CheckRequest, ExplainRequest, Progress, TestRequest, no_progress
from app.rule_tools.run import run
from console.schemas.rules import BacktestResult, Explanation
from console.timestamps import to_schema
from domain import Instant
from rules.tools.backtest import Comparison, RuleStatistics
from rules.tools.backtest_report import comparison_lines, statistics_table
from rules.tools.backtest_report import local as format_local
from rules.tools.explain import local as format_iso

POLL_EVERY_S = 0.5
_NOT_LISTED = ("reasons", "reasons_en", "answers", "asks", "known", "told", "members")
"""Fields of an explanation that are printed in another form, or not at all."""


def check(files: tuple[Path, ...], site: Path | None, as_json: bool, echo: Print) -> int:
    """Check rulebooks and the trials beside them; returns the exit code. Raises ConfigError unless `as_json`."""
    zone = site_zone(site)
    try:
        answer = run(CheckRequest(list(files), site), no_progress)
    except ConfigError as error:
        if not as_json:
            raise
        echo(format_json({"faults": [msgspec.structs.asdict(fault) for fault in error.faults]}, zone))
        return 1
    if as_json:
        echo(format_json({**answer, "faults": []}, zone))
        return 0
    for warning in answer.get("warnings", ()):
        echo(f"warning: {ConfigFault(**warning)}")
    echo(f"{answer['books']} rulebooks are right")
    return 0


def test(files: tuple[Path, ...], site: Path | None, as_json: bool, echo: Print) -> int:
    """Run the trials of rulebooks; prints expected and actual findings of failed ones, returns the exit code."""
    with progress_bar("trials") as progress:
        answer = run(TestRequest(list(files), site), progress)
    if as_json:
        echo(format_json(answer, site_zone(site)))
    else:
        for trial in (trial for trial in answer["results"] if not trial["passed"]):
            echo(f"{trial['file']}: {trial['trial']}\n  exp: {list(trial['expected'])}\n  got: {list(trial['got'])}")
        echo(f"{answer['passed']} trials passed, {answer['failed']} failed")
    return 1 if answer["failed"] else 0


def backtest(
    rulebook: Path,
    data: Path,
    since: str,
    until: str | None,
    against: Path | None,
    site: Path | None,
    as_json: bool,
    echo: Print,
) -> None:
    """Print what a rulebook would have found in recorded data, and how another one would have differed."""
    zone = zone_of(data, site)
    end = Clock()() if until is None else parse_time(until, zone)
    start = end - parse_since(since)
    with progress_bar("backtest") as progress:
        try:
            answer = _backtest_via_service(rulebook, against, data, (start, end), zone, progress)
        except ServiceNotRunning:
            answer = run(BacktestRequest(rulebook, data, start, end, against, site), progress)
    result = to_schema(BacktestResult, answer)
    if as_json:
        echo(format_json(result, zone))
        return
    for line in backtest_lines(msgspec.to_builtins(result, enc_hook=int), zone):
        echo(line)


def _backtest_via_service(
    rulebook: Path,
    against: Path | None,
    data: Path,
    period: tuple[Instant, Instant],
    zone: ZoneInfo,
    progress: Progress,
) -> dict[str, Any]:
    """Start a job and poll it until it ends; Ctrl-C cancels it. Raises ServiceNotRunning, UserError."""
    start, end = (format_time(at, zone) for at in period)
    body: dict[str, Any] = {"book": _rulebook_body(rulebook), "from": start, "to": end}
    body |= {} if against is None else {"against": _rulebook_body(against)}
    job = request(data, "POST", "/api/v1/rules/backtest", body)
    path = f"/api/v1/rules/jobs/{job['id']}"
    try:
        while job["state"] == "running":
            time.sleep(POLL_EVERY_S)
            job = request(data, "GET", path)
            progress(job["progress"])
    except KeyboardInterrupt:
        request(data, "DELETE", path)
        raise
    if job["state"] != "done":
        raise UserError(job["detail"] or job["state"])
    return dict(job["result"])


def _rulebook_body(file: Path) -> dict[str, str]:
    return {"name": file.name, "text": file.read_text("utf-8")}


DISPOSITIONS: Final = {
    "real": "真实",
    "false_alarm": "误报",
    "test": "测试",
    "device_fault": "设备故障",
    "prank": "恶作剧",
    "": "未写结论",
}


def backtest_lines(result: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """A backtest in Chinese: head line, table of rules, comparison."""
    start, end = (format_local(result[name], zone) for name in ("from", "to"))
    days = result["days"]
    yield f"{result['book']} 第 {result['version']} 版；{start} 至 {end}，{days:g} 天；登记设备 {result['devices']} 台"
    rules = msgspec.convert(result["rules"], list[RuleStatistics])
    yield from statistics_table(rules, days)
    yield from disposition_lines(rules)
    if result["difference"] is not None:
        names = {"ours": result["book"], "theirs": result["against"]}
        if names["ours"] == names["theirs"]:
            names["theirs"] += "（--against）"
        yield from comparison_lines(msgspec.convert(result["difference"], Comparison), names, zone)


def disposition_lines(rules: Sequence[RuleStatistics]) -> Iterator[str]:
    """For each rule with past alerts, what they turned out to be."""
    for rule in rules:
        counts = [
            f"{word}{rule.dispositions[name]}" for name, word in DISPOSITIONS.items() if name in rule.dispositions
        ]
        if counts:
            yield f"{rule.rule} 以往警情的结论：{'，'.join(counts)}"


def explain(
    rule: str,
    device: str,
    at: str | None,
    data: Path,
    since: str | None,
    site: Path | None,
    as_json: bool,
    english: bool,
    echo: Print,
) -> None:
    """Print why a rule did or did not fire for a device or group at an instant (default: now)."""
    zone = zone_of(data, site)
    instant = None if at is None else parse_time(at, zone)
    since_ms = None if since is None else parse_since(since)
    with progress_bar("explain") as progress:
        try:
            query = {"device": device, "at": None if instant is None else format_time(instant, zone), "since": since}
            answer = _explain_via_service(rule, query, data)
        except ServiceNotRunning:
            answer = run(ExplainRequest(rule, device, instant or Clock()(), data, since_ms, site), progress)
    explanation = to_schema(Explanation, answer)
    if as_json:
        echo(format_json(explanation, zone))
        return
    for line in explanation_lines(explanation, english, zone):
        echo(line)


def _explain_via_service(rule: str, query: Mapping[str, str | None], data: Path) -> dict[str, Any]:
    parameters = urlencode({name: value for name, value in query.items() if value is not None})
    return dict(request(data, "GET", f"/api/v1/rules/{quote(rule)}/explain?{parameters}"))


def explanation_lines(explanation: Explanation, english: bool, zone: ZoneInfo) -> Iterator[str]:
    """An explanation as lines: the reasons first, then the values that they rest on."""
    fields = msgspec.to_builtins(explanation, enc_hook=partial(format_iso, zone=zone))
    if not fields["known"]:
        yield f"{fields['device']}: 没有听说过" if not english else f"{fields['device']}: nobody ever heard of it"
        return
    yield from fields["reasons_en" if english else "reasons"]
    for name, value in fields.items():
        if name not in _NOT_LISTED:
            yield f"{name}: {format_value(value)}"
    for member in fields.get("members", ()):
        yield f"member: {member['begin']} {member['rule']} {member['device']}{'' if member['stands'] else ' (over)'}"
    for finding in fields.get("told", ()):
        yield f"told: {finding['at']} {finding['phase']} {finding['severity']}"

"""`fengshao rules check|test|backtest|explain` for a person at a terminal: a bar on long work, sentences or JSON.

Beside a running service the past is asked of it, through DIR/control.sock; without one the files of DIR are opened.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec

from app.clock import Clock
from app.config.faults import ConfigError, ConfigFault
from app.datadir.control_socket import ServiceNotRunning, request
from app.errors import UserError
from app.rule_tools.recorded_data import Progress, site_zone
from app.rule_tools.run import BacktestRequest, CheckRequest, ExplainRequest, TestRequest, run
from console.schemas.rules import BacktestResult, Explanation
from console.timestamps import encode_json, to_schema
from domain import Instant
from domain.duration import parse_duration
from domain.times import parse_rfc3339
from rules.engine.community_index import DEFAULT_ZONE
from rules.tools.backtest import Comparison, RuleStatistics
from rules.tools.backtest_report import comparison_lines, statistics_table
from rules.tools.backtest_report import local as day_and_hour
from rules.tools.explain import local

Print = Callable[[str], None]
POLL_EVERY_S = 0.5
PROGRESS_STEPS = 1000


def check(files: tuple[Path, ...], site: Path | None, as_json: bool, say: Print) -> int:
    """One sentence when all is right; every fault otherwise."""
    try:
        answer = run(CheckRequest(list(files), site), no_progress)
    except ConfigError as error:
        if not as_json:
            raise
        say(_json({"faults": [msgspec.structs.asdict(fault) for fault in error.faults]}))
        return 1
    if as_json:
        say(_json({**answer, "faults": []}))
        return 0
    for one in answer.get("warnings", ()):
        say(f"warning: {ConfigFault(**one)}")
    say(f"{answer['books']} rulebooks are right")
    return 0


def test(files: tuple[Path, ...], site: Path | None, as_json: bool, say: Print) -> int:
    """Runs the trials of rulebooks and says what went otherwise than expected."""
    with progress_bar("trials") as progress:
        answer = run(TestRequest(list(files), site), progress)
    if as_json:
        say(_json(answer))
    else:
        for one in (one for one in answer["results"] if not one["passed"]):
            say(f"{one['file']}: {one['trial']}\n  exp: {list(one['expected'])}\n  got: {list(one['got'])}")
        say(f"{answer['passed']} trials passed, {answer['failed']} failed")
    return 1 if answer["failed"] else 0


def backtest(
    book: Path,
    data: Path,
    since: str,
    until: str | None,
    against: Path | None,
    site: Path | None,
    as_json: bool,
    say: Print,
) -> None:
    """What a rulebook would have found, and how another would have differed."""
    end = parse_time(until, site_zone(site))
    start = end - _duration(since)
    with progress_bar("backtest") as progress:
        try:
            found = _backtest_via_service(book, against, data, start, end, progress)
        except ServiceNotRunning:
            found = run(BacktestRequest(book, data, start, end, against, site), progress)
    answer = to_schema(BacktestResult, found)
    for line in [_json(answer)] if as_json else backtest_lines(msgspec.to_builtins(answer, enc_hook=int)):
        say(line)


def _backtest_via_service(
    book: Path, against: Path | None, data: Path, start: Instant, end: Instant, progress: Progress
) -> dict[str, Any]:
    """The service's answer; whoever interrupts us ends its work too."""
    body = {"book": _rulebook_body(book), "from": format_time(start), "to": format_time(end)}
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


def backtest_lines(answer: Mapping[str, Any]) -> Iterator[str]:
    days, start, end = (
        answer["days"],
        day_and_hour(answer["from"], DEFAULT_ZONE),
        day_and_hour(answer["to"], DEFAULT_ZONE),
    )
    yield f"{answer['book']} 第 {answer['version']} 版；{start} 至 {end}，{days:g} 天；登记设备 {answer['devices']} 台"
    yield from statistics_table(msgspec.convert(answer["rules"], list[RuleStatistics]), days)
    if answer["difference"] is not None:
        names = {"ours": answer["book"], "theirs": answer["against"]}
        if names["ours"] == names["theirs"]:
            names["theirs"] += "（--against）"
        yield from comparison_lines(msgspec.convert(answer["difference"], Comparison), names, DEFAULT_ZONE)


def explain(
    rule: str,
    device: str,
    at: str | None,
    data: Path,
    since: str | None,
    site: Path | None,
    as_json: bool,
    english: bool,
    say: Print,
) -> None:
    """Where a rule stood with a device at an instant, and why."""
    asked = None if at is None else parse_time(at, site_zone(site))
    since_ms = None if since is None else _duration(since)
    with progress_bar("explain") as progress:
        try:
            found = _explain_via_service(rule, device, asked, since, data)
        except ServiceNotRunning:
            found = run(ExplainRequest(rule, device, asked or Clock()(), data, since_ms, site), progress)
    answer = to_schema(Explanation, found)
    if as_json:
        say(_json(answer))
        return
    for line in explanation_lines(answer, english):
        say(line)


def _explain_via_service(rule: str, device: str, at: Instant | None, since: str | None, data: Path) -> dict[str, Any]:
    query = {"device": device, "at": None if at is None else format_time(at), "since": since}
    held = urlencode({name: value for name, value in query.items() if value is not None})
    return dict(request(data, "GET", f"/api/v1/rules/{quote(rule)}/explain?{held}"))


def explanation_lines(found: Explanation, english: bool) -> Iterator[str]:
    """The story as people read it: the reasons first, then what they rest on."""
    story = msgspec.to_builtins(found, enc_hook=local)
    if not story["known"]:
        yield f"{story['device']}: 没有听说过" if not english else f"{story['device']}: nobody ever heard of it"
        return
    yield from story["reasons_en" if english else "reasons"]
    for name, value in story.items():
        if name in ("reasons", "reasons_en", "answers", "asks", "known", "told", "members"):
            continue
        yield f"{name}: {format_value(value)}"
    for one in story.get("members", ()):
        yield f"member: {one['begin']} {one['rule']} {one['device']}{'' if one['stands'] else ' (over)'}"
    for one in story.get("told", ()):
        yield f"told: {one['at']} {one['phase']} {one['severity']}"


def format_value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def format_time(at: Instant) -> str:
    """An instant as RFC 3339."""
    return datetime.fromtimestamp(at / 1000, DEFAULT_ZONE).isoformat(timespec="milliseconds")


def parse_time(written: str | None, zone: tzinfo = DEFAULT_ZONE) -> Instant:
    """Of an RFC 3339 time; without an offset it is the site's local time; nothing means now."""
    if written is None:
        return Clock()()
    try:
        return parse_rfc3339(written, zone)
    except ValueError as error:
        raise UserError(f"this is no RFC 3339 time: {written!r} (2026-11-21T22:05:00+08:00)") from error


def _duration(written: str) -> int:
    try:
        return parse_duration(written)
    except ValueError as error:
        raise UserError(f"--since is {error}") from error


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """A bar on stderr, where somebody looks."""
    shown = click.progressbar(length=PROGRESS_STEPS, label=label, hidden=not sys.stderr.isatty(), file=sys.stderr)
    with shown as held:
        yield lambda part: held.update(max(round(part * PROGRESS_STEPS) - held.pos, 0))


def no_progress(_part: float) -> None:
    """Nobody waits for it."""


def _json(answer: object) -> str:
    return json.dumps(json.loads(encode_json(answer, DEFAULT_ZONE)), ensure_ascii=False)

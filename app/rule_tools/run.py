"""What the tools of the safety office do, as values: check, test, backtest, explain. Each answers with plain data. They
run in the command's own process, or beside a running service in a process of their own (app/rule_tools/worker.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from app.config.catalog import load_active_rulebooks, load_kinds, load_rulebook_files
from app.errors import UserError
from app.rule_tools.check import check_files, other_rulebooks, run_trial_files
from app.rule_tools.recorded_data import Progress, RecordedData, open_recorded_data
from domain import DAY, Finding, Instant, Reading
from domain.kind import Kind
from rules.engine.community_index import GROUP_SEPARATOR, CommunityIndex
from rules.engine.engine import Engine
from rules.hosts.partition import connected_devices
from rules.hosts.replay import Event, Outage, ReadingBatch, chunk_events, play
from rules.rulebook.model import Rulebook
from rules.rulebook.references import with_required_rules
from rules.rulebook.serialization import load_rulebooks
from rules.tools.backtest import compare_findings, momentary_rules, rule_statistics, watched_devices
from rules.tools.explain import explain as explain_now

BASELINE_REPLAY_MS = 35 * DAY
"""What is usual at an hour of the week takes weeks to be learned."""
DEFAULT_REPLAY_MS = 7 * DAY
FINDINGS_SHOWN = 20


class CheckRequest(Struct, frozen=True, tag="check"):
    """Books, and the trials among them."""

    files: list[Path]
    site: Path | None = None


class TestRequest(Struct, frozen=True, tag="test"):
    """Books with trials beside them; none: all in force."""

    files: list[Path]
    site: Path | None = None


class BacktestRequest(Struct, frozen=True, tag="backtest"):
    """A book over the past, and another over the same past. `history`: where the readings lie, if not in `data`."""

    rulebook: Path
    data: Path
    start: Instant
    end: Instant
    against: Path | None = None
    site: Path | None = None
    history: Path | None = None
    processes: int | None = None


class ExplainRequest(Struct, frozen=True, tag="explain"):
    """A rule in force, about a device or a group, at an instant of the past."""

    rule: str
    device: str
    at: Instant
    data: Path
    since_ms: int | None = None
    site: Path | None = None
    history: Path | None = None
    rulebooks: bytes | None = None
    """The books in force, where what lies on disk may be newer."""


ToolRequest = CheckRequest | TestRequest | BacktestRequest | ExplainRequest


def run(task: ToolRequest, progress: Progress) -> dict[str, Any]:
    """The answer. Raises ConfigError with every fault of a book, UserError for what cannot be done."""
    if isinstance(task, CheckRequest):
        return check_files(task.files, task.site)
    if isinstance(task, TestRequest):
        return _test(task, progress)
    return backtest(task, progress) if isinstance(task, BacktestRequest) else explain(task, progress)


def _test(task: TestRequest, progress: Progress) -> dict[str, Any]:
    told = [
        {"file": str(file), "trial": one.name, "rule": one.rule, "passed": one.passed,
         "expected": one.expected, "got": one.got}
        for file, one in run_trial_files(task.files, task.site, progress)
    ]  # fmt: skip
    passed = sum(bool(one["passed"]) for one in told)
    return {"passed": passed, "failed": len(told) - passed, "results": told}


# -- backtest -----------------------------------------------------------------------------------------------------


def backtest(task: BacktestRequest, progress: Progress) -> dict[str, Any]:
    """What a book would have found, and how another would have differed."""
    kinds = load_kinds(task.site)
    files = [task.rulebook] if task.against is None else [task.rulebook, task.against]
    books = [load_rulebook_files(kinds, [file])[0] for file in files]
    sets = [
        with_required_rules(one, other_rulebooks(kinds, [file], task.site))
        for one, file in zip(books, files, strict=True)
    ]
    with open_recorded_data(task.data, task.site, task.history, threads=task.processes or 2) as past:
        start = task.start if task.history is not None else clip_to_recorded(past.clip_start(task.start), task.end)
        found = past.backtest(sets, start, task.end, progress, task.processes)
    own = [_findings_of(book, some) for book, some in zip(books, found, strict=True)]
    where = _address_of(past)
    watched = watched_devices(sets[0], [one.kind for one in past.devices])
    answer: dict[str, Any] = {
        "book": task.rulebook.name, "version": books[0].version, "from": start, "to": task.end,
        "days": (task.end - start) / DAY, "devices": len(past.devices),
        "rules": rule_statistics([books[0]], own[0], past.zone, where, watched),
        "difference": None,
    }  # fmt: skip
    if task.against is not None:
        answer["against"] = task.against.name
        answer["difference"] = compare_findings(own[0], own[1], where, momentary_rules(books))
    return dict(msgspec.to_builtins(answer))


def clip_to_recorded(start: Instant, end: Instant) -> Instant:
    """Where judging begins. Raises UserError when all that is remembered is newer than that."""
    if start >= end:
        raise UserError("of that time nothing is remembered: ask for a later one")
    return start


def _findings_of(book: Rulebook, found: Sequence[Finding]) -> list[Finding]:
    """Those of its own: what a book only borrows is no difference."""
    names = {rule.name for rule in book.rules}
    return [one for one in found if one.rule in names]


def _address_of(past: RecordedData) -> Any:
    return lambda finding: past.community.address(finding.place) or ""


# -- explain ------------------------------------------------------------------------------------------------------


def explain(task: ExplainRequest, progress: Progress) -> dict[str, Any]:
    """Where a rule stood with a device at an instant, and why: the past is judged again up to then."""
    kinds = load_kinds(task.site)
    books = rules_needed_for(
        load_active_rulebooks(kinds, task.site) if task.rulebooks is None else load_rulebooks(task.rulebooks), task.rule
    )
    with open_recorded_data(task.data, task.site, task.history, threads=1) as past:
        asked = task.at - (task.since_ms or replay_length_ms(books))
        start = asked if task.history is not None else min(past.clip_start(asked), task.at)
        return _explain_recorded(past, task, books, kinds, start, progress)


def rules_needed_for(books: Sequence[Rulebook], rule: str) -> list[Rulebook]:
    """The rule, with those whose findings it refers to, and theirs. Raises UserError when no rule has that name."""
    rules = {one.name: one for book in books for one in book.rules}
    if rule not in rules:
        raise UserError(f"no rule {rule} in the active rulebooks")
    wanted, asked = {rule}, [rule]
    while asked:
        more = (rules[asked.pop()].referenced_rules & rules.keys()) - wanted
        wanted |= more
        asked += more
    kept = [(book, [one for one in book.rules if one.name in wanted]) for book in books]
    return [book.model_copy(update={"rules": some}) for book, some in kept if some]


def replay_length_ms(books: Sequence[Rulebook]) -> int:
    """How far back to judge again: a week, or five where a rule asks what is usual."""
    asks = any("usual(" in str(rule.when) for book in books for rule in book.rules)
    return BASELINE_REPLAY_MS if asks else DEFAULT_REPLAY_MS


def is_self_contained(books: Sequence[Rulebook], name: str) -> bool:
    """True when nobody else must be heard to know where the rule stood."""
    rules = [rule for book in books for rule in book.rules]
    return len(rules) == 1 and rules[0].absent is None and GROUP_SEPARATOR not in name


def _explain_recorded(
    past: RecordedData,
    task: ExplainRequest,
    books: Sequence[Rulebook],
    kinds: Mapping[str, Kind],
    start: Instant,
    progress: Progress,
) -> dict[str, Any]:
    engine = Engine(books, kinds, past.community, emit_shadow=True, zone=past.zone)
    near = CommunityIndex(past.community)
    alone = is_self_contained(books, task.device)
    company = {task.device} if alone else {task.device, *connected_devices(past.devices, engine, near, task.device)}
    engine.register([one for one in past.devices if one.id in company], start)
    last: Reading | None = None
    told: list[Finding] = []
    heard = past.readings(start, task.at + 1, sorted(company))
    for event in chunk_events(heard, past.interruptions(start, task.at), chunk=1):
        told += play(engine, [event])
        for reading in event.readings if isinstance(event, ReadingBatch) else ():
            last = reading if reading.device == task.device else last
        progress(_progress_at(event, start, task.at))
    told += engine.tick(task.at)
    story_ = explain_now(engine, task.rule, task.device, last)
    return {**story_, "at": task.at, "judged_from": start, "told": list(_recent_findings(told, task))}


def _progress_at(event: Event, start: Instant, end: Instant) -> float:
    gone = event.end if isinstance(event, Outage) else event.now
    return min(max((gone - start) / max(end - start, 1), 0.0), 1.0)


def _recent_findings(findings: Sequence[Finding], task: ExplainRequest) -> Iterator[dict[str, Any]]:
    """What this rule told of this device, or of its group, in the time that was judged again: the newest last."""
    kind, group, name = task.device.partition(GROUP_SEPARATOR)
    own = [
        one for one in findings if one.rule == task.rule and _is_about(one, task.device, kind if group else "", name)
    ]
    for one in own[-FINDINGS_SHOWN:]:
        yield {"at": one.at, "phase": one.phase.value, "severity": one.severity.value, "begin": one.begin}


def _is_about(finding: Finding, device: str, kind: str, name: str) -> bool:
    return (finding.subject.type, finding.subject.id) == (kind, name) if kind else finding.device == device

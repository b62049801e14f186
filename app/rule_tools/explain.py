"""Explain: why a rule did or did not fire for a device or group at an instant, from recorded data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.config.catalog import load_active_rulebooks, load_kinds
from app.errors import UserError
from app.rule_tools.recorded_data import RecordedData, clip_start, open_recorded_data
from app.rule_tools.requests import ExplainRequest, Progress
from domain import DAY, Finding, Instant, Reading, Subject
from domain.kind import Kind
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.hosts.partition import connected_devices
from rules.hosts.replay import Event, Outage, ReadingBatch, chunk_events, play
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import load_rulebooks
from rules.state.group_key import GroupKey
from rules.tools.explain import explain as explain_state

BASELINE_REPLAY_MS = 35 * DAY
"""`usual()` learns what is usual at an hour of the week over five weeks."""
DEFAULT_REPLAY_MS = 7 * DAY
FINDINGS_SHOWN = 20


def explain(request: ExplainRequest, progress: Progress) -> dict[str, Any]:
    """Replay recorded data up to the instant and explain the rule's state then. Raises ConfigError, UserError."""
    kinds = load_kinds(request.site)
    active = (
        load_active_rulebooks(kinds, request.site) if request.rulebooks is None else load_rulebooks(request.rulebooks)
    )
    rulebooks = rules_needed_for(active, request.rule)
    with open_recorded_data(request.data, request.site, request.history, threads=1) as recorded:
        start = request.at - (request.since_ms or replay_length_ms(rulebooks))
        if request.history is None:
            start = min(clip_start(recorded.history, start), request.at)
        return _explain_recorded(recorded, request, rulebooks, kinds, start, progress)


def rules_needed_for(rulebooks: Sequence[Rulebook], rule: str) -> list[Rulebook]:
    """The rulebooks reduced to the rule and the rules it refers to, directly or not. Raises UserError if unknown."""
    rules = {candidate.name: candidate for rulebook in rulebooks for candidate in rulebook.rules}
    if rule not in rules:
        raise UserError(f"no rule {rule} in the active rulebooks")
    needed, queue = {rule}, [rule]
    while queue:
        referenced = (rules[queue.pop()].referenced_rules & rules.keys()) - needed
        needed |= referenced
        queue += referenced
    reduced = [(rulebook, [rule for rule in rulebook.rules if rule.name in needed]) for rulebook in rulebooks]
    return [rulebook.model_copy(update={"rules": kept}) for rulebook, kept in reduced if kept]


def replay_length_ms(rulebooks: Sequence[Rulebook]) -> int:
    """How far back to replay: a week, or five weeks where a rule calls `usual()`."""
    uses_baseline = any("usual(" in str(rule.when) for rulebook in rulebooks for rule in rulebook.rules)
    return BASELINE_REPLAY_MS if uses_baseline else DEFAULT_REPLAY_MS


def is_self_contained(rulebooks: Sequence[Rulebook], name: str) -> bool:
    """Whether the readings of this device alone determine the rule's state: no group, no absence of others."""
    rules = [rule for rulebook in rulebooks for rule in rulebook.rules]
    return len(rules) == 1 and rules[0].absent is None and GroupKey.parse(name) is None


def _explain_recorded(
    recorded: RecordedData,
    request: ExplainRequest,
    rulebooks: Sequence[Rulebook],
    kinds: Mapping[str, Kind],
    start: Instant,
    progress: Progress,
) -> dict[str, Any]:
    engine = Engine(rulebooks, kinds, recorded.community, emit_shadow=True, zone=recorded.zone)
    index = CommunityIndex(recorded.community)
    replayed = {request.device}
    if not is_self_contained(rulebooks, request.device):
        replayed.update(connected_devices(recorded.devices, engine, index, request.device))
    engine.register([device for device in recorded.devices if device.id in replayed], start)
    last: Reading | None = None
    findings: list[Finding] = []
    readings = recorded.readings(start, request.at + 1, sorted(replayed))
    for event in chunk_events(readings, recorded.interruptions(start, request.at), chunk=1):
        findings += play(engine, [event])
        for reading in event.readings if isinstance(event, ReadingBatch) else ():
            last = reading if reading.device == request.device else last
        progress(_progress_at(event, start, request.at))
    findings += engine.tick(request.at)
    explanation = explain_state(engine, request.rule, request.device, last)
    recent = list(_recent_findings(findings, request))
    return {**explanation, "at": request.at, "judged_from": start, "told": recent}


def _progress_at(event: Event, start: Instant, end: Instant) -> float:
    reached = event.end if isinstance(event, Outage) else event.now
    return min(max((reached - start) / max(end - start, 1), 0.0), 1.0)


def _recent_findings(findings: Sequence[Finding], request: ExplainRequest) -> Iterator[dict[str, Any]]:
    """The last findings of the rule about the device or group, the newest last."""
    own = [finding for finding in findings if finding.rule == request.rule and _is_about(finding, request.device)]
    for finding in own[-FINDINGS_SHOWN:]:
        yield {
            "at": finding.at,
            "phase": finding.phase.value,
            "severity": finding.severity.value,
            "begin": finding.begin,
        }


def _is_about(finding: Finding, device: str) -> bool:
    group = GroupKey.parse(device)
    if group is not None:
        return finding.subject == Subject(group.type, group.name)
    return finding.device == device

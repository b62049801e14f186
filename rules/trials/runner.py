"""Plays trials, each on a fresh engine with a virtual clock, and compares the findings with what is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from domain import Finding, Instant
from domain.kind import Kind
from rules.engine.engine import Engine
from rules.hosts.replay import reset
from rules.rulebook.model import ANY_KIND, Rulebook
from rules.rulebook.references import referenced_rules
from rules.trials.model import START, Trial, TrialBook
from rules.trials.scenario import Scenario, build_scenario
from rules.trials.series import format_expectation, normalize_expectation


class TrialResult(Struct, frozen=True):
    """The result of one trial: expected and actual findings, in the notation of expectations."""

    name: str
    rule: str
    expected: tuple[str, ...]
    got: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.expected == self.got


def as_expectations(findings: Sequence[Finding], rule: str, start: Instant = START) -> tuple[str, ...]:
    """The findings of a rule in the notation of expectations."""
    return tuple(
        format_expectation(finding.now - start, finding.phase, finding.severity)
        for finding in findings
        if finding.rule == rule
    )


def play_scenario(engine: Engine, scene: Scenario) -> list[Finding]:
    """Plays a stage on an engine: the smallest host there is."""
    findings = engine.register(scene.devices, scene.start)
    for now, act in sorted([*_feeds(scene), *_outages(scene), *_resets(scene)], key=lambda moment: moment[0]):
        findings += act(engine, now)
    return findings + engine.tick(scene.end)


_Act = Callable[[Engine, Instant], list[Finding]]


def _feeds(scene: Scenario) -> Iterator[tuple[Instant, _Act]]:
    for received, readings in scene.batches:
        yield received, lambda engine, now, readings=readings: engine.feed(readings, now)  # type: ignore[misc]


def _resets(scene: Scenario) -> Iterator[tuple[Instant, _Act]]:
    for event in scene.resets:
        yield event.now, lambda engine, _now, event=event: list(reset(engine, event))  # type: ignore[misc]


def _outages(scene: Scenario) -> Iterator[tuple[Instant, _Act]]:
    if scene.outage is None:
        return
    begin, end = scene.outage
    for now, until in ((begin, None), (end, end)):
        yield now, lambda engine, now, until=until: _outage(engine, now, begin, until)  # type: ignore[misc]


def _outage(engine: Engine, now: Instant, begin: Instant, end: Instant | None) -> list[Finding]:
    findings = engine.tick(now)
    engine.outage(begin, end)
    return findings


def run_trials(
    book: Rulebook, trials: TrialBook, kinds: Mapping[str, Kind], others: Sequence[Rulebook] = ()
) -> list[TrialResult]:
    """Plays every trial on an engine of its own. A trial of a rule that is not in the book fails.

    `others` hold the rules of other books whose findings this book gathers.
    """
    books = [book, *referenced_rules(book, others)]
    return [_run(books, trial, kinds) for trial in trials.trials]


def _run(books: Sequence[Rulebook], trial: Trial, kinds: Mapping[str, Kind]) -> TrialResult:
    rule = next((rule for rule in books[0].rules if rule.name == trial.rule), None)
    wanted = tuple(normalize_expectation(written) for written in trial.expect)
    if rule is None:
        return TrialResult(trial.name, trial.rule, wanted, (f"no rule {trial.rule} in this book",))
    scene = build_scenario(
        trial, rule if ANY_KIND not in rule.kinds else rule.model_copy(update={"kind": sorted(kinds)})
    )
    engine = Engine(books, kinds, scene.community, emit_shadow=True)
    return TrialResult(
        trial.name, trial.rule, wanted, as_expectations(play_scenario(engine, scene), trial.rule, scene.start)
    )

"""Plays trials, each on a fresh engine with a virtual clock, and compares the findings with what is expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from domain import Finding, Instant
from domain.kind import Kind
from rules.engine.engine import Engine
from rules.hosts.replay import play
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


def play_scenario(engine: Engine, scenario: Scenario) -> list[Finding]:
    """The findings of a scenario on an engine, with its timers up to the end of the scenario."""
    findings = engine.register(scenario.devices, scenario.start)
    return [*findings, *play(engine, scenario.events(), scenario.end)]


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
    expected = tuple(normalize_expectation(text) for text in trial.expect)
    if rule is None:
        return TrialResult(trial.name, trial.rule, expected, (f"no rule {trial.rule} in this book",))
    scenario = build_scenario(
        trial, rule if ANY_KIND not in rule.kinds else rule.model_copy(update={"kind": sorted(kinds)})
    )
    engine = Engine(books, kinds, scenario.community, emit_shadow=True)
    return TrialResult(
        trial.name, trial.rule, expected, as_expectations(play_scenario(engine, scenario), trial.rule, scenario.start)
    )

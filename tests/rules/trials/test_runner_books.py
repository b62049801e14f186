"""Every rulebook of the repository: its trials, on one engine, with crashes, and with repeated readings."""

from __future__ import annotations

from domain import Finding, Instant, Reading
from domain.kind import Kind
from rules.engine.engine import Engine
from rules.rulebook.model import ANY_KIND, Rule, Rulebook
from rules.rulebook.references import referenced_rules
from rules.trials.model import START, Trial, TrialBook
from rules.trials.runner import as_expectations, play_scenario, run_trials
from rules.trials.scenario import Scenario, build_scenario

Books = dict[str, Rulebook]
Trials = dict[str, TrialBook]
Kinds = dict[str, Kind]


def rule_of(book: Rulebook, trial: Trial) -> Rule:
    return next(rule for rule in book.rules if rule.name == trial.rule)


def others(books: Books, name: str) -> list[Rulebook]:
    return [book for other, book in books.items() if other != name]


def scenarios(books: Books, trials: Trials, kinds: Kinds) -> list[tuple[list[Rulebook], Trial, Scenario]]:
    found = []
    for name, book in books.items():
        for trial in trials[name].trials:
            rule = rule_of(book, trial)
            if ANY_KIND in rule.kinds:
                rule = rule.model_copy(update={"kind": sorted(kinds)})
            found.append(([book, *referenced_rules(book, others(books, name))], trial, build_scenario(trial, rule)))
    return found


def test_every_trial_of_every_book_passes(books: Books, trials: Trials, kinds: Kinds) -> None:
    results = [result for name in books for result in run_trials(books[name], trials[name], kinds, others(books, name))]
    assert [result for result in results if not result.passed] == []
    assert len(results) >= 13


def test_every_rule_of_every_book_has_a_source_and_a_trial_in_which_it_begins(books: Books, trials: Trials) -> None:
    for name, book in books.items():
        begun = {trial.rule for trial in trials[name].trials if any("begin" in line for line in trial.expect)}
        assert {rule.name for rule in book.rules} == begun
        assert all(rule.source for rule in book.rules)


def test_trials_with_an_outage_end_the_same_with_a_crash_between_any_two_events(
    books: Books, trials: Trials, kinds: Kinds
) -> None:
    """Trials without an outage crash on both hosts in test_engine_interleaving.py."""
    for book, trial, scenario in (entry for entry in scenarios(books, trials, kinds) if entry[2].outage is not None):
        seen = {name: kinds[name] for name in sorted({device.kind for device in scenario.devices} | {"gateway"})}
        plain = play_scenario(Engine(book, seen, scenario.community), scenario)
        assert as_expectations(plain, trial.rule) == as_expectations(
            play_with_crashes(book, seen, scenario), trial.rule
        ), trial.name


def play_with_crashes(book: list[Rulebook], kinds: Kinds, scenario: Scenario) -> list[Finding]:
    engine = Engine(book, kinds, scenario.community)
    findings = engine.register(scenario.devices, START)
    for now, readings in scenario.batches:
        if scenario.outage is not None and scenario.outage[1] <= now:
            engine = play_outage(engine, scenario, findings, book, kinds)
        engine = restart(engine, book, kinds, scenario)
        findings += engine.feed(readings, now)
    if scenario.outage is not None:
        engine = play_outage(engine, scenario, findings, book, kinds)
    for now in range(scenario.batches[-1][0] if scenario.batches else START, scenario.end, 600_000):
        engine = restart(engine, book, kinds, scenario)
        findings += engine.tick(now)
    return findings + engine.tick(scenario.end)


def play_outage(
    engine: Engine, scenario: Scenario, findings: list[Finding], book: list[Rulebook], kinds: Kinds
) -> Engine:
    assert scenario.outage is not None
    begin, end = scenario.outage
    if (begin, end) in engine.state.outages.closed:
        return engine
    findings += engine.tick(begin)
    engine.outage(begin, None)
    engine = restart(engine, book, kinds, scenario)
    findings += engine.tick(end)
    engine.outage(begin, end)
    return engine


def restart(engine: Engine, book: list[Rulebook], kinds: Kinds, scenario: Scenario) -> Engine:
    restored = Engine(book, kinds, scenario.community)
    restored.restore(engine.snapshot())
    restored.register(scenario.devices, START)
    return restored


def test_trials_with_an_outage_end_the_same_with_repeated_readings(books: Books, trials: Trials, kinds: Kinds) -> None:
    for book, trial, scenario in (entry for entry in scenarios(books, trials, kinds) if entry[2].outage is not None):
        twice = Scenario(
            scenario.devices, scenario.community, scenario.outage, repeated_batches(scenario), scenario.end
        )
        once = play_scenario(Engine(book, kinds, scenario.community), scenario)
        repeated = play_scenario(Engine(book, kinds, scenario.community), twice)
        assert as_expectations(once, trial.rule) == as_expectations(repeated, trial.rule), trial.name


def repeated_batches(scenario: Scenario) -> tuple[tuple[Instant, tuple[Reading, ...]], ...]:
    return tuple(
        (now, tuple(copy for reading in readings for copy in (reading, reading))) for now, readings in scenario.batches
    )

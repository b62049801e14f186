"""Every rulebook of the repository: its trials, on one engine, with a crash between any two events, and heard twice."""

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


def scenes(books: Books, trials: Trials, kinds: Kinds) -> list[tuple[list[Rulebook], Trial, Scenario]]:
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


def test_every_rule_of_every_book_has_a_trial_in_which_it_begins_and_says_where_it_comes_from(
    books: Books, trials: Trials
) -> None:
    for name, book in books.items():
        begun = {trial.rule for trial in trials[name].trials if any("begin" in line for line in trial.expect)}
        assert {rule.name for rule in book.rules} == begun
        assert all(rule.source for rule in book.rules)


def test_trials_with_an_outage_end_the_same_with_a_crash_between_any_two_events(
    books: Books, trials: Trials, kinds: Kinds
) -> None:
    """The others crash on both hosts: test_interleaving.py."""
    for book, trial, scene in (one for one in scenes(books, trials, kinds) if one[2].outage is not None):
        seen = {name: kinds[name] for name in sorted({device.kind for device in scene.devices} | {"gateway"})}
        plain = play_scenario(Engine(book, seen, scene.community), scene)
        assert as_expectations(plain, trial.rule) == as_expectations(crashed(book, seen, scene), trial.rule), trial.name


def crashed(book: list[Rulebook], kinds: Kinds, scene: Scenario) -> list[Finding]:
    engine = Engine(book, kinds, scene.community)
    findings = engine.register(scene.devices, START)
    for now, readings in scene.batches:
        if scene.outage is not None and scene.outage[1] <= now:
            engine = through_outage(engine, scene, findings, book, kinds)
        engine = reborn(engine, book, kinds, scene)
        findings += engine.feed(readings, now)
    if scene.outage is not None:
        engine = through_outage(engine, scene, findings, book, kinds)
    for now in range(scene.batches[-1][0] if scene.batches else START, scene.end, 600_000):
        engine = reborn(engine, book, kinds, scene)
        findings += engine.tick(now)
    return findings + engine.tick(scene.end)


def through_outage(
    engine: Engine, scene: Scenario, findings: list[Finding], book: list[Rulebook], kinds: Kinds
) -> Engine:
    assert scene.outage is not None
    begin, end = scene.outage
    if (begin, end) in engine.state.outages.closed:
        return engine
    findings += engine.tick(begin)
    engine.outage(begin, None)
    engine = reborn(engine, book, kinds, scene)
    findings += engine.tick(end)
    engine.outage(begin, end)
    return engine


def reborn(engine: Engine, book: list[Rulebook], kinds: Kinds, scene: Scenario) -> Engine:
    restored = Engine(book, kinds, scene.community)
    restored.restore(engine.snapshot())
    restored.register(scene.devices, START)
    return restored


def test_trials_with_an_outage_end_the_same_when_every_reading_is_heard_twice(
    books: Books, trials: Trials, kinds: Kinds
) -> None:
    for book, trial, scene in (one for one in scenes(books, trials, kinds) if one[2].outage is not None):
        twice = Scenario(scene.devices, scene.community, scene.outage, doubled(scene), scene.end)
        once = play_scenario(Engine(book, kinds, scene.community), scene)
        again = play_scenario(Engine(book, kinds, scene.community), twice)
        assert as_expectations(once, trial.rule) == as_expectations(again, trial.rule), trial.name


def doubled(scene: Scenario) -> tuple[tuple[Instant, tuple[Reading, ...]], ...]:
    return tuple(
        (now, tuple(said for reading in readings for said in (reading, reading))) for now, readings in scene.batches
    )

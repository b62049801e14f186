"""Rules that users asked for (docs/examples/asked.yaml): checked, tried, the same after every crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.yaml_files import read_model
from app.rule_tools.check import check_files
from domain import Finding
from domain.kind import Kind
from rules.engine.engine import Engine
from rules.hosts.replay import ReadingBatch, play
from rules.rulebook.model import Rulebook
from rules.trials.model import Trial, TrialBook
from rules.trials.runner import as_expectations, play_scenario, run_trials
from rules.trials.scenario import Scenario, build_scenario

Kinds = dict[str, Kind]
FILE = Path(__file__).parents[3] / "docs/examples/asked.yaml"


@pytest.fixture(scope="module")
def requested_rules() -> Rulebook:
    return read_model(FILE, Rulebook)


@pytest.fixture(scope="module")
def requested_trials() -> TrialBook:
    return read_model(FILE.with_name("asked_test.yaml"), TrialBook)


def scenario_of(book: Rulebook, trial: Trial) -> Scenario:
    return build_scenario(trial, next(rule for rule in book.rules if rule.name == trial.rule))


def test_the_requested_rules_have_no_fault_and_their_trials_pass(
    requested_rules: Rulebook, requested_trials: TrialBook, kinds: Kinds
) -> None:
    assert "warnings" not in check_files([FILE])
    assert [result for result in run_trials(requested_rules, requested_trials, kinds) if not result.passed] == []
    begun = {trial.rule for trial in requested_trials.trials if any("begin" in line for line in trial.expect)}
    assert begun == {rule.name for rule in requested_rules.rules if not rule.record}


def test_the_requested_rules_emit_the_same_on_the_replay_host_and_with_crashes(
    requested_rules: Rulebook, requested_trials: TrialBook, kinds: Kinds
) -> None:
    for trial in requested_trials.trials:
        scenario = scenario_of(requested_rules, trial)
        plain = as_expectations(
            play_scenario(Engine([requested_rules], kinds, scenario.community), scenario), trial.rule
        )
        replayed = Engine([requested_rules], kinds, scenario.community)
        replayed.register(scenario.devices, scenario.start)
        events = [ReadingBatch(now, readings) for now, readings in scenario.batches]
        assert as_expectations(list(play(replayed, events, scenario.end)), trial.rule) == plain, trial.name
        assert as_expectations(play_with_crashes(requested_rules, kinds, scenario), trial.rule) == plain, trial.name


def play_with_crashes(book: Rulebook, kinds: Kinds, scenario: Scenario) -> list[Finding]:
    engine, findings = Engine([book], kinds, scenario.community), []
    engine.register(scenario.devices, scenario.start)
    for now, readings in scenario.batches:
        written = engine.snapshot()
        engine = Engine([book], kinds, scenario.community)
        engine.restore(written)
        engine.register(scenario.devices, scenario.start)
        findings += engine.feed(readings, now)
    return findings + engine.tick(scenario.end)


def test_a_recording_rule_emits_nothing_and_is_grouped(
    requested_rules: Rulebook, requested_trials: TrialBook, kinds: Kinds
) -> None:
    trial = next(known for known in requested_trials.trials if known.name == "开门后十分钟无人走动")
    scenario = scenario_of(requested_rules, trial)
    findings = play_scenario(Engine([requested_rules], kinds, scenario.community), scenario)
    assert {finding.rule for finding in findings} == {"door-and-still"}


def test_a_rule_that_becomes_a_recording_rule_ends_its_findings(requested_rules: Rulebook, kinds: Kinds) -> None:
    not_recording = requested_rules.model_copy(
        update={"rules": [rule.model_copy(update={"record": False}) for rule in requested_rules.rules]}
    )
    scenario = scenario_of(
        requested_rules, Trial(name="x", rule="somebody-moves", every="1m", readings={"occupied": "true"}, expect=[])
    )
    engine = Engine([not_recording], kinds, scenario.community)
    engine.register(scenario.devices, scenario.start)
    (now, readings), *_ = scenario.batches
    assert [finding.phase.value for finding in engine.feed(readings, now)] == ["began"]
    ended = engine.reload([requested_rules], now + 1)
    assert [(finding.rule, finding.phase.value, finding.evidence[0].value) for finding in ended] == [
        ("somebody-moves", "ended", "rewritten")
    ]

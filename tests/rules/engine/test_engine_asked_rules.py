"""Rules people asked for and could not say (docs/examples/asked.yaml): checked, tried, the same after every crash."""

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
def asked() -> Rulebook:
    return read_model(FILE, Rulebook)


@pytest.fixture(scope="module")
def asked_trials() -> TrialBook:
    return read_model(FILE.with_name("asked_test.yaml"), TrialBook)


def scene_of(book: Rulebook, trial: Trial) -> Scenario:
    return build_scenario(trial, next(rule for rule in book.rules if rule.name == trial.rule))


def test_what_people_asked_for_can_be_said_and_says_what_they_meant(
    asked: Rulebook, asked_trials: TrialBook, kinds: Kinds
) -> None:
    assert "warnings" not in check_files([FILE])
    assert [result for result in run_trials(asked, asked_trials, kinds) if not result.passed] == []
    begun = {trial.rule for trial in asked_trials.trials if any("begin" in line for line in trial.expect)}
    assert begun == {rule.name for rule in asked.rules if not rule.record}


def test_it_says_the_same_on_the_replay_host_and_with_a_crash_between_any_two_readings(
    asked: Rulebook, asked_trials: TrialBook, kinds: Kinds
) -> None:
    for trial in asked_trials.trials:
        scene = scene_of(asked, trial)
        plain = as_expectations(play_scenario(Engine([asked], kinds, scene.community), scene), trial.rule)
        replayed = Engine([asked], kinds, scene.community)
        replayed.register(scene.devices, scene.start)
        events = [ReadingBatch(now, readings) for now, readings in scene.batches]
        assert as_expectations(list(play(replayed, events, scene.end)), trial.rule) == plain, trial.name
        assert as_expectations(crashed(asked, kinds, scene), trial.rule) == plain, trial.name


def crashed(book: Rulebook, kinds: Kinds, scene: Scenario) -> list[Finding]:
    engine, findings = Engine([book], kinds, scene.community), []
    engine.register(scene.devices, scene.start)
    for now, readings in scene.batches:
        written = engine.snapshot()
        engine = Engine([book], kinds, scene.community)
        engine.restore(written)
        engine.register(scene.devices, scene.start)
        findings += engine.feed(readings, now)
    return findings + engine.tick(scene.end)


def test_a_recording_rule_tells_nobody_and_is_gathered_all_the_same(
    asked: Rulebook, asked_trials: TrialBook, kinds: Kinds
) -> None:
    trial = next(one for one in asked_trials.trials if one.name == "开门后十分钟无人走动")
    scene = scene_of(asked, trial)
    findings = play_scenario(Engine([asked], kinds, scene.community), scene)
    assert {finding.rule for finding in findings} == {"door-and-still"}


def test_a_rule_that_becomes_a_recording_rule_ends_for_people(asked: Rulebook, kinds: Kinds) -> None:
    loud = asked.model_copy(update={"rules": [one.model_copy(update={"record": False}) for one in asked.rules]})
    scene = scene_of(
        asked, Trial(name="x", rule="somebody-moves", every="1m", readings={"occupied": "true"}, expect=[])
    )
    engine = Engine([loud], kinds, scene.community)
    engine.register(scene.devices, scene.start)
    (now, readings), *_ = scene.batches
    assert [finding.phase.value for finding in engine.feed(readings, now)] == ["began"]
    ended = engine.reload([asked], now + 1)
    assert [(finding.rule, finding.phase.value, finding.evidence[0].value) for finding in ended] == [
        ("somebody-moves", "ended", "rewritten")
    ]

"""The notation of trials: series, expectations, and the result of a failed trial."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain import Value
from domain.kind import Kind
from rules.rulebook.model import Rulebook
from rules.trials.model import START, Trial, TrialBook
from rules.trials.runner import run_trials
from rules.trials.scenario import build_scenario
from rules.trials.series import parse_expectation, parse_series


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("5", [5]),
        ("5x3", [5, 5, 5, 5]),
        ("1+2x3", [1, 3, 5, 7]),
        ("9-2x2", [9, 7, 5]),
        ("0.1+0.1x2", [0.1, 0.2, 0.3]),
        ("-3 2", [-3, 2]),
        ("_ _x2", [None, None, None]),
        ("true falsex1", [True, False, False]),
        ("", []),
    ],
)
def test_a_series_is_parsed(written: str, values: list[Value | None]) -> None:
    assert parse_series(written) == values


@pytest.mark.parametrize("written", ["ja", "5x", "x3", "5 x3", "true+1x3", "_+1"])
def test_an_invalid_series_is_refused_with_the_right_form(written: str) -> None:
    with pytest.raises(ValueError, match="is no part of a strip: write 5, 5x3"):
        parse_series(written)


def test_a_series_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 10000 values"):
        parse_series("1x99999999999 1")


def test_expectations_are_parsed() -> None:
    assert parse_expectation("50s begin critical") == (50_000, "begin critical")
    assert parse_expectation("1h30m end") == (5_400_000, "end")


@pytest.mark.parametrize("written", ["50s begin", "50s end high", "50s starts high", "begin high"])
def test_an_invalid_expectation_is_refused_with_the_right_form(written: str) -> None:
    with pytest.raises(ValueError, match="is no expectation: write '50s begin critical'"):
        parse_expectation(written)


def trial(**changes: Any) -> dict[str, Any]:
    return {"name": "t", "rule": "gas-alarm", "every": "10s", "expect": [], **changes}


@pytest.mark.parametrize(
    "changes",
    [{"every": "0s"}, {"readings": {"alarm": "ja"}}, {"expect": ["soon"]}, {"exp": []}, {"every": "ten"}],
)
def test_an_invalid_trial_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Trial.model_validate(trial(**changes))


def test_a_failed_trial_shows_expected_and_actual_findings(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    written = [
        trial(readings={"alarm": "true"}, expect=["10s begin critical"]),
        trial(rule="gas-alrm"),
        trial(readings={"alarm": "_ true"}, expect=["10s begin critical"]),
    ]
    failed, unknown, passed = run_trials(books["gas"], TrialBook.model_validate({"trials": written}), kinds)
    assert (failed.expected, failed.got, failed.passed) == (("10s begin critical",), ("0s begin critical",), False)
    assert unknown.got == ("no rule gas-alrm in this book",)
    assert passed.passed


@pytest.mark.parametrize(
    ("written", "arrivals"),
    [
        ({}, [0, 10, 20, 30, 40]),
        ({"delay": "5s"}, [5, 15, 25, 35, 45]),
        ({"late": {1: "25s"}}, [0, 20, 30, 35, 40]),
        ({"batch": 2}, [10, 10, 30, 30, 40]),
        ({"together": True}, [40] * 5),
    ],
)
def test_readings_arrive_late_in_batches_or_all_together(
    books: dict[str, Rulebook], written: dict[str, Any], arrivals: list[int]
) -> None:
    scenario = build_scenario(
        Trial.model_validate(trial(readings={"alarm": "falsex4"}, **written)), books["gas"].rules[0]
    )
    arrived = [(now, reading) for now, readings in scenario.batches for reading in readings]
    assert [(now - START) // 1000 for now, _ in arrived] == arrivals
    assert sorted(reading.at - START for _, reading in arrived) == [0, 10_000, 20_000, 30_000, 40_000]


def test_place_attributes_of_a_trial_apply_to_every_household(books: dict[str, Rulebook]) -> None:
    scenario = build_scenario(Trial.model_validate(trial(place={"lat": 31.2})), books["gas"].rules[0])
    assert scenario.community.places["trial-home"].attributes == {"lat": 31.2}


def test_several_devices_have_their_own_series(kinds: dict[str, Kind]) -> None:
    two = {"a": {"kind": "gas_alarm", "readings": {"alarm": "true"}}, "b": {"kind": "gas_alarm", "readings": {}}}
    trial = Trial.model_validate({"name": "x", "rule": "gas-building", "every": "1s", "devices": two, "expect": []})
    assert list(trial.devices_by_name("door")) == ["a", "b"]
    with pytest.raises(ValidationError, match="belong to each of them"):
        Trial.model_validate({**trial.model_dump(), "every": "1s", "until": "1h", "delay": "0s", "kind": "door"})


def test_a_trial_with_a_start_runs_through_that_day(kinds: dict[str, Kind]) -> None:
    rules = [
        {"name": name, "title": {"zh": "夜里", "en": "Night"}, "kind": "door", "severity": "low", "source": "test"}
        | {"when": f"opened and {condition}"}
        for name, condition in (("on-holiday", "time.holiday"), ("at-two", "time.hour == 2"))
    ]
    book = Rulebook.model_validate({"hazard": "door", "rules": rules})
    written = [
        trial(rule=rule, every="1h", readings={"opened": "truex4"}, device=device, start=start, expect=expect)
        for rule, device, start, expect in (
            ("on-holiday", {}, "2026-09-30T22:00+08:00", ["2h begin low"]),
            ("on-holiday", {}, "2026-10-08T08:00+08:00", []),
            ("at-two", {"timezone": "Europe/London"}, "2026-10-25T00:00:00+01:00", ["3h begin low", "4h end"]),
            ("at-two", {"timezone": "Europe/London"}, "2026-10-24T00:00:00+01:00", ["2h begin low", "3h end"]),
        )
    ]
    for result in run_trials(book, TrialBook.model_validate({"trials": written}), kinds):
        assert result.passed, result


def test_a_start_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="needs a time zone: write 2026-10-01T08:00"):
        Trial.model_validate(trial(start="2026-10-01T08:00"))

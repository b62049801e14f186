"""The baseline of an hour of the week: learned from readings in order, kept over a restart."""

from __future__ import annotations

import msgspec

from domain import DAY, HOUR, MINUTE, Device, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.check import check
from rules.rulebook.model import Rulebook
from rules.windows.baseline import BaselineSnapshot, HourlyBaseline

T0 = 1_767_225_600_000
WEEK = 7 * DAY
AHEAD = 8 * HOUR


def weeks(counter: bool, values: list[float]) -> HourlyBaseline:
    """One value a week, at the same hour, and one an hour later that closes it."""
    baseline = HourlyBaseline(counter)
    for week, value in enumerate(values):
        baseline.update(T0 + week * WEEK, 0.0 if counter else value, AHEAD)
        baseline.update(T0 + week * WEEK + 30 * MINUTE, value, AHEAD)
        baseline.update(T0 + week * WEEK + HOUR, value, AHEAD)
    return baseline


def test_a_baseline_needs_two_weeks_and_each_hour_has_its_own() -> None:
    assert weeks(False, [60.0]).expected_at(T0, AHEAD) is None
    assert weeks(False, [60.0, 80.0]).expected_at(T0 + 9 * WEEK, AHEAD) == 70.0
    assert weeks(False, [60.0, 80.0]).expected_at(T0 + DAY, AHEAD) is None


def test_the_baseline_of_a_counter_is_its_growth() -> None:
    assert weeks(True, [0.25, 0.75]).expected_at(T0, AHEAD) == 0.5


def test_resets_and_long_gaps_are_not_learned() -> None:
    baseline = HourlyBaseline(counter=True)
    for at, value in ((0, 100.0), (10, 100.5), (20, 0.1), (30, 0.2), (30 + 180, 9.0), (30 + 181, 9.5)):
        baseline.update(T0 + at * MINUTE, value, AHEAD)
    assert (round(baseline.total, 3), baseline.count) == (0.5, 1)


def test_late_and_repeated_samples_are_not_learned() -> None:
    once, repeated = HourlyBaseline(False), HourlyBaseline(False)
    for at, value in ((0, 1.0), (10, 3.0), (60, 5.0), (70, 7.0)):
        once.update(T0 + at * MINUTE, value, AHEAD)
        repeated.update(T0 + at * MINUTE, value, AHEAD)
        repeated.update(T0 + at * MINUTE, value, AHEAD)
        repeated.update(T0 + at * MINUTE - 1, 99.0, AHEAD)
    assert once.snapshot() == repeated.snapshot()


def test_newer_weeks_outweigh_older_ones() -> None:
    assert (weeks(False, [10.0] * 20 + [90.0] * 8).expected_at(T0, AHEAD) or 0) > 55


def test_a_baseline_can_be_saved() -> None:
    baseline = weeks(False, [60.0, 80.0])
    written = msgspec.msgpack.encode(baseline.snapshot())
    assert HourlyBaseline(False, msgspec.msgpack.decode(written, type=BaselineSnapshot)).expected_at(T0, AHEAD) == 70.0


def engine_with_baseline_rule(kinds: dict[str, Kind]) -> Engine:
    rule = {
        "name": "r", "title": {"zh": "一", "en": "x"}, "kind": "wristband", "severity": "low", "source": "test",
        "when": "heart_rate_bpm > usual(heart_rate_bpm) + 30",
    }  # fmt: skip
    book = Rulebook.model_validate({"hazard": "person", "rules": [rule]})
    assert check(book, kinds) == []
    engine = Engine([book], kinds, community())
    engine.register([Device("b", "wristband")], T0)
    return engine


def test_a_heart_rate_above_the_baseline_is_found_also_after_a_restart(
    kinds: dict[str, Kind],
) -> None:
    def reading_at(hour: int, **values: Value) -> Reading:
        return Reading("b", "wristband", T0 + hour * HOUR, T0 + hour * HOUR, values)

    engine = engine_with_baseline_rule(kinds)
    for hour in range(24 * 15):
        assert engine.feed([reading_at(hour, heart_rate_bpm=62 if hour % 24 < 8 else 80)], T0 + hour * HOUR) == []
    engine.feed([reading_at(24 * 15, steps=5)], T0 + 15 * DAY)
    restored = engine_with_baseline_rule(kinds)
    restored.restore(engine.snapshot())
    assert restored.feed([reading_at(24 * 15 + 8, heart_rate_bpm=100)], T0 + 16 * DAY) == []
    (finding,) = restored.feed([reading_at(24 * 16 + 1, heart_rate_bpm=100)], T0 + 17 * DAY)
    line = finding.evidence[0]
    assert (line.value, line.limit) == (100, 92.0)

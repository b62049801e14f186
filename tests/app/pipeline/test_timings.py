"""Durations of the pipeline's stages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.pipeline import timings
from app.pipeline.timings import PipelineTimings, Stopwatch


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a test sets: the last value is now."""
    values = [0.0]
    monkeypatch.setattr(timings, "perf_counter", lambda: values[-1])
    return values


def sample(of: PipelineTimings, name: str, **labels: str) -> float:
    found = [one for family in of.collect() for one in family.samples if (one.name, one.labels) == (name, labels)]
    return found[0].value


def test_time_between_two_steps_is_not_counted(seconds: list[float]) -> None:
    def steps() -> Iterator[int]:
        for number in range(3):
            seconds.append(seconds[-1] + 1)
            yield number

    watch = Stopwatch()
    for _ in watch.measure(steps()):
        seconds.append(seconds[-1] + 100)

    assert watch.seconds == 3.0


def test_a_slice_is_observed_once_in_each_histogram() -> None:
    measured, decoding, evaluation = PipelineTimings(), Stopwatch(), Stopwatch()
    decoding.seconds, evaluation.seconds = 0.002, 0.03

    measured.observe_slice(decoding, evaluation, received=1_000, now=1_250)

    assert sample(measured, "fengshao_stage_seconds_sum", stage="decode") == 0.002
    assert sample(measured, "fengshao_stage_seconds_sum", stage="evaluate") == 0.03
    assert sample(measured, "fengshao_stage_seconds_count", stage="write") == 0
    assert sample(measured, "fengshao_ingest_lag_seconds_sum") == 0.25
    assert sample(measured, "fengshao_ingest_lag_seconds_bucket", le="0.1") == 0
    assert sample(measured, "fengshao_ingest_lag_seconds_bucket", le="0.25") == 1


async def test_a_flush_that_fails_is_measured_too() -> None:
    measured = PipelineTimings()

    async def flush() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        await measured.measure_writes(flush)()

    assert sample(measured, "fengshao_stage_seconds_count", stage="write") == 1


def test_no_series_says_when_it_was_created() -> None:
    names = {one.name for family in PipelineTimings().collect() for one in family.samples}

    assert not [name for name in names if name.endswith("_created")]

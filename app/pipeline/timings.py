"""Durations of the pipeline's stages as Prometheus histograms: observed once a slice or flush, never once a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from time import perf_counter
from typing import Final, Self, TypeVar

from prometheus_client import Histogram, disable_created_metrics
from prometheus_client.core import Metric

from domain import SECOND, Instant

T = TypeVar("T")

STAGE_BUCKETS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LAG_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

# The time at which a series was created is a series of its own otherwise: with labels it doubles what is scraped.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Stopwatch:
    """Adds up time spent inside its `with` blocks, in seconds; what the event loop does between them is not counted."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += perf_counter() - self._started

    def measure(self, steps: Iterable[T]) -> Iterator[T]:
        """The items of `steps`; only the time that `steps` takes to produce them is counted."""
        iterator = iter(steps)
        while True:
            with self:
                try:
                    step = next(iterator)
                except StopIteration:
                    return
            yield step


class PipelineTimings:
    """Histograms of one pipeline.

    `fengshao_stage_seconds`: `decode` and `evaluate` of a slice of frames (evaluate includes passing findings to the
    alert desk), `write` of one flush of the history, `journal` of storing and syncing one batch of frames.
    `fengshao_ingest_lag_seconds`: from receiving the newest frame of a slice until the slice was evaluated; after an
    outage it includes the time the frames lay in the journal.
    """

    def __init__(self) -> None:
        self._stages = Histogram(
            "fengshao_stage_seconds",
            "Time of a stage: decode and evaluate of a slice of messages, write of the history, journal of a batch.",
            ["stage"],
            buckets=STAGE_BUCKETS_S,
            registry=None,
        )
        self._lag = Histogram(
            "fengshao_ingest_lag_seconds",
            "From receiving the newest message of a slice until the slice was evaluated.",
            buckets=LAG_BUCKETS_S,
            registry=None,
        )
        self._decode, self._evaluate, self._write = map(self._stages.labels, ("decode", "evaluate", "write"))
        self.observe_append: Callable[[float], None] = self._stages.labels("journal").observe
        """Storing and syncing one batch in the journal, in seconds; may be called from any thread."""

    def observe_slice(self, decoding: Stopwatch, evaluation: Stopwatch, received: Instant, now: Instant) -> None:
        """One slice is done; `received` is when its newest frame was received."""
        self._decode.observe(decoding.seconds)
        self._evaluate.observe(evaluation.seconds)
        self._lag.observe((now - received) / SECOND)

    def measure_writes(self, flush: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """`flush` of the history, each call measured; one that fails counts too."""

        async def measured() -> None:
            with self._write.time():
                await flush()

        return measured

    def collect(self) -> Iterator[Metric]:
        yield from self._stages.collect()
        yield from self._lag.collect()

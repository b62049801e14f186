"""The messages of a run, day after day: generated in this process, or in a second one while this one runs the service.

Both give the same arrivals. The second process builds the town again from the settings and sends arrivals in chunks
through a bounded queue, so that it is at most some seconds of processor time ahead.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from app.errors import UserError
from app.score.garbage import kept_for_the_day
from app.score.settings import Settings, World
from app.score.traffic import Arrivals, Traffic, TrafficState
from simulators.events import Incident

CHUNK_FRAMES: Final = 2_000
CHUNKS_AHEAD: Final = 16
_POLL_S: Final = 2.0
"""How often each process looks whether the other one still runs while it waits for it."""

Build = Callable[[Settings, Path], World]


class Job(Struct, frozen=True):
    """What is generated: the days from `first` on. `build` is a function of a module: the second process imports it."""

    settings: Settings
    data: Path
    incidents: Sequence[Incident]
    first: int
    build: Build


class TrafficDays(Protocol):
    """The traffic of the days of a run, each read to its end before the next."""

    def of_day(self, number: int) -> Iterator[Arrivals]: ...

    @property
    def state(self) -> TrafficState:
        """At the end of the day that was read last."""
        ...


class OwnTraffic:
    """Generated in this process, when it is read."""

    def __init__(self, job: Job, world: World, state: TrafficState) -> None:
        self._job, self._world, self._state = job, world, state

    def of_day(self, number: int) -> Iterator[Arrivals]:
        """See TrafficDays."""
        settings, world = self._job.settings, self._world
        incidents = self._job.incidents
        traffic = Traffic(world.town, world.sources, incidents, settings.wire_faults, settings.seed, self._state)
        yield from traffic.of_day(settings.day(number))
        self._state = traffic.state

    @property
    def state(self) -> TrafficState:
        """See TrafficDays."""
        return self._state


class _Chunk(Struct, tag=True):
    arrivals: list[Arrivals]


class _DayOver(Struct, tag=True):
    state: TrafficState


class _Failed(Struct, tag=True):
    error: str


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Chunk | _DayOver | _Failed).decode


class SecondProcess:
    """Generated in a process of its own. Raises UserError when that ends before the last day is over."""

    def __init__(self, process: Any, chunks: Queue[bytes]) -> None:
        self._process, self._chunks = process, chunks
        self._state = TrafficState()

    def of_day(self, _number: int) -> Iterator[Arrivals]:
        """See TrafficDays."""
        while not isinstance(found := _decode(self._receive()), _DayOver):
            if isinstance(found, _Failed):
                raise RuntimeError(f"the process that generates messages failed:\n{found.error}")
            yield from found.arrivals
        self._state = found.state

    @property
    def state(self) -> TrafficState:
        """See TrafficDays."""
        return self._state

    def _receive(self) -> bytes:
        while True:
            # Asked before the wait: what it sent before it ended is still read.
            alive = self._process.is_alive()
            try:
                return self._chunks.get(timeout=_POLL_S)
            except queue.Empty:
                if not alive:
                    raise UserError(
                        f"the process that generates messages ended unexpectedly (exit code {self._process.exitcode}; "
                        "-9: killed, perhaps for lack of memory). With --data the same command continues at the last "
                        "midnight; --processes 1 needs less memory and more time"
                    ) from None


@contextlib.contextmanager
def traffic_days(job: Job, world: World, state: TrafficState, processes: int) -> Iterator[TrafficDays]:
    """The traffic of the days from `job.first` on, which begin with `state`. The second process ends with this."""
    if processes == 1:
        yield OwnTraffic(job, world, state)
        return
    # A fresh interpreter: a copy of this one would bear the threads of a database in an unknown state.
    fresh = get_context("spawn")
    chunks: Queue[bytes] = fresh.Queue(CHUNKS_AHEAD)
    process = fresh.Process(target=_generate, args=(job, _encode(state), chunks), daemon=True)
    process.start()
    try:
        yield SecondProcess(process, chunks)
    finally:
        process.terminate()
        process.join()
        chunks.close()


class _CallerGone(Exception):
    """The process for which messages are generated has ended."""


def _generate(job: Job, state: bytes, chunks: Queue[bytes]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the caller ends this one
    try:
        for sent in _sent(job, msgspec.msgpack.decode(state, type=TrafficState)):
            _put(chunks, _encode(sent))
    except _CallerGone:
        chunks.cancel_join_thread()
    except Exception:  # noqa: BLE001 (raised in the caller's process)
        _put(chunks, _encode(_Failed(traceback.format_exc())))


def _sent(job: Job, state: TrafficState) -> Iterator[_Chunk | _DayOver]:
    traffic = OwnTraffic(job, job.build(job.settings, job.data), state)
    with kept_for_the_day():
        for number in range(job.first, job.settings.days):
            for arrivals in _chunked(traffic.of_day(number)):
                yield _Chunk(arrivals)
            yield _DayOver(traffic.state)


def _chunked(arriving: Iterator[Arrivals]) -> Iterator[list[Arrivals]]:
    chunk: list[Arrivals] = []
    frames = 0
    for arrivals in arriving:
        chunk.append(arrivals)
        frames += len(arrivals.frames)
        if frames >= CHUNK_FRAMES:
            yield chunk
            chunk, frames = [], 0
    yield chunk


def _put(chunks: Queue[bytes], sent: bytes) -> None:
    """Waits while the queue is full. Raises _CallerGone."""
    while True:
        try:
            chunks.put(sent, timeout=_POLL_S)
        except queue.Full:
            caller = parent_process()
            if caller is None or not caller.is_alive():
                raise _CallerGone from None
        else:
            return

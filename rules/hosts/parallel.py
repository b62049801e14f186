"""Replays history in several processes: each judges a partition of the devices, and together they give the findings of
one engine. Events come from the caller; no files are read.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domain import Finding, Instant, Reading
from rules.engine.community_index import CommunityIndex
from rules.hosts.partition import partition
from rules.hosts.replay import Event, ReadingBatch, ReplayEngines, ReplayJob


class EndOfReplay(Struct, frozen=True, tag=True):
    """End of the replay at `until`; the worker answers with its findings."""

    until: Instant


# JSON, as in the history: it holds every number as it was sent, also those that no 64 bits hold.
_encode = msgspec.json.Encoder().encode
_message = msgspec.json.Decoder(Event | EndOfReplay).decode
_findings = msgspec.json.Decoder(list[list[Finding]]).decode


def run_replay(scene: ReplayJob, events: Iterable[Event], until: Instant, processes: int = 1) -> list[list[Finding]]:
    """The findings of each set of books, in order of time."""
    if processes > 1:
        return _replay_in_processes(scene, events, until, processes)
    judges = ReplayEngines(scene)
    for event in events:
        judges.apply(event)
    judges.advance_to(until)
    return judges.found


def _replay_in_processes(
    scene: ReplayJob, events: Iterable[Event], until: Instant, processes: int
) -> list[list[Finding]]:
    part_of = partition(scene.devices, scene.engines(), CommunityIndex(scene.community), processes)
    with ExitStack() as running:
        workers = [running.enter_context(_worker(_part(scene, part_of, part))) for part in range(processes)]
        for event in chain(events, [EndOfReplay(until)]):
            for worker, share in zip(workers, route(event, part_of, processes), strict=True):
                worker.send_bytes(_encode(share))
        found = [_findings(worker.recv_bytes()) for worker in workers]
    return [
        sorted(chain.from_iterable(findings), key=lambda finding: finding.now) for findings in zip(*found, strict=True)
    ]


def _part(scene: ReplayJob, part_of: dict[str, int], part: int) -> ReplayJob:
    return replace(scene, devices=[device for device in scene.devices if part_of[device.id] == part])


def route(event: Event | EndOfReplay, part_of: dict[str, int], count: int) -> Sequence[Event | EndOfReplay]:
    """The event for each partition. Readings of unregistered devices may go to any."""
    if not isinstance(event, ReadingBatch):
        return [event] * count
    shares: list[list[Reading]] = [[] for _ in range(count)]
    for reading in event.readings:
        part = part_of.get(reading.device)
        shares[part_of.setdefault(reading.device, len(part_of) % count) if part is None else part].append(reading)
    return [ReadingBatch(event.now, share) for share in shares]


@contextmanager
def _worker(scene: ReplayJob) -> Iterator[Connection]:
    # A fresh interpreter: a copy of this one would bear the threads of a database in an unknown state.
    fresh = get_context("spawn")
    ours, theirs = fresh.Pipe()
    process = fresh.Process(target=_work, args=(scene, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.terminate()
        process.join()


def _work(scene: ReplayJob, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller ends the replay
    gc.disable()  # millions of readings and no cycles among them
    judges = ReplayEngines(scene)
    while not isinstance(event := _message(pipe.recv_bytes()), EndOfReplay):
        judges.apply(event)
    judges.advance_to(event.until)
    pipe.send_bytes(_encode(judges.found))

"""A host that replays a past in several processes: each judges a part of the devices, and together they find what one
engine finds. It reads no files; whoever gives it the events does.
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
from rules.engine.community_index import Neighbourhood
from rules.hosts.partition import parts
from rules.hosts.replay import Event, Heard, Judges, Scene


class Ended(Struct, frozen=True, tag=True):
    """Nothing more was heard until then: what was found?"""

    until: Instant


# JSON, as in the history: it holds every number as it was sent, also those that no 64 bits hold.
_encode = msgspec.json.Encoder().encode
_message = msgspec.json.Decoder(Event | Ended).decode
_findings = msgspec.json.Decoder(list[list[Finding]]).decode


def judged(scene: Scene, events: Iterable[Event], until: Instant, processes: int = 1) -> list[list[Finding]]:
    """The findings of each set of books, in order of time."""
    if processes > 1:
        return _judged_apart(scene, events, until, processes)
    judges = Judges(scene)
    for event in events:
        judges.judge(event)
    judges.pass_time(until)
    return judges.found


def _judged_apart(scene: Scene, events: Iterable[Event], until: Instant, processes: int) -> list[list[Finding]]:
    part_of = parts(scene.devices, scene.engines(), Neighbourhood(scene.community), processes)
    with ExitStack() as running:
        workers = [running.enter_context(_worker(_part(scene, part_of, part))) for part in range(processes)]
        for event in chain(events, [Ended(until)]):
            for worker, share in zip(workers, shares(event, part_of, processes), strict=True):
                worker.send_bytes(_encode(share))
        found = [_findings(worker.recv_bytes()) for worker in workers]
    return [sorted(chain.from_iterable(told), key=lambda finding: finding.now) for told in zip(*found, strict=True)]


def _part(scene: Scene, part_of: dict[str, int], part: int) -> Scene:
    return replace(scene, devices=[device for device in scene.devices if part_of[device.id] == part])


def shares(event: Event | Ended, part_of: dict[str, int], count: int) -> Sequence[Event | Ended]:
    """What each part must know of an event. A device nobody registered belongs to nobody else: any part may have it."""
    if not isinstance(event, Heard):
        return [event] * count
    shares: list[list[Reading]] = [[] for _ in range(count)]
    for reading in event.readings:
        part = part_of.get(reading.device)
        shares[part_of.setdefault(reading.device, len(part_of) % count) if part is None else part].append(reading)
    return [Heard(event.now, share) for share in shares]


@contextmanager
def _worker(scene: Scene) -> Iterator[Connection]:
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


def _work(scene: Scene, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who gives the events says when it is over
    gc.disable()  # millions of readings and no cycles among them
    judges = Judges(scene)
    while not isinstance(event := _message(pipe.recv_bytes()), Ended):
        judges.judge(event)
    judges.pass_time(event.until)
    pipe.send_bytes(_encode(judges.found))

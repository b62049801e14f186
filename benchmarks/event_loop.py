"""How long the event loop of a running service was not available, seen from a second connection."""

from __future__ import annotations

import contextlib
import http.client
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from statistics import median
from typing import Final

POLL_EVERY_S: Final = 0.002
SETTLING_ANSWERS: Final = 200


class Poller:
    """Asks `/healthz` on a connection of its own, in a process of its own; keeps when each answer took how long."""

    def __init__(self, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_poll, args=(port, theirs), daemon=True)
        self._process.start()
        self._usual_ms = 0.0

    def settle(self) -> None:
        """What an answer takes in a pause."""
        self._polled()
        answers: list[tuple[float, float]] = []
        while len(answers) < SETTLING_ANSWERS:
            time.sleep(0.5)
            answers += self._polled()
        self._usual_ms = median((end - begin) * 1000 for begin, end in answers)

    def unavailable_ms(self, begin: float, end: float) -> float:
        """The longest answer that was under way in this period."""
        time.sleep(POLL_EVERY_S * 5)
        taken = [(until - since) * 1000 for since, until in self._polled() if since < end and until > begin]
        return max(0.0, max(taken, default=0.0) - self._usual_ms)

    def _polled(self) -> Sequence[tuple[float, float]]:
        self._pipe.send("read")
        found: Sequence[tuple[float, float]] = self._pipe.recv()
        return found

    def stop(self) -> None:
        self._pipe.send("stop")
        self._process.join(10)


def _poll(port: int, pipe: Connection) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    polled: list[tuple[float, float]] = []
    while True:
        while pipe.poll():
            command = pipe.recv()
            if command == "stop":
                return
            if command == "read":
                pipe.send(polled)
            polled = []
        begin = time.time()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        polled.append((begin, time.time()))
        time.sleep(POLL_EVERY_S)


@contextlib.contextmanager
def polling(port: int) -> Iterator[Poller]:
    poller = Poller(port)
    try:
        yield poller
    finally:
        poller.stop()
